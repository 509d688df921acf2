"""SIGKILL in every stage of a real small run: the next start goes on, and nothing differs.

The stages are the starting, each step, and the writing of the last pages. Each is hit once, at a
moment drawn at random within the first half of it, and the runner, the kernel server and the kernel
take turns in being killed. `HARMLIB_KILLS=3` hits each stage three times.
"""

import contextlib
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest
from stub_runs import alive, family, wait_for
from tiny_run import make_tiny_run

from harmlib.workflow import kernels

pytestmark = pytest.mark.skipif(not kernels.CAN_FORK, reason="kernels are forked on Linux only")
TIMES = int(os.environ.get("HARMLIB_KILLS", "1"))  # that each stage is hit
SEED = 7
WHOM = ("runner", "server", "kernel")
START, END = "start", "end"  # of the run, before its first and after its last step
BEGINS, ENDS = re.compile(r"\[.*\] (\S+) …"), re.compile(r"\[.*\] (\S+): ")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    make_tiny_run(folder := tmp_path_factory.mktemp("killed"))
    (folder / "tmp").mkdir()
    return folder


def start(project):
    return subprocess.Popen(
        [sys.executable, "-m", "harmlib.cli.main", "run", project / "params.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(project / "tmp"), "OMP_NUM_THREADS": "1"},
    )


def stages(process, last=""):
    """Each stage of a run when it begins; steps that are reused are none."""
    yield START
    for line in process.stdout:
        if begun := BEGINS.match(line):
            yield begun[1]
        elif (ended := ENDS.match(line)) and ended[1] == last:
            yield END


def complete(project, last=""):
    """Run to the end; return when each stage began, in seconds after the start."""
    began = time.monotonic()
    process = start(project)
    found = {stage: time.monotonic() - began for stage in stages(process, last)}
    said = process.communicate(timeout=600)[1]
    assert process.returncode == 0, said
    return found | {"": time.monotonic() - began}


def tables(project):
    """What must be equal to the byte: all that holds neither a time nor a folder, by name."""
    timed = ("history.parquet", "image_history.parquet", "history.csv", "steps.csv")
    run = project / "reports/tiny"
    found = {
        path.relative_to(run).as_posix(): path.read_bytes()
        for kind in ("*.parquet", "*.csv", "*.svg", "*.png", "metrics.json", ".listed_*.json")
        for path in run.rglob(kind)
        if path.name not in (*timed, "settings.csv")
    }
    assert len(found) > 40
    return found


def vectors(project):
    parts = (project / "artifacts/features").rglob("part-*.parquet")
    return sorted(pd.concat([pd.read_parquet(part) for part in parts])["sha256"])


def pages(project):
    return sorted(path.name for path in (project / "reports/tiny").rglob("*.html"))


def leftovers(project):
    """What only a process that still runs may have there."""
    found = [path for path in project.rglob("*") if path.suffix == ".part" or path.name == ".lock"]
    return found + list((project / "tmp").iterdir())


def wipe(project):
    """Back to the beginning, but for other programs' settings."""
    shutil.rmtree(project / "reports", ignore_errors=True)
    for path in (project / "artifacts").glob("*"):
        if path.name != "settings":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def kill_in(project, stage, moment_sec, whom, last):
    """Kill one of the processes so long after a stage began; what was killed, or None if too late.

    Too late is after the end of the run, or where the stage was over before.
    """
    process = start(project)
    if stage not in stages(process, last):
        assert process.wait(600) == 0, process.stderr.read()
        return None
    time.sleep(moment_sec)
    there = [psutil.Process(process.pid), *family(process)]
    victim = min(WHOM.index(whom), len(there) - 1)  # at the start there is the runner alone
    with contextlib.suppress(psutil.NoSuchProcess):
        there[victim].send_signal(signal.SIGKILL)
    out, said = process.communicate(timeout=600)
    assert "Traceback" not in said
    wait_for(lambda: not alive(there))
    over = process.returncode == 0 or any(
        (ended := ENDS.match(line)) and ended[1] == stage for line in out.splitlines()
    )
    return None if over else WHOM[victim]


def test_kills_in_every_stage_cost_nothing_but_time(project):
    began = complete(project, last := "05_report")
    moments = list(began.values())
    long = dict(zip(began, (b - a for a, b in itertools.pairwise(moments)), strict=False))
    assert set(long) > {START, "00_data", "01_extract_features-image", "03_thresholds-image", END}
    meant = tables(project), vectors(project), pages(project)
    assert len(set(meant[1])) == len(meant[1]) == 26
    rng, turns = random.Random(SEED), itertools.cycle(reversed(WHOM))
    killed, left = [], [stage for stage in long for _ in range(TIMES)]
    while left:  # once more from the beginning for stages that were over before the kill
        wipe(project)
        missed = []
        for stage in left:
            whom = kill_in(project, stage, rng.uniform(0, long[stage] / 2), next(turns), last)
            if whom is None:
                missed.append(stage)
            else:
                killed.append((stage, whom))
        complete(project)
        assert (tables(project), vectors(project), pages(project)) == meant, killed
        assert not leftovers(project)
        left = missed
    assert {whom for _, whom in killed} == set(WHOM), killed
