"""Notes on the files in hand, in processes that really end."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harmlib.media.decoders import DecodeLimits, DecoderDied
from harmlib.media.in_hand import NotTriedAgain, in_hand, noting

LIMITS = DecodeLimits()
KILLED = """
import os, signal, sys
from pathlib import Path
from harmlib.media.decoders import DecodeLimits
from harmlib.media.in_hand import in_hand

for name in sys.argv[2:]:
    with in_hand(Path(name), Path(sys.argv[1]), DecodeLimits()):
        if name.endswith("heavy.mp4"):
            print("in hand", flush=True)
            os.kill(os.getpid(), signal.SIGKILL) if name == sys.argv[-1] else sys.stdin.read()
"""


@pytest.fixture
def notes(tmp_path):
    folder = tmp_path / "in_hand"
    folder.mkdir()
    return folder


@pytest.fixture
def heavy(tmp_path):
    path = tmp_path / "heavy.mp4"
    path.write_bytes(b"heavy")
    return path


def kill_with(notes, *files):
    """A whole program that has read all files but the last, and is killed while it reads that."""
    done = subprocess.run([sys.executable, "-c", KILLED, notes, *files], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_file_that_was_in_hand_at_two_kills_is_stepped_over(notes, heavy, tmp_path):
    light = tmp_path / "light.mp4"
    light.write_bytes(b"light")
    kill_with(notes, light, heavy)
    with in_hand(light, notes, LIMITS):  # one that had been read
        pass
    kill_with(notes, heavy)  # tried once more
    twice = "each of the 2 times that the whole program"
    with pytest.raises(NotTriedAgain, match=twice) as told, in_hand(heavy, notes, LIMITS):
        pytest.fail("it was tried again")
    (note,) = notes.iterdir()
    assert f"delete {note} to do so" in str(told.value)
    note.unlink()
    with in_hand(heavy, notes, LIMITS):
        pass
    assert not list(notes.iterdir())


def test_one_kill_is_forgotten_when_the_file_can_be_read(notes, heavy):
    for _ in range(3):
        kill_with(notes, heavy)
        with in_hand(heavy, notes, LIMITS):
            pass


@pytest.mark.parametrize("change", ["file", "limits"])
def test_a_change_is_a_new_chance(notes, heavy, change):
    crashed = DecoderDied("the decoder crashed on this file (signal 11)")
    with pytest.raises(DecoderDied), in_hand(heavy, notes, LIMITS):
        raise crashed
    with pytest.raises(NotTriedAgain, match="signal 11"), in_hand(heavy, notes, LIMITS):
        pytest.fail("it was tried again")
    if change == "file":
        heavy.write_bytes(b"another")
    with in_hand(heavy, notes, DecodeLimits(max_gib=9) if change == "limits" else LIMITS):
        pass


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), MemoryError(), OSError("gone"), DecoderDied("killed", is_lasting=False)],
    ids=lambda error: type(error).__name__,
)
def test_what_is_not_the_files_own_doing_leaves_no_note(tmp_path, heavy, error):
    own = tmp_path / "own"
    with pytest.raises(type(error)), noting(own) as notes, in_hand(heavy, notes, LIMITS):
        raise error
    assert not own.exists()


def test_a_file_that_another_process_has_in_hand_is_read_all_the_same(notes, heavy):
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, notes, heavy, "none"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline() == b"in hand\n"
        with in_hand(heavy, notes, LIMITS):
            pass
        assert len(list(notes.iterdir())) == 1  # the other's note stays
        other.stdin.close()
        assert other.wait() == 0
    assert not list(notes.iterdir())


@pytest.mark.parametrize("content", [b"", b'{"kills": 1, "rea', b"[]", b"\xff"])
def test_a_note_that_was_cut_off_counts_for_nothing(notes, heavy, content):
    kill_with(notes, heavy)
    (note,) = notes.iterdir()
    note.write_bytes(content)
    with in_hand(heavy, notes, LIMITS):
        pass


@pytest.mark.parametrize("place", ["/proc/in_hand", "/dev/null/in_hand"])
def test_where_no_note_can_be_written_the_file_is_read(heavy, place):
    with noting(Path(place)) as notes, in_hand(heavy, notes, LIMITS):
        pass


def test_odd_names(notes):
    for name in (os.fsdecode(b"\xff.mp4"), "a\nb.mp4", "x" * 255):
        with in_hand(Path(name), notes, LIMITS):
            assert len(list(notes.iterdir())) == 1
    assert not list(notes.iterdir())


def test_an_error_here_leaves_the_note_of_another_process(notes, heavy):
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, notes, heavy, "none"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline() == b"in hand\n"
        with pytest.raises(OSError, match="gone"), in_hand(heavy, notes, LIMITS):
            raise OSError("gone")
        assert len(list(notes.iterdir())) == 1
        other.stdin.close()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_there_are_no_locks_no_note_stays(notes, heavy, monkeypatch, code):
    def no_locks(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", no_locks)
    with in_hand(heavy, notes, LIMITS):
        assert len(list(notes.iterdir())) == 1
    assert not list(notes.iterdir())


def test_the_note_to_delete_is_named_without_the_home(tmp_path, monkeypatch, heavy):
    monkeypatch.setenv("HOME", str(tmp_path))
    with noting(tmp_path / "notes") as notes:
        with pytest.raises(DecoderDied), in_hand(heavy, notes, LIMITS):
            raise DecoderDied("the decoder crashed on this file")
        with pytest.raises(NotTriedAgain) as told, in_hand(heavy, notes, LIMITS):
            pytest.fail("it was tried again")
    (note,) = notes.iterdir()
    assert f"(delete ~/notes/{note.name} to do so)" in str(told.value)
