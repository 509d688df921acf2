"""Small valid files with other bytes: nothing but facts or a reason, in bounded time.

In a process of its own, as in a run, so that a crash of a decoder would be a reason, too: one that
names a signal fails here, since it would be worth a look.
"""

import time

import pytest
from bad_files import PICTURES, VIDEOS, picture_bytes, video
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spoilt import EDITS, spoilt

from harmlib.media.contained import identify, load_image, probe, sample_sizes
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits

LIMITS = DecodeLimits(max_sec=20, max_gib=1.0)
BUDGET = settings(
    max_examples=100, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
KEEP = st.floats(0.01, 1.0)
INSERTED = st.tuples(st.integers(0, 2**20), st.binary(max_size=40))


def changed(content, edits, keep, inserted):
    content = spoilt(content, edits, keep)
    at = inserted[0] % (len(content) + 1)
    return content[:at] + inserted[1] + content[at:]


def check(path, modality):
    """Probe, and what comes behind it where that let the file pass."""
    began = time.monotonic()
    facts = probe(path, modality, max_frames=1000, max_pixels=4_000_000, limits=LIMITS)
    assert "signal" not in facts.reason, path.read_bytes()
    assert "longer than" not in facts.reason
    assert (facts.reason == "") == (facts.width > 0)
    if facts.reason == "":
        assert identify(path, 4_000_000) == modality
        if modality == "image":
            assert load_image(path, 4_000_000, LIMITS).shape == (facts.height, facts.width, 3)
        else:
            times = [0.0, facts.duration_sec / 2, facts.duration_sec]
            try:
                frames = sample_sizes(path, [(t, 24) for t in times], facts.tracks[0].track, LIMITS)
            except MediaError as error:
                assert "signal" not in str(error)  # noqa: PT017 - it may be refused
            else:
                assert len(frames) == 3
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("ending", PICTURES)
def test_pictures(tmp_path, ending):
    content, path = picture_bytes(PICTURES[ending]), tmp_path / f"a.{ending}"

    @BUDGET
    @given(EDITS, KEEP, INSERTED)
    def holds(edits, keep, inserted):
        path.write_bytes(changed(content, edits, keep, inserted))
        check(path, "image")

    holds()


@pytest.mark.parametrize("ending", VIDEOS)
def test_videos(tmp_path, ending):
    whole = video(tmp_path / f"whole.{ending}", VIDEOS[ending], count=5, size=(32, 24))
    content, path = whole.read_bytes(), tmp_path / f"a.{ending}"

    @BUDGET
    @given(EDITS, KEEP, INSERTED)
    def holds(edits, keep, inserted):
        path.write_bytes(changed(content, edits, keep, inserted))
        check(path, "video")

    holds()


@BUDGET
@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP",
                        b"\0\0\0\x20ftypisom", b"\x1a\x45\xdf\xa3", b"RIFF\0\0\0\0AVI ", b"G" * 4,
                        b"II*\0", b"BM", b"FLV\1", b"\0\0\0\1\x67", b"OggS", b""]),
       st.binary(max_size=3000), st.sampled_from(["image", "video"]))  # fmt: skip
def test_a_signature_and_then_noise(tmp_path_factory, head, noise, modality):
    path = tmp_path_factory.getbasetemp() / "noise.bin"
    path.write_bytes(head + noise)
    check(path, modality)
