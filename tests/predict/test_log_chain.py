"""The chain of the log: what a check finds, what a kill leaves, and two writers at a time."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from two_languages import differences, english_words, in_both

from harmlib.predict.decision_log import DecisionLog
from harmlib.predict.log_chain import head_path, verify

LINES = 6


@pytest.fixture
def log(tmp_path):
    log = DecisionLog(tmp_path / "a.decisions.jsonl")
    for number in range(LINES):
        log.append({"id": str(number), "path": f"{number}\n\udcff.jpg", "probability": 0.5})
    log.close()
    return log


def lines_of(log):
    return log.path.read_bytes().splitlines(keepends=True)


def test_a_whole_log_holds(log):
    found = verify(log.path)
    assert (found.lines, found.broken_at, found.unchained) == (LINES, None, 0)
    assert found.sentence().startswith("6 lines, all hold; the last hash is ")
    assert [entry["id"] for entry in log] == list("012345")
    assert all(set(entry) == {"id", "path", "probability"} for entry in log)


DAMAGE = {
    "edited": (lambda ls: [*ls[:2], ls[2].replace(b"0.5", b"0.9"), *ls[3:]], 3, "is edited"),
    "the last one edited": (lambda ls: [*ls[:5], ls[5].replace(b"0.5", b"0.4")], 6, "is edited"),
    "removed": (lambda ls: [*ls[:2], *ls[3:]], 3, "1 removed before it"),
    "the first removed": (lambda ls: ls[1:], 1, "1 removed before it"),
    "three removed": (lambda ls: [ls[0], *ls[4:]], 2, "3 removed before it"),
    "the last removed": (lambda ls: ls[:-1], 6, "is removed: the log had 6 lines"),
    "two at the end removed": (lambda ls: ls[:-2], 5, "is removed: the log had 6 lines"),
    "all removed": (lambda _: [], 1, "is removed"),
    "moved": (lambda ls: [ls[0], ls[2], ls[1], *ls[3:]], 2, "is out of order"),
    "reversed": (lambda ls: ls[::-1], 1, "is out of order"),
    "twice": (lambda ls: [*ls[:3], ls[2], *ls[3:]], 4, "is out of order or a copy"),
    "cut at the end": (lambda ls: [*ls[:5], ls[5][:-20]], 6, "is cut"),
    "without its end": (lambda ls: [*ls[:5], ls[5][:-1]], 6, "is cut"),
    "cut in the middle": (lambda ls: [*ls[:2], ls[2][:-20] + b"\n", *ls[3:]], 3, "is cut or over"),
    "put in": (lambda ls: [*ls[:2], b'{"id": "x"}\n', *ls[2:]], 3, "was put in"),
    "zeros": (lambda ls: [*ls[:2], bytes(100) + b"\n", *ls[3:]], 3, "is cut or overwritten"),
    "the first overwritten": (lambda ls: [b"words\n", *ls[1:]], 1, "is edited or cut"),
    "an empty line": (lambda ls: [*ls[:3], b"\n", *ls[3:]], 4, "no JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_at_its_line(log, name):
    damage, line, words = DAMAGE[name]
    log.path.write_bytes(b"".join(damage(lines_of(log))))
    found = verify(log.path)
    assert found.broken_at == line, found
    assert words in found.sentence()
    assert "\n" not in found.sentence()
    english, korean = in_both(lambda: verify(log.path).sentence())
    assert not differences(english, korean)
    assert not english_words(korean)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_single_byte_can_change(log, data):
    whole = log.path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[place]))
    damaged = log.path.with_name("b.jsonl")
    damaged.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
    head_path(damaged).write_bytes(head_path(log.path).read_bytes())
    found = verify(damaged)
    assert found.broken_at is not None
    assert found.broken_at <= whole[:place].count(b"\n") + 1


def test_a_log_written_anew_is_not_the_one_beside_its_head(log):
    log.path.unlink()
    head = head_path(log.path).read_bytes()
    again = DecisionLog(log.path)
    for number in range(LINES + 1):
        again.append({"id": str(number), "path": "another"})
    head_path(log.path).write_bytes(head)
    assert "is edited: the log was written anew" in verify(log.path).sentence()


@pytest.mark.parametrize("keep", [1, 10, 60, -2, -1])
def test_a_cut_line_is_set_aside_and_the_chain_goes_on(log, caplog, keep):
    *before, last = lines_of(log)
    log.path.write_bytes(b"".join(before) + last[:keep])
    again = DecisionLog(log.path)
    again.append({"id": "new"})
    found = verify(log.path)
    assert found.broken_at is None, found
    aside = log.path.with_name(log.path.name + ".damaged")
    if keep == -1:  # nothing but the end of the line was missing
        assert [entry["id"] for entry in again] == [*"012345", "new"]
        assert not aside.exists()
    else:
        assert [entry["id"] for entry in again] == [*"01234", "new"]
        assert aside.read_bytes() == last[:keep] + b"\n"
        (said,) = caplog.messages
        assert "its last line was cut off (a writer was killed); set aside as" in said
    assert log.path.read_bytes().startswith(b"".join(before))


def test_a_log_of_an_earlier_version_goes_on_with_a_chain(tmp_path):
    log = DecisionLog(tmp_path / "old.jsonl")
    old = b'{"id": "1", "path": "a"}\n{"id": "ha\n{"id": "2", "path": "b"}\n'
    log.path.write_bytes(old)
    assert "3 lines, all hold" in verify(log.path).sentence()
    assert (
        "the first 3 have no chain (an earlier version wrote them)" in verify(log.path).sentence()
    )
    log.append({"id": "3"})
    log.append({"id": "4"})
    assert log.path.read_bytes().startswith(old)
    assert [entry["id"] for entry in log] == ["1", "2", "3", "4"]
    assert (verify(log.path).lines, verify(log.path).unchained) == (5, 3)
    log.path.write_bytes(log.path.read_bytes().replace(b'"path": "a"', b'"path": "x"'))
    assert verify(log.path).broken_at == 2, "the half line of then, or one beside it"


def test_without_the_head_a_check_says_what_it_can_not_see(log):
    head_path(log.path).unlink()
    assert verify(log.path).broken_at is None
    assert "lines lost at the end can't be noticed" in verify(log.path).sentence()
    head_path(log.path).write_bytes(b"\xff" * 78)
    assert "can't be noticed" in verify(log.path).sentence()


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_and_written_behind(tmp_path, content):
    log = DecisionLog(tmp_path / "any.jsonl")
    head_path(log.path).unlink(missing_ok=True)
    log.path.write_bytes(content)
    verify(log.path).sentence()
    list(log)
    list(log.latest({"m"}))
    log.states("m", {})
    log.append({"id": "new"})
    assert [entry["id"] for entry in log if entry.get("id") == "new"] == ["new"]


@pytest.mark.parametrize(
    "line",
    [b"[" * 200_000, b'{"a":' * 50_000, b"1" * 6000, b'{"path": [1], "model_sha256": "m"}',
     b'{"path": "a", "model_sha256": ["m"]}', b'"words"', b"null", b"NaN", b"\xff\xfe",
     b'{"path": "a", "model_sha256": "m", "size": [], "mtime_ns": {}, "windowing": {}}'],
    ids=lambda line: ascii(line[:30]),
)  # fmt: skip
def test_odd_lines_end_nothing(tmp_path, line):
    log = DecisionLog(tmp_path / "a.jsonl")
    log.path.write_bytes(line + b"\n")
    is_one = line.startswith(b'{"path": "a", "model_sha256": "m"')
    assert len(list(log.latest({"m"}))) == is_one
    assert log.states("m", {}) == set()


WRITER = """
import sys
from pathlib import Path
from harmlib.predict.decision_log import DecisionLog
log = DecisionLog(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    log.append({"id": f"{sys.argv[2]}-{number}", "path": "x" * 3000})
"""


def writer(path, name, count):
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path), name, str(count)])


def test_several_writers_make_one_chain(tmp_path):
    path = tmp_path / "a.jsonl"
    for process in [writer(path, name, 40) for name in "abc"]:
        assert process.wait() == 0
    assert verify(path).lines == 120
    assert verify(path).broken_at is None
    ids = [entry["id"] for entry in DecisionLog(path)]
    assert all([i for i in ids if i[0] == n] == [f"{n}-{k}" for k in range(40)] for n in "abc")


def test_killed_writers_leave_a_log_that_goes_on(tmp_path):
    path = tmp_path / "a.jsonl"
    for kill in range(4):
        process = writer(path, str(kill), 10**6)
        until = time.monotonic() + 30
        size = path.stat().st_size if path.exists() else 0
        while time.monotonic() < until and not (path.exists() and path.stat().st_size > size):
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    DecisionLog(path).append({"id": "last"})
    found = verify(path)
    assert found.broken_at is None, found
    ids = [entry["id"] for entry in DecisionLog(path)]
    assert len(ids) == found.lines == len(set(ids))
    for kill in range(4):
        own = [int(i.split("-")[1]) for i in ids if i.startswith(f"{kill}-")]
        assert own == list(range(len(own)))


def test_a_write_that_fails_leaves_whole_lines(log):
    before = log.path.read_bytes()
    whole = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, whole[1]))  # as a full disk does
    try:
        with pytest.raises(OSError, match=r"only 50 of|File too large"):
            log.append({"id": "x" * 500})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, whole)
        signal.signal(signal.SIGXFSZ, handler)
    assert log.path.read_bytes() == before
    log.append({"id": "y"})
    assert verify(log.path).broken_at is None
    assert json.loads(lines_of(log)[-1])["line"] == LINES + 1
