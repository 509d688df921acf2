"""Each backbone small and untrained, through both engines, against plain torch in fp32."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from file_weights import file_weights
from torch.nn.functional import cosine_similarity

from harmlib.features import clip, engine
from harmlib.features.clip import ClipBackbone
from harmlib.features.engine import OpenvinoEngine, TorchEngine, open_engine
from harmlib.features.motion import MotionBackbone
from harmlib.features.slowfast import CLIP_FRAMES, SlowFastBackbone
from harmlib.features.weights import Weights, WeightsError
from harmlib.features.yolo import SUMMARY_NAMES, YoloBackbone
from harmlib.media.decode import load_image
from harmlib.params import ClipParams, MotionParams, SlowFastParams, YoloParams

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning"),
]

CPU = torch.device("cpu")
SIDE = 64
NAMES = ["clip", "yolo", "slowfast", "motion"]
CLOSE = 0.999  # cosine to fp32 that a lower precision must keep
SHARED = Path(os.environ.get("HARMLIB_SHARED", Path(__file__).parents[3] / "shared"))


def build(name, seed=0):
    weights = Weights("untrained", None, None, seed)
    if name == "clip":
        return ClipBackbone(ClipParams(batch_size=4), weights)
    if name == "yolo":
        return YoloBackbone(YoloParams(image_size=SIDE, batch_size=4), weights)
    if name == "motion":
        return MotionBackbone(MotionParams(clip_sec=1.0), Weights("none", None, None, None))
    return SlowFastBackbone(SlowFastParams(image_size=SIDE, batch_size=4), weights)


@pytest.fixture(scope="module", autouse=True)
def _small_tower():
    with pytest.MonkeyPatch.context() as patch:
        small = {"patch_size": 32, "width": 128, "layers": 2, "heads": 2, "output_dim": 32}
        patch.setitem(clip._TOWERS, "ViT-B/32", small)
        yield


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module", params=NAMES)
def case(request, frames):
    """A backbone, units of three files, and what plain torch in fp32 makes of them."""
    backbone = build(request.param)
    count = {"slowfast": 3 * CLIP_FRAMES, "motion": 3 * 30}.get(request.param, 3)
    units = backbone.prepare(frames(count, seed=4, height=SIDE, width=SIDE))
    with torch.inference_mode():
        rows = backbone.finish(*backbone.compute(units))
    assert rows.std() > 1e-3  # else all comparisons are of nothing
    return backbone, units, rows


def test_openvino_in_fp32_is_torch(case, cache):
    backbone, units, rows = case
    ready = OpenvinoEngine(backbone, torch.float32, cache)
    for batch, expected in ((units, rows), (units[1:2], rows[1:2])):  # any number of units
        found = ready.start(batch)()
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * float(rows.abs().max()))


@pytest.mark.parametrize("kind", ["openvino", "torch"])
def test_bf16_stays_close_to_fp32(case, cache, kind):
    backbone, units, rows = case
    if kind == "openvino":
        ready = OpenvinoEngine(backbone, torch.bfloat16, cache)
    else:
        ready = TorchEngine(build(backbone.name), CPU, torch.bfloat16)
    found = torch.from_numpy(ready.start(units)())
    assert cosine_similarity(found, rows).min() >= CLOSE


def test_bf16_stays_close_on_real_pictures_with_real_weights(tmp_path):
    path, pictures = SHARED / "weights" / "yolov8n_dequant.pt", SHARED / "data" / "real" / "images"
    files = sorted(pictures.rglob("*.jpg"))[::250]
    if not path.is_file() or not files:
        pytest.skip(f"no real weights and pictures at {SHARED} (set HARMLIB_SHARED)")
    section = YoloParams(image_size=320, batch_size=8)
    backbone = YoloBackbone(section, file_weights(path))
    units = backbone.prepare([load_image(file) for file in files])
    with torch.inference_mode():
        rows = backbone.finish(*backbone.compute(units))
    found = OpenvinoEngine(backbone, torch.bfloat16, tmp_path).start(units)()
    # Less the summary, which counts: a detection at the edge of being one comes or goes.
    seen = rows.shape[1] - len(SUMMARY_NAMES)
    assert cosine_similarity(torch.from_numpy(found)[:, :seen], rows[:, :seen]).min() >= CLOSE


def test_a_network_is_converted_once(tmp_path, monkeypatch, frames):
    units = build("clip").prepare(frames(2))
    first = OpenvinoEngine(build("clip"), torch.float32, tmp_path).start(units)()
    other = OpenvinoEngine(build("clip", seed=1), torch.float32, tmp_path).start(units)()
    assert not np.allclose(first, other)
    monkeypatch.setattr(engine, "_convert", lambda _: pytest.fail("converted again"))
    again = OpenvinoEngine(build("clip"), torch.float32, tmp_path).start(units)()
    np.testing.assert_array_equal(first, again)
    assert len(list(tmp_path.iterdir())) == 2  # nothing half done is left


@pytest.mark.parametrize("package", ["torch", "openvino", "openai-clip"])
def test_a_newer_package_converts_again(tmp_path, monkeypatch, package):
    versions = dict.fromkeys(["torch", "openvino", "openai-clip"], "1")
    monkeypatch.setattr(engine, "_convert", _constant)
    monkeypatch.setattr(engine.importlib.metadata, "version", lambda name: versions[name])
    backbone = build("clip")
    for version in ("1", "2", "2"):
        versions[package] = version
        OpenvinoEngine(backbone, torch.float32, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_newer_version_of_the_code_converts_again(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_convert", _constant)
    backbone = build("clip")
    OpenvinoEngine(backbone, torch.float32, tmp_path)
    monkeypatch.setattr(ClipBackbone, "version", 99)
    OpenvinoEngine(backbone, torch.float32, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def _constant(backbone):
    """A model in place of the backbone's, which would take seconds to convert."""
    openvino = engine.openvino  # imported by `engine`, which keeps it from reporting
    unit = openvino.opset13.parameter([-1, *backbone.unit_shape], openvino.Type.u8)
    return openvino.Model([unit], [unit])


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "damage"),
    [("network.xml", cut), ("network.bin", cut), ("network.bin", flipped),
     ("network.bin", Path.unlink), ("sha256", Path.unlink), ("sha256", flipped)],
)  # fmt: skip
def test_a_damaged_cache_is_made_again_in_one_line(tmp_path, monkeypatch, caplog, name, damage):
    monkeypatch.setattr(engine, "_convert", _constant)
    backbone = build("clip")
    for _ in range(2):  # what was set aside before makes room
        caplog.clear()
        OpenvinoEngine(backbone, torch.float32, tmp_path)
        (folder,) = (path for path in tmp_path.iterdir() if path.suffix != ".damaged")
        if name == "network.bin":  # this network has no weights
            (folder / name).write_bytes(b"weights" * 99)
            (folder / "sha256").write_text(engine._digest(folder))
        damage(folder / name)
        OpenvinoEngine(backbone, torch.float32, tmp_path)
        (line,) = caplog.messages
        assert f"{folder}: a converted network that is damaged" in line
        assert "set aside as *.damaged, made again" in line
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        folder.name, f"{folder.name}.damaged",
    ]  # fmt: skip


def test_a_cache_that_openvino_cannot_read_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_convert", _constant)
    OpenvinoEngine(build("clip"), torch.float32, tmp_path)
    (folder,) = tmp_path.iterdir()
    cut(folder / "network.xml")
    (folder / "sha256").write_text(engine._digest(folder))
    with pytest.raises(WeightsError, match=f"{folder.name}.*delete the folder"):
        OpenvinoEngine(build("clip"), torch.float32, tmp_path)


def test_the_device_decides(tmp_path):
    backbone = build("clip")
    assert isinstance(open_engine(backbone, CPU, torch.float32, tmp_path), OpenvinoEngine)
    meta = open_engine(backbone, torch.device("meta"), torch.float32, tmp_path)
    assert isinstance(meta, TorchEngine)


class Narrow:
    """Runs out of memory above `fits` units."""

    name, batch_size, unit_shape = "clip", 8, (3, 1, 1)
    network = torch.nn.Identity()

    def __init__(self, fits):
        self.fits, self.batches = fits, []

    def compute(self, batch):
        if len(batch) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.batches.append(len(batch))
        return (batch.float().flatten(1),)

    def finish(self, rows):
        return rows


def test_out_of_memory_halves_the_batch_and_goes_on():
    narrow = Narrow(fits=3)
    ready = TorchEngine(narrow, CPU, torch.float32)
    units = torch.arange(24, dtype=torch.uint8).view(8, 3, 1, 1)
    with pytest.warns(UserWarning, match="at a time need more memory than cpu has") as noted:
        found = ready.start(units)()
    assert found.tolist() == units.flatten(1).tolist()
    assert narrow.batches == [2, 2, 2, 2]
    assert [str(one.message)[:22] for one in noted] == [
        "clip: 8 at a time need",
        "clip: 4 at a time need",
    ]
    ready.start(units[:3])()
    assert narrow.batches[4:] == [2, 1]  # what fits is remembered


def test_one_unit_that_does_not_fit_is_an_error():
    with (
        pytest.warns(UserWarning, match="going on with 1"),
        pytest.raises(torch.OutOfMemoryError),
    ):
        TorchEngine(Narrow(fits=0), CPU, torch.float32).start(torch.zeros(2, 3, 1, 1))


def test_nothing_is_reported_to_openvinos_makers():
    code = (
        "import socket, sys\n"
        "def refuse(*args): raise SystemExit('it opened a connection')\n"
        "socket.socket.connect = refuse\n"
        "import harmlib.features.engine, openvino.tools.ovc.convert_impl\n"
        "assert not any(m.startswith('openvino_telemetry.') for m in sys.modules)\n"
        "from openvino.tools.ovc import telemetry_utils\n"
        "assert telemetry_utils.tm.__name__.endswith('telemetry_stub')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("threads", [None, 1])
def test_a_share_of_the_processor_is_not_its_first_cores(cache, threads):
    """Two processes of one thread each would else compute on the same core."""
    opened = OpenvinoEngine(build("motion"), torch.float32, cache, threads)
    assert opened._network.get_property("INFERENCE_NUM_THREADS") == (threads or os.cpu_count())
    assert opened._network.get_property("ENABLE_CPU_PINNING") is (threads is None)
