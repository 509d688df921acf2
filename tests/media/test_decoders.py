"""Decoding in processes that really crash, hang, are killed and run out of memory."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from deaths import DEATHS, SOON, dies_on

from harmlib.media import contained as contained_module
from harmlib.media import decoders, thumbnails
from harmlib.media.contained import load_image, probe, sample_sizes, stream_sizes
from harmlib.media.decode import MediaError, loss_reason
from harmlib.media.decode import load_image as load_here
from harmlib.media.decoders import (
    Conversation,
    DecodeLimits,
    DecoderDied,
    contained,
    contained_stream,
    decoding_threads,
    end_decoders,
)
from harmlib.media.probe import probe as probe_in_this_process
from harmlib.media.probe_cache import probe_all
from harmlib.media.video import sample_sizes as sample_here

ROOT = Path(__file__).parents[2]


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def gone_within(pid, seconds):
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


@pytest.mark.parametrize("death", DEATHS)
def test_each_death_is_told_and_the_next_call_works(death):
    function, args, reason = DEATHS[death]
    with pytest.raises((MediaError, MemoryError)) as told:
        contained(SOON, function, *args)
    assert reason in loss_reason(told.value)
    assert contained(SOON, divmod, 7, 2) == (3, 1)


def test_memory_is_bounded_by_what_is_asked_for():
    small, large = DecodeLimits(60, 0.05), DecodeLimits(60, 2)
    assert len(contained(large, bytes, 100 << 20)) == 100 << 20
    with pytest.raises(MemoryError):
        contained(small, bytes, 100 << 20)
    assert len(contained(large, bytes, 100 << 20)) == 100 << 20  # the bound is that of the call


def test_a_picture_that_needs_too_much_memory_is_lost_and_not_remembered(tmp_path, write_image):
    path = write_image(tmp_path / "large.png", 1, (2000, 1500))
    facts = probe(path, "image", limits=DecodeLimits(60, 0.005))
    assert "needs more memory" in facts.reason
    assert facts.sha256 == ""
    assert probe(path, "image").reason == ""


def test_a_video_that_needs_too_much_memory_is_not_called_damaged(tmp_path, write_video):
    path = write_video(tmp_path / "large.mp4", 3, size=(3840, 2160))
    facts = probe(path, "video", limits=DecodeLimits(60, 0.05))
    assert "needs more memory" in facts.reason
    assert facts.sha256 == ""
    assert probe(path, "video").reason == ""


def test_arrays_are_the_same(tmp_path, write_image, clip):
    path = write_image(tmp_path / "a.png", 1, (300, 200))
    np.testing.assert_array_equal(load_image(path), load_here(path))
    wanted = [(0.1, None), (0.1, None), (0.5, 24)]
    found = sample_sizes(clip, wanted)
    assert found[0] is found[1]
    for one, other in zip(found, sample_here(clip, wanted), strict=True):
        np.testing.assert_array_equal(one, other)


def test_arrays_outlive_their_process(clip):
    (first,) = sample_sizes(clip, [(0.0, None)])
    before = first.copy()
    end_decoders()
    sample_sizes(clip, [(1.0, None)])
    np.testing.assert_array_equal(first, before)


def test_many_answers_leave_no_file_open(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", 1)
    load_image(path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(200):
        load_image(path)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2


def test_the_facts_are_those_of_the_same_process(clip, tmp_path):
    assert probe(clip, "video") == probe_in_this_process(clip, "video")
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(clip.read_bytes()[:300])
    assert probe(bad, "video") == probe_in_this_process(bad, "video")


def test_frames_come_when_they_are_wanted_and_a_stream_may_be_left(clip, frame_index):
    wanted = [(i / 10, None) for i in range(20)]
    frames = stream_sizes(clip, wanted, contained_module.MAIN)
    assert [frame_index(next(frames)) for _ in range(3)] == [0, 1, 2]
    frames.close()
    again = stream_sizes(clip, wanted, contained_module.MAIN)
    assert [frame_index(frame) for frame in again] == list(range(20))


def test_waiting_for_the_reader_of_a_stream_takes_none_of_its_time(clip):
    frames = stream_sizes(clip, [(0.0, None), (1.0, None)], contained_module.MAIN, SOON)
    next(frames)
    time.sleep(SOON.max_sec + 0.5)
    assert next(frames) is not None


def test_a_stream_that_dies_half_way():
    frames = contained_stream(
        SOON, eval, "(i if i < 3 else __import__('signal').raise_signal(11) for i in range(9))"
    )
    assert [next(frames) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DecoderDied, match=r"crashed on this file \(signal 11\)"):
        next(frames)


ECHO = "(lambda: [(yield 0), (yield 1), (yield 2)])()"


def test_a_conversation_goes_back_and_forth_and_lends_its_process_on():
    end_decoders()
    talk = Conversation(SOON, eval, "(lambda: (yield (yield (yield 0))))()")
    assert talk.say() == 0
    assert contained(SOON, divmod, 7, 2) == (3, 1)  # by another process
    assert [talk.say(one) for one in ("a", [b"b"])] == ["a", [b"b"]]
    talk.close()
    talk.close()
    assert len(decoders._idle) == 2
    with pytest.raises(EOFError, match="closed"):
        talk.say()


def test_a_conversation_that_ends_by_itself_lends_its_process_on():
    end_decoders()
    talk = Conversation(SOON, eval, ECHO)
    assert [talk.say() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(EOFError, match="nothing follows"):
        talk.say()
    assert len(decoders._idle) == 1
    assert contained(SOON, divmod, 7, 2) == (3, 1)


def test_each_question_of_a_conversation_has_the_time_of_a_call():
    slow = (
        "(lambda sleep: [(yield sleep(0.7)), (yield sleep(0.7)), (yield sleep(9))])"
        "(__import__('time').sleep)"
    )
    talk = Conversation(SOON, eval, slow)
    assert [talk.say(), talk.say("more")] == [None, None]
    with pytest.raises(DecoderDied, match="longer than 1 s"):
        talk.say("more")
    with pytest.raises(EOFError):
        talk.say("more")


def test_a_process_that_was_killed_while_it_waited_costs_no_file():
    assert contained(SOON, divmod, 7, 2) == (3, 1)
    for decoder in decoders._idle:
        decoder._process.kill()
        decoder._process.wait()
    assert contained(SOON, divmod, 7, 2) == (3, 1)


def test_leaving_the_threads_early_ends_what_they_wait_for():
    began = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt), decoding_threads(2) as pool:
        for _ in range(8):
            pool.submit(contained, DecodeLimits(60), time.sleep, 50)
        time.sleep(1)
        raise KeyboardInterrupt
    assert time.monotonic() - began < 20


SLEEPER = """
import os, sys, time
from harmlib.media import decoders
from harmlib.media.decoders import DecodeLimits, contained
import threading
threading.Thread(
    target=contained, args=(DecodeLimits(60), eval, sys.argv[1]), daemon=True
).start()
while not any(decoders._busy.values()):
    time.sleep(0.01)
time.sleep(0.3)
(own,) = (one for one in decoders._busy.values() if one)
print(own[0]._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("work", ["__import__('time').sleep(50)", "sum(range(10**12))"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_the_process_that_started_it(work, how):
    started = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, work],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    pid = int(started.stdout.readline())
    assert alive(pid)
    started.send_signal(how)
    started.wait(20)
    started.stdout.close()
    assert gone_within(pid, 10)


def test_a_forked_process_has_its_own():
    load = "from harmlib.media.decoders import DecodeLimits, contained\nimport os\n"
    code = load + (
        "first = contained(DecodeLimits(), os.getpid)\n"
        "child = os.fork()\n"
        "second = contained(DecodeLimits(), os.getpid)\n"
        "if child == 0: os._exit(0 if second != first else 3)\n"
        "assert second == first and os.waitpid(child, 0)[1] == 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True,
        timeout=60, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_no_process_can_be_started(monkeypatch):
    end_decoders()
    monkeypatch.setattr(decoders, "_START", "raise SystemExit(5)")
    with pytest.raises(MediaError, match=r"no process could be started to decode it \(5\)"):
        contained(SOON, divmod, 7, 2)


@pytest.mark.parametrize("death", DEATHS)
def test_probing_goes_on_after_each_death(tmp_path, write_image, monkeypatch, death):
    paths = [write_image(tmp_path / f"{i}.png", i) for i in range(6)]
    cache = tmp_path / "cache.parquet"
    with monkeypatch.context() as patch:
        reason = dies_on(patch, paths[2], death)
        table = probe_all(paths, "image", cache)
    assert (table["reason"] != "").tolist() == [False, False, True, False, False, False]
    assert reason in table["reason"][2]
    again = probe_all(paths, "image", cache)["reason"]  # it could be read now
    if death in ("killed", "memory that never ends"):  # not the file's own doing, perhaps
        assert (again == "").all()
        return
    assert again[2].startswith(table["reason"][2])
    (note,) = (tmp_path / "cache.in_hand").iterdir()
    assert f"not tried again (delete {note} to do so)" in again[2]
    note.unlink()
    assert (probe_all(paths, "image", cache)["reason"] == "").all()
    assert not note.parent.exists()


def test_a_picture_that_kills_its_decoder_leaves_the_page_without_it(
    tmp_path, write_image, monkeypatch
):
    paths = {str(i): write_image(tmp_path / f"{i}.png", i) for i in range(3)}
    real = thumbnails.contained

    def dies(limits, function, path, *args):
        if path.name == "1.png":
            return real(limits, signal.raise_signal, signal.SIGSEGV)
        return real(limits, function, path, *args)

    monkeypatch.setattr(thumbnails, "contained", dies)
    assert sorted(thumbnails.thumbnails(paths, "image")) == ["0", "2"]


def test_threads_share_the_processes(tmp_path, write_image):
    end_decoders()
    paths = [write_image(tmp_path / f"{i}.png", i) for i in range(40)]
    probe_all(paths, "image", tmp_path / "cache.parquet")
    probe_all(paths, "image", tmp_path / "other.parquet")
    assert 1 <= len(decoders._idle) <= (os.cpu_count() or 1)
    assert threading.active_count() < 20
