"""The frames of a video that is held: who may ask, how often, and what is given back when."""

import numpy as np
import psutil
import pytest
from PIL import Image

from harmlib.media import decoders, held_video
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits, DecoderDied, end_decoders
from harmlib.media.held_video import probe_and_hold
from harmlib.media.probe import probe
from harmlib.media.probe_and_sample import Wanted, probe_and_sample
from harmlib.media.video import sample_sizes

WANTED = [(0.0, None), (0.1, None), (0.1, None), (0.55, 24), (0.1, 24), (9.0, None)]


def hold(path, limits=DecodeLimits()):  # noqa: B008 - it is frozen
    return probe_and_hold(path, 10**6, 10**8, limits, None)


def room_left():
    return held_video._ROOM._left_bytes


@pytest.fixture(autouse=True)
def _only_own_processes():
    end_decoders()


def test_frames_are_those_of_decoding_again(clip):
    facts, held = hold(clip)
    assert facts == probe(clip, "video")
    held.expect(1)
    found = held.sample_sizes(WANTED[:4], facts.tracks[0].track)
    assert found[1] is found[2]
    for one, other in zip(found, sample_sizes(clip, WANTED[:4]), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("at", range(40))
def test_the_frame_on_screen_is_the_last_that_has_begun(clip, at):
    facts, held = hold(clip)
    held.expect(1)
    wanted = [(at * 0.05, None)]
    (found,) = held.sample_sizes(wanted, facts.tracks[0].track)
    np.testing.assert_array_equal(found, sample_sizes(clip, wanted)[0])


def test_after_the_last_question_the_process_is_lent_to_others(clip):
    before = room_left()
    facts, held = hold(clip)
    held.expect(2)
    assert before - (1 << 20) < room_left() < before
    for answered in (1, 2):
        assert len(held.sample_sizes([(0.0, None)], facts.tracks[0].track)) == 1
        assert len(decoders._idle) == answered - 1
    assert room_left() == before
    with pytest.raises(MediaError, match="nobody wants it"):
        held.sample_sizes([(0.0, None)], facts.tracks[0].track)


def test_who_closes_it_gets_the_room_and_the_process_back(clip):
    before = room_left()
    facts, held = hold(clip)
    held.expect(9)
    held.close()
    assert room_left() == before
    assert len(decoders._idle) == 1
    with pytest.raises(MediaError, match="nobody wants it"):
        held.sample_sizes([(0.0, None)], facts.tracks[0].track)


def test_what_cannot_be_used_or_does_not_fit_is_not_held(clip, tmp_path):
    before = room_left()
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(clip.read_bytes()[:300])
    assert hold(bad) == (probe(bad, "video"), None)
    assert hold(clip, DecodeLimits(max_gib=0.0002))[1] is None
    assert room_left() == before
    assert len(decoders._idle) <= 1


def test_frames_that_are_kept_keep_no_threads(tmp_path):
    """Each frame would keep a converter with threads and memory of its own."""
    path = tmp_path / "a.gif"
    pictures = [Image.new("RGB", (64, 48), (i, 2 * i, 90)) for i in range(60)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=40)
    decoding = probe_and_sample(path, 99, 9999, 100_000_000)
    next(decoding)
    before = psutil.Process().num_threads()
    sampled = decoding.send(Wanted(0, [(i * 0.04, 20) for i in range(60)]))
    assert len({frame.tobytes() for frame in sampled}) > 50
    assert psutil.Process().num_threads() <= before + 4
    decoding.close()


def dies(monkeypatch, error):
    """Whatever keeps frames dies; returns how often that was tried."""
    tried = []

    def conversation(*_):
        tried.append(1)
        raise error

    monkeypatch.setattr(held_video, "Conversation", conversation)
    return tried


@pytest.mark.parametrize(
    "error", [DecoderDied("the decoder crashed on this file (signal 11)"), MemoryError()]
)
def test_a_file_whose_kept_frames_end_the_process_is_probed_without(
    clip, tmp_path, monkeypatch, error
):
    before, tried = room_left(), dies(monkeypatch, error)
    notes = tmp_path / "in_hand"
    notes.mkdir()
    facts, held = probe_and_hold(clip, 10**6, 10**8, DecodeLimits(), notes)
    assert (facts, held) == (probe(clip, "video"), None)
    assert len(tried) == 1
    assert room_left() == before
    assert not list(notes.iterdir()), "the file can be used"


def test_a_file_that_ends_the_process_either_way_is_lost_and_remembered(
    clip, tmp_path, monkeypatch
):
    crashed = DecoderDied("the decoder crashed on this file (signal 11)")
    tried = dies(monkeypatch, crashed)

    def again(*_):
        raise crashed

    monkeypatch.setattr(decoders, "contained", again)
    notes = tmp_path / "in_hand"
    notes.mkdir()
    facts, held = probe_and_hold(clip, 10**6, 10**8, DecodeLimits(), notes)
    assert (facts.reason, held) == (str(crashed), None)
    assert len(list(notes.iterdir())) == 1
    assert "not tried again" in probe_and_hold(clip, 10**6, 10**8, DecodeLimits(), notes)[0].reason
    assert len(tried) == 1


def test_a_file_that_takes_too_long_is_not_given_the_time_twice(clip, monkeypatch):
    late = DecoderDied("decoding took longer than 9 s", took_too_long=True)
    dies(monkeypatch, late)
    monkeypatch.setattr(decoders, "contained", lambda *_: pytest.fail("it was tried again"))
    assert hold(clip)[0].reason == str(late)


def test_a_process_that_takes_too_long_says_so():
    with pytest.raises(DecoderDied) as died:
        decoders.contained(DecodeLimits(max_sec=0.1), eval, "__import__('time').sleep(9)")
    assert died.value.took_too_long
    with pytest.raises(DecoderDied) as died:
        decoders.contained(DecodeLimits(), eval, "__import__('os').abort()")
    assert not died.value.took_too_long


def test_frames_of_a_process_that_died_are_held_by_another_once(clip, monkeypatch):
    """Nothing is decoded for each window by itself, as long as a second process holds them."""
    before = room_left()
    facts, held = hold(clip)
    held.expect(5)
    track, alone = facts.tracks[0].track, []
    real = held_video.contained.sample_sizes
    monkeypatch.setattr(
        held_video.contained, "sample_sizes", lambda *given: alone.append(given) or real(*given)
    )
    wanted = [sample_sizes(clip, [(i * 0.3, None)])[0] for i in range(5)]
    for i, frame in enumerate(wanted):
        if i in (1, 3):
            held._talk._decoder.kill()
        (found,) = held.sample_sizes([(i * 0.3, None)], track)
        np.testing.assert_array_equal(found, frame)
        assert len(alone) == max(0, i - 2), "the second death is the last that is made good"
    assert room_left() == before
