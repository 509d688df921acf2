"""A checkpoint in Ultralytics' layout that the tests make, compared with Ultralytics' own code."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from file_weights import file_weights
from PIL import Image

from harmlib.features import yolo
from harmlib.features.weights import Weights, WeightsError
from harmlib.features.yolo import (
    MAX_IOU,
    MIN_CONFIDENCE,
    SUMMARY_NAMES,
    YoloBackbone,
    import_ultralytics,
    summarise_detections,
)
from harmlib.media.decode import MediaError, load_image
from harmlib.models.scaler import Scaler
from harmlib.params import YoloParams

import_ultralytics()  # else its import would look for updates and write to the home folder

from ultralytics import YOLO  # noqa: E402
from ultralytics.nn.tasks import (  # noqa: E402
    ClassificationModel,
    DetectionModel,
    SegmentationModel,
)
from ultralytics.utils.nms import non_max_suppression  # noqa: E402
from ultralytics.utils.ops import clip_boxes, scale_boxes  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("HARMLIB_SHARED", ROOT / ".." / "shared"))
SIDE, EMBEDDING = 96, 256


def from_file(path, image_size=SIDE):
    section = YoloParams(image_size=image_size, batch_size=4)
    return YoloBackbone(section, file_weights(path))


def save(model, path):
    torch.save({"epoch": -1, "model": model, "train_args": {"imgsz": SIDE}}, path)
    return path


def detector(**kwargs):
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return DetectionModel("yolov8n.yaml", verbose=False, **kwargs)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A detector whose random head is sure of itself, so that there is something to suppress."""
    model = detector(nc=80)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for layer in model.modules():  # else the signal fades, and all comparisons are of nothing
            if isinstance(layer, torch.nn.Conv2d) and layer.weight.requires_grad:
                torch.nn.init.kaiming_normal_(layer.weight, generator=generator)
                layer.weight.mul_(1.19)
        for layers in model.model[-1].cv3:
            layers[-1].bias.copy_(torch.randn(80, generator=generator) - 4)
            layers[-1].bias[0] = -1  # persons
    return save(model, tmp_path_factory.mktemp("yolo") / "yolov8n.pt")


@pytest.fixture(scope="module")
def backbone(checkpoint):
    return from_file(checkpoint)


@pytest.fixture(scope="module")
def batch(backbone, frames):
    return backbone.prepare(frames(3, seed=1, height=SIDE, width=SIDE))


@pytest.fixture(scope="module")
def rows(backbone, batch):
    with torch.inference_mode():
        return backbone.finish(*backbone.compute(batch))


@pytest.fixture(scope="module")
def predictions(checkpoint, batch):
    """What the stored model says, before anything is fused: (3, 4 + 80, anchors)."""
    model = torch.load(checkpoint, weights_only=False)["model"].float().eval()
    with torch.inference_mode():
        return model(batch / 255)[0]


def test_one_row_a_frame(rows):
    assert rows.shape == (3, EMBEDDING + 80 + len(SUMMARY_NAMES))
    assert rows.dtype == torch.float32


def test_embedding_is_ultralytics_own(checkpoint, rows, frames):
    pictures = frames(3, seed=1, height=SIDE, width=SIDE)
    flipped = [picture[..., ::-1].copy() for picture in pictures]  # it takes BGR
    expected = torch.stack(YOLO(checkpoint).embed(flipped, imgsz=SIDE, verbose=False))
    assert expected.std() > 0.1
    torch.testing.assert_close(rows[:, :EMBEDDING], expected, rtol=1e-3, atol=1e-4)


def test_confidences_are_the_highest_of_each_class(rows, predictions):
    found = rows[:, EMBEDDING : EMBEDDING + 80]
    assert found.std() > 0.1
    torch.testing.assert_close(found, predictions[:, 4:].amax(dim=2), rtol=1e-3, atol=1e-4)


def test_summary_is_of_the_boxes_that_ultralytics_keeps(rows, predictions):
    kept = non_max_suppression(predictions, MIN_CONFIDENCE, MAX_IOU, max_det=9999)
    before = (predictions[:, 4:].amax(dim=1) > MIN_CONFIDENCE).sum(dim=1)
    for row, boxes, candidates in zip(rows, kept, before, strict=True):
        assert 2 < len(boxes) < candidates  # else there was nothing to suppress
        boxes = boxes.numpy()
        expected = summarise_detections(boxes[:, :4], boxes[:, 5].astype(int), SIDE)
        assert row[EMBEDDING + 80 :].numpy() == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_only_boxes_of_one_class_suppress_each_other(backbone):
    boxes = torch.tensor([[50.0, 50, 20, 40]] * 3).T  # x, y, width, height
    best, classes = torch.tensor([0.9, 0.8, 0.7]), torch.tensor([0, 0, 7])
    summary = dict(zip(SUMMARY_NAMES, backbone._summarise(boxes, best, classes), strict=True))
    assert summary["objects"] == pytest.approx(np.log1p(2))
    assert summary["persons"] == pytest.approx(np.log1p(1))
    assert summary["person_area"] == pytest.approx(20 * 40 / SIDE**2)


def test_a_picture_without_detections(backbone):
    best = torch.full((9,), MIN_CONFIDENCE - 0.01)
    summary = backbone._summarise(torch.rand(4, 9), best, torch.zeros(9, dtype=torch.long))
    assert summary.tolist() == [0] * len(SUMMARY_NAMES)


def test_frames_do_not_see_each_other(backbone, batch, rows):
    with torch.inference_mode():
        alone = torch.cat([backbone.finish(*backbone.compute(one[None])) for one in batch])
    torch.testing.assert_close(alone, rows, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(48, 96), (200, 100), (96, 96), (3, 500)])
def test_prepare_keeps_the_aspect_and_pads_with_grey(backbone, height, width):
    picture = np.full((height, width, 3), (255, 0, 51), dtype=np.uint8)
    batch = backbone.prepare([picture])
    assert batch.shape == (1, 3, SIDE, SIDE)
    assert batch.dtype == torch.uint8
    scale = SIDE / max(height, width)
    filled = (batch[0] == torch.tensor([255, 0, 51])[:, None, None]).all(dim=0)
    assert filled.any(dim=1).sum() == max(1, round(height * scale))
    assert filled.any(dim=0).sum() == max(1, round(width * scale))
    assert (batch[0][:, ~filled] == 114).all()


@pytest.mark.parametrize("architecture", ["yolov8n", "yolo11n"])
def test_untrained_depends_on_its_seed_and_tells_pictures_apart(architecture, batch):
    section = YoloParams(architecture=architecture, image_size=SIDE)
    before = torch.get_rng_state()
    built = [YoloBackbone(section, Weights("untrained", None, None, seed)) for seed in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    with torch.inference_mode():
        one, same, other = (backbone.compute(batch)[0] for backbone in built)
    assert torch.equal(one, same)
    assert not torch.isclose(one, other, rtol=0.01).any(dim=0).all()
    assert built[0].network.model[-1].dfl.conv.weight.flatten().tolist() == list(range(16))
    assert not Scaler.fit(one.numpy()).sd.isinf().any()  # no column that scaling switches off


def end_to_end():
    model = DetectionModel("yolov10n.yaml", nc=80, verbose=False)
    model.model[-1].__class__ = type(detector(nc=80).model[-1])
    model.model[-1].end2end = True
    return model


WRONG_MODELS = {
    "three classes": (lambda: detector(nc=3), "DetectionModel with a Detect head of 3 classes"),
    "masks": (lambda: SegmentationModel("yolov8n-seg.yaml", nc=80, verbose=False), "Segment head"),
    "a classifier": (
        lambda: ClassificationModel("yolov8n-cls.yaml", nc=80, verbose=False),
        "got C",
    ),
    "end to end": (end_to_end, "not end-to-end"),
}


@pytest.mark.parametrize("kind", WRONG_MODELS)
def test_another_model_of_ultralytics(tmp_path, kind):
    build, message = WRONG_MODELS[kind]
    with pytest.raises(WeightsError, match=rf"wrong\.pt: expected a YOLOv8 or .*{message}"):
        _ = from_file(save(build(), tmp_path / "wrong.pt")).network


WRONG_FILES = {
    "empty": lambda path, _: path.write_bytes(b""),
    "text": lambda path, _: path.write_text("<html>please log in</html>\n" * 99),
    "cut off": lambda path, good: path.write_bytes(good.read_bytes()[:99_999]),
    "other weights": lambda path, _: torch.save({"a": torch.ones(2)}, path),
    "a tensor": lambda path, _: torch.save(torch.ones(2), path),
    "unknown classes": lambda path, _: path.write_bytes(b"cno_such_module\nThing\n."),
}


@pytest.mark.parametrize("kind", WRONG_FILES)
def test_a_wrong_file(tmp_path, checkpoint, kind):
    WRONG_FILES[kind](tmp_path / "wrong.pt", checkpoint)
    with pytest.raises(WeightsError, match=r"wrong\.pt: not an Ultralytics checkpoint: \S"):
        _ = from_file(tmp_path / "wrong.pt").network


def test_a_file_may_end_in_anything(tmp_path, checkpoint):
    path = tmp_path / "yolo.ckpt"
    path.write_bytes(checkpoint.read_bytes())
    assert from_file(path).network.model[-1].nc == 80


IMPORT = """
import os, socket, subprocess, sys
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise OSError(f"the test allows no {event}")
    if event == "subprocess.Popen" and "pip" in str(args[1]):
        raise OSError("the test allows no pip")
sys.addaudithook(refuse)
from harmlib.features.weights import Weights
from harmlib.features.yolo import YoloBackbone
from harmlib.params import YoloParams
YoloBackbone(YoloParams(image_size=64), Weights("untrained", None, None, 0)).build()
from ultralytics import utils
from ultralytics.utils.events import events
from ultralytics.utils import checks
assert not utils.AUTOINSTALL and not utils.ONLINE and not events.enabled
assert "planted" not in str(dict(utils.SETTINGS)), utils.SETTINGS
assert not checks.check_requirements("a-package-that-is-not-there")
assert os.environ.get("YOLO_CONFIG_DIR") == os.environ.get("BEFORE")
"""


@pytest.mark.parametrize("before", [None, "/nowhere/settings"])
def test_its_settings_are_nobodys_and_nothing_is_left(tmp_path, before):
    """Neither in the home nor at a known place of the shared temporary folder."""
    home, shared = tmp_path / "home", tmp_path / "tmp"
    planted = shared / "harmlib-ultralytics" / "Ultralytics" / "settings.json"
    for folder in (home, planted.parent):
        folder.mkdir(parents=True)
    planted.write_text('{"uuid": "planted", "sync": true}')
    given = {"HOME": str(home), "TMPDIR": str(shared), "PYTHONPATH": str(ROOT)}
    if before:
        given |= {"YOLO_CONFIG_DIR": before, "BEFORE": before}
    path = {"PATH": os.environ["PATH"], "MPLCONFIGDIR": str(tmp_path / "matplotlib")}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT],
        env=given | path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert list(home.rglob("*")) == []
    assert [p.name for p in shared.iterdir()] == ["harmlib-ultralytics"]


def test_a_damaged_picture_is_still_just_that(tmp_path):
    """Ultralytics replaces Pillow's open by one that tries to install a package."""
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(MediaError, match="not a picture that Pillow can read"):
        load_image(tmp_path / "text.jpg")


def test_numbers_are_printed_as_before():
    """Ultralytics would change NumPy's print options for the whole notebook."""
    code = (
        "import numpy as np; before = np.get_printoptions()\n"
        "from harmlib.features.yolo import import_ultralytics; import_ultralytics()\n"
        "assert np.get_printoptions() == before, np.get_printoptions()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_pool(backbone):
    assert backbone.pool(np.array([[1.0, 2.0]])).tolist() == [1, 2]
    assert backbone.pool(np.array([[1.0, 5.0], [3.0, 1.0]])).tolist() == [2, 3, 3, 5]


def test_detections_on_real_pictures_are_ultralytics_own(monkeypatch):
    path, pictures = SHARED / "weights" / "yolov8n_dequant.pt", SHARED / "data" / "real" / "images"
    files = sorted(pictures.rglob("*.jpg"))[::450]
    if not path.is_file() or not files:
        pytest.skip(f"no real weights and pictures at {SHARED} (set HARMLIB_SHARED)")
    size = 320
    backbone, seen = from_file(path, size), []

    def keep(boxes, classes, image_size):
        seen.append((boxes, classes))
        return summarise_detections(boxes, classes, image_size)

    monkeypatch.setattr(yolo, "summarise_detections", keep)
    loaded = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    with torch.inference_mode():
        backbone.finish(*backbone.compute(backbone.prepare(loaded)))
    flipped = [picture[..., ::-1].copy() for picture in loaded]
    results = YOLO(path).predict(
        flipped, imgsz=size, rect=False, conf=MIN_CONFIDENCE, iou=MAX_IOU, verbose=False
    )
    assert sum(len(result.boxes) for result in results) >= 5
    for (boxes, classes), picture, result in zip(seen, loaded, results, strict=True):
        assert classes.tolist() == result.boxes.cls.tolist()
        found = scale_boxes((size, size), torch.from_numpy(boxes).clone(), picture.shape)
        torch.testing.assert_close(
            clip_boxes(found, picture.shape), result.boxes.xyxy, rtol=0, atol=0.1
        )
