"""SIGKILL in every stage of `harmlib predict`: the next call goes on, and nothing differs.

The stages are the starting, each fifth of the decisions, and the writing of the tables after the
last. Each is hit once, the starting at a moment drawn at random, a fifth after a decision drawn at
random among its own. `HARMLIB_KILLS=3` does all of it three times.
"""

import contextlib
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pandas as pd
import psutil
import pytest
import torch
from PIL import Image

from harmlib.predict.decision_log import DecisionLog
from harmlib.predict.log_chain import verify

TIMES = int(os.environ.get("HARMLIB_KILLS", "1"))
FIFTHS = 5
SEED = 11
RANDOM = ["seconds", "id", "strip"]
LOG = "scores.decisions.jsonl"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, small_folder):
    """Pictures and videos, and some of neither kind."""
    folder = tmp_path_factory.mktemp("killed")
    shutil.copytree(small_folder / "media", folder / "media")
    for i in range(20):
        picture = Image.effect_noise((320, 240), 10 + i)
        picture.save(folder / f"media/noise{i}.png")
    (folder / "media/empty.mp4").touch()
    (folder / "media/text.jpg").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def model(folder, small_run):
    """Checkpoints of which that for videos finds a harmful segment, with its strip, in each."""
    shutil.copytree(small_run / "models/model4", folder / "model4")
    path = folder / "model4/video_model_best.pth"
    torch.save(torch.load(path, weights_only=True) | {"threshold": 1e-6}, path)
    return path.parent


def start(folder, model, out):
    return subprocess.Popen(
        [sys.executable, "-m", "harmlib.cli.main", "predict", model, folder / "media", "--out",
         folder / out / "scores.csv", "--window", "0.5"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def finish(process):
    said = process.communicate(timeout=600)[1]
    assert process.returncode == 1, said  # some are in the ledger
    assert "Traceback" not in said


def left(folder, out):
    """What a call leaves, but for what tells the time and the random names of decisions.

    The strip of the file in hand at a kill may stay behind; no decision names it.
    """
    names = sorted(path.name for path in (folder / out).iterdir())
    tables = {name: pd.read_csv(folder / out / name) for name in names if name.endswith(".csv")}
    strips = tables["scores.segments.csv"]["strip"]
    pictures = sorted((folder / out / strip).read_bytes() for strip in strips)
    tables = {n: t.drop(columns=RANDOM, errors="ignore") for n, t in tables.items()}
    tables = {n: t.sort_values(list(t)).to_csv(index=False) for n, t in tables.items()}
    return names, pictures, tables


def decided(folder, out):
    return Counter(e["path"] for e in DecisionLog(folder / out / LOG))


def decisions(folder, out):
    """How many lines the log has by now, the last of which may be half there."""
    log = folder / out / LOG
    return log.read_bytes().count(b"\n") if log.exists() else 0


def killed(folder, model, number, moment_sec):
    """Call, and kill it after the decision of that number, 0 for a moment before the first.

    Returns
    -------
    bool
        False where it was too late for that.
    """
    if number and decisions(folder, "killed") >= number:
        return False
    process, began = start(folder, model, "killed"), time.monotonic()
    while process.poll() is None and (
        decisions(folder, "killed") < number or time.monotonic() < began + moment_sec
    ):
        time.sleep(0.005)
    there = []
    with contextlib.suppress(psutil.NoSuchProcess):
        there = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    assert "Traceback" not in process.communicate(timeout=60)[1]
    _, alive = psutil.wait_procs(there, timeout=10)
    assert not alive, "decoders outlive the kill"
    return process.returncode == -signal.SIGKILL


def test_kills_in_every_stage_cost_nothing_but_time(folder, model):
    began = time.monotonic()
    finish(start(folder, model, "meant"))
    took_sec = time.monotonic() - began
    meant = left(folder, "meant")
    assert len(meant[1]) > 10, "there are strips"
    files = decided(folder, "meant")
    assert set(files.values()) == {1}
    rng = random.Random(SEED)
    edges = [1 + (len(files) - 1) * i // FIFTHS for i in range(FIFTHS + 1)]
    todo = [
        (number, 0 if number else rng.uniform(0.2, took_sec / 3))
        for _ in range(TIMES)
        for number in (0, *(rng.randrange(*pair) for pair in itertools.pairwise(edges)), len(files))
    ]
    while todo:  # once more from the beginning for those that came too late
        todo = [stage for stage in todo if not killed(folder, model, *stage)]
        finish(start(folder, model, "killed"))
        assert decided(folder, "killed") == files
        assert verify(folder / "killed" / LOG).broken_at is None
        assert left(folder, "killed") == meant
        shutil.rmtree(folder / "killed")
