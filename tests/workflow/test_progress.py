import io
import json
import sys
import time

import pytest

from harmlib.workflow import progress as module
from harmlib.workflow.progress import VARIABLE, Watch, progress, show, tell


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when it is told to."""

    class Clock:
        now = 1000.0
        monotonic = staticmethod(lambda: Clock.now)

    monkeypatch.setattr(module, "time", Clock)
    monkeypatch.delenv(VARIABLE, raising=False)
    return Clock


@pytest.fixture
def state_file(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "p.json"))
    return tmp_path / "p.json"


def test_the_file_tells_the_state(state_file, clock, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(state_file))
    report = progress("추출", "파일")
    for advance, done, shown in [
        (0, 1, 1), (0.1, 2, 1), (0.3, 3, 1), (0.2, 4, 4), (0.4, 5, 4), (0.0, 9, 9), (0.1, 10, 10),
    ]:  # fmt: skip
        clock.now += advance
        report(done, 9 if done >= 9 else 100)
        written = json.loads(state_file.read_text(encoding="utf-8"))
        assert written[:3] == ["추출", "파일", shown]
    assert [p.name for p in state_file.parent.iterdir()] == ["p.json"]


def test_a_log_gets_a_line_now_and_then(clock, capsys):
    report = progress("extract", "files")
    lines = []
    for second in range(1, 61):
        clock.now += 1
        report(second * 2, 120)
        lines.append(capsys.readouterr().out)
    every = int(module.LOG_EVERY_SEC)
    assert [i + 1 for i, line in enumerate(lines) if line] == list(range(every, 61, every))
    assert lines[every - 1] == f"    extract: {every * 2}/120 files (2.0/s)\n"


def test_quick_work_leaves_the_log_alone(clock, capsys):
    report = show("extract")
    for done in range(100):
        clock.now += 0.1
        report(done + 1, 100)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.usefixtures("clock")
def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    report = show("extract", "files")
    report(0, 4)
    time.sleep(0.15)  # tqdm draws ten times a second
    report(1, 4)
    report(4, 4)
    assert "extract:  25%" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")  # the finished bar is wiped
    assert capsys.readouterr().out == ""


def wait_for(text, capsys, seen, seconds=10):
    deadline = time.monotonic() + seconds
    while text not in "".join(seen) and time.monotonic() < deadline:
        time.sleep(0.02)
        seen.append(capsys.readouterr().out)
    return "".join(seen)


def test_watch_shows_a_kernels_progress_in_a_log(state_file, capsys, monkeypatch):
    monkeypatch.setattr(module, "LOG_EVERY_SEC", 0.0)
    state_file.write_text(json.dumps(["stale", "", 1, 2]))
    seen = []
    with Watch(state_file):
        assert not state_file.exists()
        state_file.write_text("{half")
        time.sleep(0.7)
        progress("train", "epochs")(3, 9)
        assert "    train: 3/9 epochs (" in wait_for("train", capsys, seen)
        progress("extract", "files")(5, 5)
        wait_for("extract: 5/5", capsys, seen)
        time.sleep(1.1)
    text = "".join(seen) + capsys.readouterr().out
    assert text.count("train: 3/9") == text.count("extract: 5/5 files") == 1  # no news, no line
    assert "stale" not in text
    assert not state_file.exists()


def test_kernels_side_by_side_keep_one_bar_each(state_file, monkeypatch):
    shown, made = [], []

    def record(description, _unit):
        made.append(description)
        return lambda done, _total: shown.append((description, done))

    monkeypatch.setattr(module, "show", record)
    with Watch(state_file):
        for state in [("image", 1), ("video", 1), ("image", 2)]:
            progress(state[0])(state[1], 9)
            deadline = time.monotonic() + 10
            while state not in shown and time.monotonic() < deadline:
                time.sleep(0.02)
    assert shown == [("image", 1), ("video", 1), ("image", 2)]
    assert made == ["image", "video"]


def test_watch_of_a_silent_kernel(tmp_path, capsys):
    with Watch(tmp_path / "p.json"):
        pass
    assert capsys.readouterr().out == ""


def test_what_a_kernel_says_is_a_line_of_the_run_once(state_file, capsys):
    state_file.with_suffix(".said").write_text("of an earlier run\n")
    seen = []
    with Watch(state_file):
        tell("7,200 files: 1.0 hours")
        tell("파일 3개")
        wait_for("    파일 3개", capsys, seen)
        tell("the last")
    text = "".join(seen) + capsys.readouterr().out
    for line in ("7,200 files: 1.0 hours", "파일 3개", "the last"):
        assert [one for one in text.splitlines() if one == f"    {line}"] == [f"    {line}"]
        assert line in text.splitlines(), "in the notebook, too"
    assert "earlier" not in text
    assert not list(state_file.parent.iterdir())


def test_without_a_run_it_is_said_in_the_notebook_alone(clock, capsys):
    assert clock
    tell("1.0 hours")
    assert capsys.readouterr().out == "1.0 hours\n"
