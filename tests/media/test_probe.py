import hashlib
import os

import pytest

from harmlib.media import identify as identify_module
from harmlib.media import probe as probe_module
from harmlib.media.decode import load_image
from harmlib.media.perceptual_hash import grey_hash, small_grey
from harmlib.media.probe import Facts, probe


def test_facts_of_a_picture(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", 1, (12, 8))
    stat = path.stat()
    assert probe(path, "image") == Facts(
        path=str(path),
        size=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        width=12,
        height=8,
        frames=1,
        duration_sec=0.0,
        reason="",
        perceptual_hash=grey_hash(small_grey(load_image(path))),
        brightness=small_grey(load_image(path)).mean(),
    )


def test_facts_of_a_video(clip):
    facts = probe(clip, "video")
    assert (facts.width, facts.height, facts.frames, facts.reason) == (64, 48, 20, "")
    assert facts.duration_sec == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("modality", "content", "reason"),
    [
        ("image", b"", "empty file (0 bytes)"),
        ("video", b"", "empty file (0 bytes)"),
        ("image", b"words", "neither a picture nor a video"),
        ("video", b"words", "neither a picture nor a video"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, modality, content, reason):
    path = tmp_path / "a"
    path.write_bytes(content)
    facts = probe(path, modality)
    assert facts.reason.startswith(reason)
    assert facts.sha256 == hashlib.sha256(content).hexdigest()
    assert facts.width == 0


STRANGE = [TypeError("'str'"), KeyError(3), ZeroDivisionError("x"), RecursionError("deep"),
           AssertionError(), NotImplementedError("y"), MemoryError()]  # fmt: skip


@pytest.mark.parametrize("error", STRANGE, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("where", ["open_picture", "load_image"])
def test_whatever_a_file_raises_is_its_reason_with_its_kind(
    tmp_path, monkeypatch, write_image, where, error
):
    path = write_image(tmp_path / "a.png", 1)

    def stumble(*_, **__):
        raise error

    monkeypatch.setattr(
        identify_module if where == "open_picture" else probe_module, where, stumble
    )
    facts = probe(path, "image")
    assert type(error).__name__ in facts.reason
    assert facts.width == 0


def test_a_reason_is_one_line_of_bounded_length(tmp_path, monkeypatch, write_image):
    path = write_image(tmp_path / "a.png", 1)

    def stumble(*_):
        raise KeyError("a\r\nb\n" * 999)

    monkeypatch.setattr(probe_module, "load_image", stumble)
    reason = probe(path, "image").reason
    assert "\n" not in reason
    assert "\r" not in reason
    assert len(reason) < 400


def test_a_person_can_still_interrupt(tmp_path, monkeypatch, write_image):
    path = write_image(tmp_path / "a.png", 1)

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(probe_module, "load_image", interrupted)
    with pytest.raises(KeyboardInterrupt):
        probe(path, "image")


def test_what_is_gone_or_no_file_is_a_reason_too(tmp_path):
    assert "No such file" in probe(tmp_path / "gone.png", "image").reason
    os.mkfifo(tmp_path / "pipe.png")
    assert probe(tmp_path / "pipe.png", "image").reason == "a pipe (FIFO), not a file"
    assert probe(tmp_path, "image").reason == "a folder, not a file"


def test_training_calls_a_file_what_predicting_calls_it(tmp_path, write_image, clip):
    picture = write_image(tmp_path / "a.png", 1).rename(tmp_path / "a.mp4")
    assert probe(picture, "image").reason == ""
    assert "its content is an image, and it is listed as a video" in probe(picture, "video").reason
    assert "its content is a video" in probe(clip, "image").reason


def test_a_limit_is_the_callers(tmp_path, write_image):
    path = write_image(tmp_path / "a.png", 1, (12, 8))
    assert probe(path, "image", max_pixels=96).reason == ""
    reason = "12x8 pixels: more than the limit of 95"
    assert probe(path, "image", max_pixels=95).reason == reason
