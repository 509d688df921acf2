"""Ctrl-C, SIGTERM, killed and hanging kernels: everything ends, soon, with one line."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest
from stub_runs import StubRun, alive, family, one_line, pid_cell, told, wait_for

from harmlib.workflow import kernels

pytestmark = pytest.mark.skipif(not kernels.CAN_FORK, reason="kernels are forked on Linux only")
SLEEP = "time.sleep(600)"
# It ends within 2 s on a quiet machine (measured: 0.4 s); tests share theirs.
SOON_SEC = 6.0


def end(process, signum, again_after_sec=None):
    """Send a signal; return the processes that were there, and the seconds that it took."""
    there = family(process)
    began = time.monotonic()
    process.send_signal(signum)
    if again_after_sec is not None:
        time.sleep(again_after_sec)
        process.send_signal(signum)
    process.wait(30)
    return there, time.monotonic() - began


@pytest.mark.parametrize(
    ("signum", "status", "name"),
    [
        (signal.SIGINT, 130, "Ctrl-C"),
        (signal.SIGTERM, 143, "SIGTERM"),
        (signal.SIGHUP, 129, "the terminal's end"),
    ],
)
def test_a_signal_ends_all_of_it_and_the_next_run_goes_on(tmp_path, signum, status, name):
    go = tmp_path / "go"
    sleep = f"name == 'a' or Path({str(go)!r}).exists() or time.sleep(600)"
    run = StubRun(tmp_path, pid_cell(tmp_path), sleep, names="abcd")
    process = run.start()
    wait_for(lambda: run.began() == ["a", "b", "c"])
    there, took_sec = end(process, signum)
    assert took_sec < SOON_SEC
    assert process.returncode == status
    said = one_line(told(process))
    assert said == f"harmlib: ended by {name}; finished work is kept, start again to go on"
    assert len(there) == 3, "the server and two kernels"
    wait_for(lambda: not alive(there))
    assert run.began() == ["a", "b", "c"], "no further step has started"
    assert not run.leftovers()
    go.touch()
    process = run.start()
    out, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    assert "stub-a: reused" in out


@pytest.mark.parametrize("delay_sec", [0.6, 1.5, 2.6])
def test_it_ends_whenever_the_signal_comes(tmp_path, delay_sec):
    """Also while it imports, and while a kernel is being asked for: none is started instead."""
    run = StubRun(tmp_path, pid_cell(tmp_path), SLEEP, names="abc")
    process = run.start()
    assert process.stdout.readline().startswith("Params: ")
    time.sleep(delay_sec - 0.5)
    there, took_sec = end(process, signal.SIGINT)
    assert (process.returncode, took_sec < SOON_SEC) == (130, True)
    one_line(told(process))
    wait_for(lambda: not alive(there))
    assert not run.leftovers()


@pytest.mark.parametrize("again_after_sec", [0.05, 0.7])
def test_a_second_signal_changes_nothing(tmp_path, again_after_sec):
    """One that comes at once has been sent by two; a later one ends what still goes on."""
    stuck = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + SLEEP
    run = StubRun(tmp_path, pid_cell(tmp_path), stuck)
    process = run.start()
    wait_for(run.began)
    there, took_sec = end(process, signal.SIGINT, again_after_sec)
    assert (process.returncode, took_sec < SOON_SEC) == (130, True)
    one_line(told(process))
    wait_for(lambda: not alive(there))


BUSY = """
import sys, time, threading
from harmlib.cli import main, signals
def busy(_):
    print("busy", flush=True)
    while True:
        try: time.sleep(600)
        except BaseException: pass
main._command = busy
sys.argv = ["harmlib"]
sys.exit(main.main())
"""


def test_work_that_swallows_the_signal_is_left():
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "busy\n"
    _, took_sec = end(process, signal.SIGTERM)
    assert (process.returncode, took_sec < SOON_SEC) == (143, True)
    assert "ended by SIGTERM" in one_line(told(process))


def test_what_the_kernel_has_started_ends_with_it(tmp_path):
    child = "import subprocess; child = subprocess.Popen(['sleep', '600'])\n" + pid_cell(tmp_path)
    run = StubRun(tmp_path, child, SLEEP)
    process = run.start()
    wait_for(run.began)
    there, _ = end(process, signal.SIGTERM)
    one_line(told(process))
    assert "sleep" in [p.name() for p in there if p.is_running()] or len(there) == 3
    wait_for(lambda: not alive(there))


@pytest.mark.parametrize("whom", ["runner", "server"])
def test_killed_ones_take_the_others_with_them(tmp_path, whom):
    run = StubRun(tmp_path, pid_cell(tmp_path), SLEEP)
    process = run.start()
    wait_for(run.began)
    there = family(process)
    os.kill(process.pid if whom == "runner" else there[0].pid, signal.SIGKILL)
    said = told(process)
    wait_for(lambda: not alive(there))
    wait_for(lambda: not list((tmp_path / "tmp").iterdir()))
    if whom == "server":
        assert process.returncode == 1
        assert "stub-a: its kernel died in the cell" in one_line(said)


def test_connection_files_of_runners_and_servers_that_were_killed_go_with_the_next_run(tmp_path):
    run = StubRun(tmp_path, pid_cell(tmp_path), SLEEP)
    process = run.start()
    wait_for(run.began)
    server = family(process)[0]
    server.suspend()  # it can't tidy up
    process.kill()
    server.kill()
    told(process)
    assert list((tmp_path / "tmp").iterdir())
    StubRun(tmp_path, pid_cell(tmp_path))
    status, said = run.run()
    assert (status, "taken over from process" in one_line(said)) == (0, True)
    assert not run.leftovers()


# Kernels that die, and notebooks that hang


def test_a_kernel_that_is_killed_while_it_starts_is_told_in_one_line(tmp_path):
    run = StubRun(tmp_path, "1")
    process = run.start()
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            for server in psutil.Process(process.pid).children():
                for kernel in server.children():
                    kernel.kill()
        time.sleep(0.01)
    said = one_line(told(process))
    assert process.returncode == 1
    assert said == (
        "harmlib: stub-a: its kernel died before its first cell: ended by SIGKILL (out of memory?)"
    )
    page = (tmp_path / "reports/r/index.html").read_text(encoding="utf-8")
    assert "커널이 갑자기 종료되었습니다" in page


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("os._exit(3)", r"its kernel died in the cell \w+: it ended itself, with status 3"),
        ("os.kill(os.getpid(), 9)", r"its kernel died in the cell \w+: ended by SIGKILL \(out of"),
        ("os.abort()", r"its kernel died in the cell \w+: ended by SIGABRT"),
        ("sys.exit(0)", r"it ended early \(sys.exit\?\): 1 of its cells did not run; see"),
        ("sys.exit(3)", r"stopped in cell 4: SystemExit: 3"),
        ("raise MemoryError('x')", r"stopped in cell 4: MemoryError: x"),
    ],
)
def test_no_end_of_a_kernel_is_silent(tmp_path, code, said):
    run = StubRun(tmp_path, pid_cell(tmp_path), code, "1 + 1")
    status, told = run.run()
    assert status == 1
    assert re.search(said, told), told
    assert "Traceback" not in told
    assert (tmp_path / "reports/r/index.html").exists()


@pytest.mark.parametrize(
    "code",
    [
        SLEEP,
        "while True:\n    try: time.sleep(1)\n    except KeyboardInterrupt: pass",
        "os.kill(os.getpid(), 19)",  # stopped: hears nothing
    ],
)
def test_a_notebook_that_hangs_is_ended_at_its_deadline(tmp_path, code):
    run = StubRun(tmp_path, pid_cell(tmp_path), code, "1 + 1")
    status, said = run.run("--max-hours", "0.0008")
    assert status == 1
    assert "stub-a did not end within 0.0008 hours, and was ended in the cell" in one_line(said)
    assert not run.leftovers()


def test_a_notebook_that_is_no_python_is_told_in_one_line(tmp_path):
    status, said = StubRun(tmp_path, "def f(:").run()
    assert (status, one_line(said)) == (
        1,
        "harmlib: stub.ipynb can't be Python: invalid syntax: def f(:",
    )
