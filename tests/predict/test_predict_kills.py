"""SIGKILL at random moments of `harmlib predict`: the next call goes on, and nothing differs."""

import contextlib
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
from PIL import Image

from harmlib.predict.decision_log import DecisionLog
from harmlib.predict.log_chain import verify

KILLS = 20
SEED = 11
RANDOM = ["seconds", "id", "strip"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, small_folder):
    """Pictures and videos, and some of neither kind."""
    folder = tmp_path_factory.mktemp("killed")
    shutil.copytree(small_folder / "media", folder / "media")
    for i in range(120):
        picture = Image.effect_noise((320, 240), 10 + i)
        picture.save(folder / f"media/noise{i}.png")
    (folder / "media/empty.mp4").touch()
    (folder / "media/text.jpg").write_text("no picture")
    return folder


def start(folder, model, out):
    return subprocess.Popen(
        [sys.executable, "-m", "harmlib.cli.main", "predict", model, folder / "media", "--out",
         folder / out / "scores.csv", "--window", "1"],
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
    return Counter(e["path"] for e in DecisionLog(folder / out / "scores.decisions.jsonl"))


def test_kills_at_any_moment_cost_nothing_but_time(folder, small_run):
    model = small_run / "models/model4"
    began = time.monotonic()
    finish(start(folder, model, "meant"))
    took_sec = time.monotonic() - began
    meant = left(folder, "meant")
    files = decided(folder, "meant")
    assert set(files.values()) == {1}
    rng = random.Random(SEED)
    kills = rounds = 0
    while kills < KILLS:
        process = start(folder, model, "killed")
        there = []
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=rng.uniform(0.2, took_sec))
            assert process.returncode == 1
        if process.returncode is None:
            there = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGKILL)
            assert "Traceback" not in process.communicate(timeout=60)[1]
            kills += 1
            _, alive = psutil.wait_procs(there, timeout=10)
            assert not alive, "decoders outlive the kill"
            if kills < KILLS:
                continue
            finish(start(folder, model, "killed"))
        rounds += 1
        assert decided(folder, "killed") == files
        assert verify(folder / "killed/scores.decisions.jsonl").broken_at is None
        assert left(folder, "killed") == meant
        if kills < KILLS:
            shutil.rmtree(folder / "killed")
    assert rounds
