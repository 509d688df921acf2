"""SIGKILL at random moments of a real small run: the next start goes on, and nothing differs."""

import contextlib
import os
import random
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
KILLS = 20
SEED = 7


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    make_tiny_run(folder := tmp_path_factory.mktemp("killed"))
    (folder / "tmp").mkdir()
    return folder


def start(project):
    return subprocess.Popen(
        [sys.executable, "-m", "harmlib.cli.main", "run", project / "params.yaml"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(project / "tmp"), "OMP_NUM_THREADS": "1"},
    )


def complete(project):
    process = start(project)
    said = process.communicate(timeout=600)[1]
    assert process.returncode == 0, said


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


def kill_at(process, moment_sec, rng):
    """Kill the runner, the kernel server or a kernel; None if the run had ended before."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=moment_sec)
        return None
    there = [psutil.Process(process.pid), *family(process)]
    whom = rng.randrange(3)
    victim = there[min(whom, len(there) - 1)]
    with contextlib.suppress(psutil.NoSuchProcess):
        victim.send_signal(signal.SIGKILL)
    said = process.communicate(timeout=600)[1]
    assert "Traceback" not in said
    wait_for(lambda: not alive(there))
    return ("runner", "server", "kernel")[there.index(victim)] if victim in there[:3] else "kernel"


def test_kills_at_any_moment_cost_nothing_but_time(project):
    complete(project)  # once for the settings of matplotlib and IPython
    wipe(project)
    began = time.monotonic()
    complete(project)
    took_sec = time.monotonic() - began
    meant = tables(project), vectors(project), pages(project)
    assert len(set(meant[1])) == len(meant[1]) == 26
    wipe(project)
    rng = random.Random(SEED)
    killed = []
    while len(killed) < KILLS:
        whom = kill_at(process := start(project), rng.uniform(0.2, took_sec / 2), rng)
        if whom is not None:
            killed.append(whom)
        if process.returncode == 0:  # it came to its end: once more from the beginning
            assert (tables(project), vectors(project), pages(project)) == meant, killed
            assert not leftovers(project)
            wipe(project)
    complete(project)
    assert (tables(project), vectors(project), pages(project)) == meant
    assert not leftovers(project)
    assert len(set(killed)) == 3, killed
