"""The frames of a video that is held: who may ask, how often, and what is given back when."""

import numpy as np
import psutil
import pytest
from PIL import Image

from harmlib.media import decoders, held_video
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits, end_decoders
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
