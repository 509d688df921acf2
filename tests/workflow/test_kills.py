"""SIGKILL in every stage of a real small run: the next start goes on, and nothing differs.

The stages are the starting, each step, and the writing of the last pages. Each is hit once, a step
at a moment drawn at random from when its kernel is there, and the runner, the kernel server and the
kernel take turns in being killed. `HARMLIB_KILLS=3` hits each stage three times.
"""

import contextlib
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
import threading
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
LAST = "05_report"
BEGINS, ENDS = re.compile(r"\[.*\] (\S+) …"), re.compile(r"\[.*\] (\S+): ")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    make_tiny_run(folder := tmp_path_factory.mktemp("killed"))
    (folder / "tmp").mkdir()
    return folder


class Started:
    """A run of its own process, and the lines that it has printed by now."""

    def __init__(self, project):
        self.began, self.lines = time.monotonic(), []
        self._said = (project / "said.txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harmlib.cli.main", "run", project / "params.yaml"],
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env=os.environ | {"TMPDIR": str(project / "tmp"), "OMP_NUM_THREADS": "1"},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic() - self.began, line))

    def ended(self):
        """Its status and what it said, once it has ended."""
        status = self.process.wait(600)
        self._reader.join()
        self.process.stdout.close()
        self._said.seek(0)
        with self._said as file:
            return status, file.read()

    def stages(self):
        """When each stage began, and each ended, in seconds; steps that are reused are none."""
        begun, over = {START: 0.0}, {}
        for moment, line in list(self.lines):
            if found := BEGINS.match(line):
                begun[found[1]] = moment
                over.setdefault(START, moment)
            elif (found := ENDS.match(line)) and "reused" not in line:
                over[found[1]] = moment
            if LAST in over:
                begun.setdefault(END, over[LAST])
        return begun, over


def complete(project):
    """Run to the end; return how many seconds each stage took."""
    run = Started(project)
    status, said = run.ended()
    took_sec = time.monotonic() - run.began
    assert status == 0, said
    begun, over = run.stages()
    return {stage: over.get(stage, took_sec) - moment for stage, moment in begun.items()}


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


def kill_in(project, stage, moment_sec, whom):
    """Kill one of the processes so long after a stage began; what was killed, or None if too late.

    A step begins here when its kernel is there: after a start, the server imports for seconds.
    """
    run = Started(project)
    needs = 0 if stage in (START, END) else WHOM.index("kernel")
    while run.process.poll() is None and stage not in run.stages()[1]:
        if stage in run.stages()[0] and len(family(run.process)) >= needs:
            break
        time.sleep(0.01)
    time.sleep(moment_sec)
    is_over = run.process.poll() is not None or stage in run.stages()[1]
    there = [] if is_over else [psutil.Process(run.process.pid), *family(run.process)]
    victim = min(WHOM.index(whom), len(there) - 1)  # at the start there is the runner alone
    if there:
        with contextlib.suppress(psutil.NoSuchProcess):
            there[victim].kill()
    _, said = run.ended()
    assert "Traceback" not in said
    wait_for(lambda: not alive(there))
    return WHOM[victim] if there else None


def test_kills_in_every_stage_cost_nothing_but_time(project):
    long = complete(project)
    assert set(long) > {START, "00_data", "01_extract_features-image", "03_thresholds-image", END}
    meant = tables(project), vectors(project), pages(project)
    assert len(set(meant[1])) == len(meant[1]) == 26
    rng, turns = random.Random(SEED), itertools.cycle(reversed(WHOM))
    killed, left = [], [stage for stage in long for _ in range(TIMES)]
    while left:  # once more from the beginning for stages that were over before the kill
        wipe(project)
        missed = []
        for stage in left:
            whom = kill_in(project, stage, rng.uniform(0, long[stage] / 2), next(turns))
            if whom is None:
                missed.append(stage)
            else:
                killed.append((stage, whom))
        complete(project)
        assert (tables(project), vectors(project), pages(project)) == meant, killed
        assert not leftovers(project)
        left = missed
    assert {whom for _, whom in killed} == set(WHOM), killed
