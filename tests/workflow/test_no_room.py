"""Full disks, folders that can't be written to, outputs that nobody reads, runs side by side."""

import contextlib
import os
import signal
import subprocess
import sys

import psutil
import pytest
from stub_runs import StubRun, one_line, pid_cell, told, wait_for

from harmlib.cli import main as cli
from harmlib.media import whole_file
from harmlib.media.owned_lock import InUse, held

WRITING = """
from harmlib.media.whole_file import write_text_whole
write_text_whole(Path(params_file).parent / "full/reports/r/table.csv", "y" * 9_000_000)
"""


@pytest.fixture
def small_disk(tmp_path):
    """disk(mode): a file system of 4 MB in memory, `rw` or `ro`, at `tmp_path / "full"`."""
    place = tmp_path / "full"
    place.mkdir()
    with contextlib.ExitStack() as mounted:

        def disk(mode="rw", fill=False):
            mount = ["mount", "-t", "tmpfs", "-o", f"size=4m,{mode}", "tmpfs", str(place)]
            try:
                done = subprocess.run(mount, capture_output=True).returncode
            except OSError:
                done = 1
            if done:
                pytest.skip("nothing may be mounted here (needs root)")
            mounted.callback(subprocess.run, ["umount", "-l", str(place)], check=True)
            if fill:
                with contextlib.suppress(OSError), (place / "fill").open("wb", 0) as file:
                    while True:
                        file.write(bytes(4096))
            return place

        yield disk


@pytest.mark.parametrize("what", ["reports", "artifacts", "TMPDIR"])
def test_a_full_disk_is_named_before_anything_runs(tmp_path, small_disk, what):
    place = small_disk(fill=True)
    os.truncate(place / "fill", 4_000_000)  # so much is left that Python takes it for usable
    places = {} if what == "TMPDIR" else {what: place / what}
    environment = {what: str(place)} if what == "TMPDIR" else {}
    run = StubRun(tmp_path, pid_cell(tmp_path), **places)
    status, said = run.run(**environment)
    assert status == 2
    line = one_line(said)
    assert line.startswith(f"harmlib: {place}")
    assert "can't be written to (No space left on device)" in line
    assert " needs 262,144 bytes, " in line
    assert not run.began()


def test_a_disk_that_fills_up_stops_the_step_and_the_last_report_stays(tmp_path, small_disk):
    place = small_disk()
    run = StubRun(tmp_path, pid_cell(tmp_path), WRITING, reports=place / "reports")
    page = place / "reports/r/index.html"
    page.parent.mkdir(parents=True)
    page.write_text("the last good report")
    status, said = run.run()
    assert status == 1
    assert f"{page.parent} can't be written to (No space left on device): table.csv needs" in said
    assert " needs 9,000,000 bytes, " in said
    assert "Traceback" not in said
    kept = page.with_name("previous.html")
    assert "the last good report" in (kept if kept.exists() else page).read_text()
    assert not run.leftovers()


def test_where_not_even_the_failure_has_room_the_report_stays_where_it_is(tmp_path, small_disk):
    place = small_disk()
    fill = (
        f"\nwith open({str(place / 'fill')!r}, 'wb', 0) as f:\n    while True: f.write(bytes(4096))"
    )
    run = StubRun(tmp_path, pid_cell(tmp_path), fill, reports=place / "reports")
    page = place / "reports/r/index.html"
    page.parent.mkdir(parents=True)
    page.write_text("the last good report")
    process = run.start()
    out, said = process.communicate(timeout=120)
    assert (process.returncode, "Traceback" in out + said) == (1, False)
    assert "No space left on device" in said
    assert page.read_text() == "the last good report"


@pytest.mark.parametrize("what", ["reports", "artifacts"])
def test_a_read_only_place_is_named(tmp_path, small_disk, what):
    place = small_disk("ro")
    run = StubRun(tmp_path, pid_cell(tmp_path), **{what: place / what})
    status, said = run.run()
    assert status == 2
    assert one_line(said) == (
        f"harmlib: {place} can't be written to (Read-only file system): {what}. "
        "Allow it, or name another folder, and start again"
    )
    assert not run.began()


@pytest.mark.parametrize("place", ["a file", "/proc/none", "/dev/null/x"])
def test_places_that_are_no_folders_are_named(tmp_path, place):
    (tmp_path / "a file").touch()
    status, said = StubRun(tmp_path, "1", reports=tmp_path / place).run()
    assert status == 2
    assert str(tmp_path / place) in one_line(said)


# What a write needs


@pytest.mark.parametrize("size_bytes", [None, 5000])
def test_a_write_without_room_tells_the_folder_and_the_bytes(tmp_path, size_bytes):
    def write():
        with whole_file.written_whole(tmp_path / "deep/a.csv", size_bytes) as part:
            part.write_bytes(b"x" * 1000)
            raise OSError(28, "No space left on device")

    with pytest.raises(whole_file.CannotWrite) as caught:
        write()
    needs = "5,000" if size_bytes else "more than 1,000"
    assert f"{tmp_path}/deep can't be written to" in str(caught.value)
    assert f"a.csv needs {needs} bytes, " in str(caught.value)
    assert not list((tmp_path / "deep").iterdir())


@pytest.mark.parametrize(
    "error",
    [FileNotFoundError(2, "No such file", "/elsewhere"), OSError(28, "Full", "/elsewhere/b"),
     ValueError("words")],
)  # fmt: skip
def test_errors_about_something_else_stay_what_they_are(tmp_path, error):
    with pytest.raises(type(error)) as caught, whole_file.written_whole(tmp_path / "a.csv"):
        raise error
    assert caught.value is error


# Outputs that nobody reads


@pytest.mark.parametrize("command", [["audit"], ["compare"], ["drift"], ["predict", "x.pth"]])
def test_no_command_ends_in_a_traceback_where_a_file_is_missing(command, tmp_path, capsys):
    more = [str(tmp_path / "none")] * (2 if command[0] in ("compare", "drift") else 1)
    assert cli.main([*command, *more]) == 2
    assert "Traceback" not in (said := capsys.readouterr().err)
    assert said.startswith("harmlib: ")


def test_a_closed_pipe_ends_the_run_in_order(tmp_path):
    run = StubRun(tmp_path, pid_cell(tmp_path), "time.sleep(1)", names="abcdef")
    process = run.start()
    process.stdout.readline()
    process.stdout.close()
    with process.stderr:
        said = process.stderr.read()
    process.wait(60)
    assert process.returncode == 141
    assert one_line(said) == "harmlib: ended: nobody reads the output any more"
    assert run.began() != list("abcdef")
    assert not run.leftovers()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110
def test_an_output_on_a_full_disk_is_told_in_one_line(tmp_path):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        status, said = StubRun(tmp_path, "1").run(stdout=full)
    assert status == 2
    assert "no space is left" in one_line(said)


# Two at once


def test_a_second_run_is_told_who_is_at_it(tmp_path):
    run = StubRun(tmp_path, pid_cell(tmp_path), "time.sleep(600)")
    first = run.start()
    wait_for(run.began)
    try:
        status, said = run.run()
        assert status == 2
        line = one_line(said)
        assert f"the run {tmp_path}/reports/r is in use: process {first.pid} on " in line
        assert ", since 2" in line
    finally:
        first.kill()
        told(first)
    StubRun(tmp_path, pid_cell(tmp_path), "1")
    status, said = run.run()
    assert status == 0
    assert f"taken over from process {first.pid} on " in one_line(said)
    assert not run.leftovers()


HOLDER = """
import os, sys, time
from pathlib import Path
from harmlib.media.owned_lock import held
with held(Path(sys.argv[1]), "out.csv"):
    print("held", flush=True)
    if os.fork() == 0:
        os.setsid()
    time.sleep(600)
"""


def test_a_lock_ends_with_its_owner_even_if_a_child_of_it_lives_on(tmp_path, caplog):
    lock = tmp_path / "out.csv.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, lock], stdout=subprocess.PIPE, start_new_session=True
    )
    assert holder.stdout.readline() == b"held\n"
    (child,) = wait_for(psutil.Process(holder.pid).children)
    wait_for(lambda: os.getsid(child.pid) == child.pid)
    try:
        says = rf"out.csv is in use: process {holder.pid} on .*this host"
        with pytest.raises(InUse, match=says), held(lock, "out.csv"):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with held(lock, "out.csv"):
            assert f"taken over from process {holder.pid} on" in caplog.text
        assert not lock.exists()
    finally:
        child.kill()
        holder.stdout.close()


def test_one_process_does_not_hold_a_lock_twice(tmp_path):
    lock = tmp_path / "a.lock"
    says = f"process {os.getpid()} on"
    with held(lock, "a"), pytest.raises(InUse, match=says), held(lock, "a"):
        pass
    assert not lock.exists()
    with held(lock, "a"):
        assert lock.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00\xff", '{"host": 1}'])
def test_a_lock_that_says_nothing_is_taken(tmp_path, content):
    lock = tmp_path / "a.lock"
    lock.write_text(content)
    with held(lock, "a"):
        pass
    assert not lock.exists()


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    names = {pid: f"a.csv.{whole_file._HOST}-{pid}-01234567-89abcdef.part" for pid in (dead.pid, 1)}
    (tmp_path / "deep").mkdir()
    for name in [*names.values(), "mine.part", "a.csv.other-7-01234567-89abcdef.part"]:
        (tmp_path / "deep" / name).touch()
    whole_file.remove_leftovers(tmp_path)
    left = {path.name for path in (tmp_path / "deep").iterdir()}
    assert left == {names[1], "mine.part", "a.csv.other-7-01234567-89abcdef.part"}
