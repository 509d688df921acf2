import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harmlib.media import whole_file
from harmlib.media.whole_file import (
    remove_ownerless,
    set_aside,
    temporary_prefix,
    write_text_whole,
    written_whole,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")

    def fail():
        with written_whole(path) as part:
            part.write_text("ne")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_a_reader_never_sees_half_of_it(tmp_path):
    path = tmp_path / "a.csv"
    with written_whole(path) as part:
        part.write_text("half")
        assert not path.exists()
        part.write_text("all of it")
    assert path.read_text() == "all of it"


def test_writers_side_by_side_do_not_disturb_each_other(tmp_path):
    path, texts = tmp_path / "a.json", [f"{i}" * 50_000 for i in range(10)]
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda text: write_text_whole(path, text), texts * 20):
            pass
    assert path.read_text() in texts
    assert names(tmp_path) == ["a.json"]


def test_two_processes_write_at_once(tmp_path):
    code = (
        "import sys; from pathlib import Path; from harmlib.media.whole_file import *\n"
        "for _ in range(200): write_text_whole(Path(sys.argv[1]), sys.argv[2] * 9999)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.json")]
    writers = [subprocess.Popen([*command, text]) for text in "xy"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert (tmp_path / "a.json").read_text() in ("x" * 9999, "y" * 9999)
    assert names(tmp_path) == ["a.json"]


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    path = tmp_path / "a.json"
    code = (
        "import os, sys; from pathlib import Path; from harmlib.media.whole_file import *\n"
        "with written_whole(Path(sys.argv[1])) as part:\n"
        "    part.write_text('ha'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == -9
    assert len(names(tmp_path)) == 1
    write_text_whole(tmp_path / "b.json", "{}")
    assert len(names(tmp_path)) == 2, "another file's leftovers are not its business"
    write_text_whole(path, "{}")
    assert names(tmp_path) == ["a.json", "b.json"]


@pytest.mark.parametrize("owner", ["another-1-01234567", f"{whole_file._HOST}-1-01234567"])
def test_the_file_of_a_writer_that_may_live_stays(tmp_path, owner):
    other = tmp_path / f"a.json.{owner}-01234567.part"  # on another machine; process 1 lives
    other.write_text("half")
    write_text_whole(tmp_path / "a.json", "{}")
    assert other.exists()


def test_a_number_of_a_process_that_is_given_again_does_not_protect(tmp_path):
    left = tmp_path / f"a.json.{whole_file._HOST}-{os.getpid()}-01234567-01234567.part"
    left.write_text("half")
    write_text_whole(tmp_path / "a.json", "{}")
    assert not left.exists()


def test_what_was_set_aside_before_is_replaced(tmp_path, caplog):
    path = tmp_path / "a.json"
    for text in ("one", "two"):
        path.write_text(text)
        set_aside({path: "damaged"})
    assert (tmp_path / "a.json.damaged").read_text() == "two"
    assert names(tmp_path) == ["a.json.damaged"]
    assert caplog.messages == [f"{path}: damaged; set aside as *.damaged, made again"] * 2


def test_what_is_gone_already_needs_no_line(tmp_path, caplog):
    set_aside({tmp_path / "gone": "damaged"})
    set_aside({})
    assert not caplog.messages


def test_what_cannot_be_renamed_is_said_too(tmp_path, caplog, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    set_aside({tmp_path / "a": "damaged"})
    assert "damaged; it is not used, nor can it be renamed" in caplog.text


def test_temporary_folders_of_the_dead_are_removed_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    own = Path(tempfile.mkdtemp(prefix=temporary_prefix("settings")))
    host = own.name.split("-")[2]
    dead = tmp_path / f"harmlib-settings-{host}-{ended.pid}-x"
    others = [tmp_path / f"harmlib-settings-elsewhere-{ended.pid}-x", tmp_path / "harmlib-mine"]
    for folder in (dead, *others):
        (folder / "deep").mkdir(parents=True)
    remove_ownerless()
    assert sorted(tmp_path.iterdir()) == sorted([own, *others])
