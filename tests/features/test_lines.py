"""Pictures of one pixel's height or width: within the memory and time of usual pictures."""

import av
import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from harmlib.features import clip
from harmlib.features.clip import ClipBackbone
from harmlib.features.weights import Weights
from harmlib.features.yolo import YoloBackbone, import_ultralytics
from harmlib.media.video import sample_frames
from harmlib.params import ClipParams, YoloParams

import_ultralytics()  # else its import would look for updates and write to the home folder
from ultralytics.data.augment import LetterBox  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")
UNTRAINED = Weights("untrained", None, None, 0)
SIZES = [(100_000, 1), (1, 60_000), (2, 500_000), (20_000, 3), (4_000, 1), (1_281, 1), (1, 1)]


@pytest.fixture(scope="module")
def backbones():
    return ClipBackbone(ClipParams(), UNTRAINED), YoloBackbone(YoloParams(), UNTRAINED)


@pytest.mark.parametrize("size", SIZES)
def test_a_line_becomes_a_unit_like_any_other(backbones, size, monkeypatch):
    resize, made = clip.interpolate, []

    def watched(*args, **kwargs):
        made.append(resize(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(clip, "interpolate", watched)
    line = np.full((size[1], size[0], 3), 90, np.uint8)
    for backbone in backbones:
        unit = backbone.prepare([line])
        assert unit.shape == (1, *backbone.unit_shape)
        assert (unit == 90).any(), "something of it is left"
    side = backbones[0].unit_shape[1]
    assert made[0].numel() <= 3 * side * side * clip._MAX_ASPECT


@pytest.mark.parametrize("size", [(640, 480), (160, 10), (10, 160), (1_279, 1), (33, 17)])
def test_usual_pictures_are_resized_whole(backbones, size):
    picture = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    clip_backbone, yolo_backbone = backbones
    side = clip_backbone.unit_shape[1]
    pixels = torch.from_numpy(picture).permute(2, 0, 1)
    if max(size) <= clip._MAX_ASPECT * min(size):
        bicubic = v2.InterpolationMode.BICUBIC
        whole = v2.functional.resize(pixels, [side], bicubic, antialias=True)
        expected = v2.functional.center_crop(whole, [side, side])
        torch.testing.assert_close(clip_backbone.prepare([picture])[0], expected)
    square = (yolo_backbone.image_size, yolo_backbone.image_size)
    boxed = torch.from_numpy(LetterBox(square, auto=False)(image=picture)).permute(2, 0, 1)
    torch.testing.assert_close(yolo_backbone.prepare([picture])[0], boxed)


def test_a_frame_of_a_line_is_squeezed(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=10, width=16_000, height=2, pix_fmt="yuv420p")
        frame = av.VideoFrame.from_ndarray(np.full((2, 16_000, 3), 90, np.uint8), format="rgb24")
        out.mux([*stream.encode(frame), *stream.encode()])
    (squeezed,) = sample_frames(tmp_path / "a.mkv", [0.0], 224)
    assert squeezed.shape == (224, 16 * 224, 3)
