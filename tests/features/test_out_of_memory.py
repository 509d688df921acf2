"""Networks that run out of memory: smaller batches, then the loss of one item, then on."""

import warnings

import numpy as np
import pytest
import torch
from tiny_backbone import CPU, PARAMS, TinyBackbone, engines_of

from harmlib.features import engine as engine_module
from harmlib.features.batch_limit import is_out_of_memory
from harmlib.features.engine import OpenvinoEngine, TorchEngine
from harmlib.features.extraction import extract
from harmlib.features.store import FeatureStore
from harmlib.features.vector_stream import Window, stream_vectors
from harmlib.media.decode import MediaError, load_image

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.*at a time need more memory"),
]

SAID = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't "
                 "allocate memory: you tried to allocate 8000000000000 bytes."),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("Exception from src/inference: std::bad_alloc"),
    MemoryError(),
]  # fmt: skip


class Narrow(TinyBackbone):
    """Runs out of memory above `fits` units, and for units as bright as `never`."""

    def __init__(self, error, fits=99, never=(), **more):
        super().__init__(**more)
        self.error, self.fits, self.never = error, fits, never

    def compute(self, batch):
        if len(batch) > self.fits or any(bool((batch == one).all(dim=(1, 2, 3)).any())
                                         for one in self.never):  # fmt: skip
            raise self.error
        return super().compute(batch)


@pytest.fixture
def images(tmp_path, write_image):
    return [write_image(tmp_path / f"{i}.jpg", seed=i) for i in range(10)]


def whole(paths, names=("clip",)):
    return [Window(str(path), path, "image", 0.0, tuple(names)) for path in paths]


@pytest.mark.parametrize("error", SAID)
@pytest.mark.parametrize("fits", [1, 2, 3])
def test_the_batch_is_halved_until_it_fits(images, error, fits):
    narrow = Narrow(error, fits, batch_size=8)
    found = {
        w.key: v for w, v in stream_vectors(whole(images), engines_of({"clip": narrow}), PARAMS)
    }
    assert set(narrow.batches) <= set(range(1, fits + 1))
    plain = TinyBackbone()
    for path in images:
        np.testing.assert_allclose(
            found[str(path)]["clip"], plain.of([load_image(path)]), atol=1e-6
        )


@pytest.mark.parametrize("error", SAID)
@pytest.mark.parametrize("batch_size", [1, 4, 16])
def test_a_unit_that_does_not_fit_alone_costs_its_item_and_no_other(
    tmp_path, images, listed, error, batch_size
):
    bad = TinyBackbone().prepare([load_image(images[3])])
    narrow = Narrow(error, never=[bad], batch_size=batch_size)
    stores = {"clip": FeatureStore(tmp_path / "store", "clip", {})}
    items = listed(images)
    unusable = extract(items, engines_of({"clip": narrow}), stores, PARAMS)
    assert unusable["path"].tolist() == [str(images[3])]
    assert "clip: there is not enough memory to compute it" in unusable["reason"].item()
    assert stores["clip"].missing(items["sha256"]) == [items["sha256"][3]]
    plain = TinyBackbone()
    expected = [plain.of([load_image(path)]) for i, path in enumerate(images) if i != 3]
    good = items["sha256"].drop(3)
    np.testing.assert_allclose(stores["clip"].load(good), expected, atol=1e-6)


@pytest.mark.parametrize("first", [True, False])
def test_what_one_backbone_loses_comes_out_once(images, first):
    bad = TinyBackbone().prepare([load_image(images[3])])
    lossy = Narrow(SAID[0], never=[bad], batch_size=4)
    both = {"clip": lossy, "yolo": TinyBackbone(batch_size=3)}
    if not first:
        both = {"clip": TinyBackbone(batch_size=3), "yolo": lossy}
    found = list(stream_vectors(whole(images, both), engines_of(both), PARAMS))
    assert sorted(window.key for window, _ in found) == sorted(map(str, images))
    lost = [window.path for window, vectors in found if isinstance(vectors, MediaError)]
    assert lost == [images[3]]


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes don't match"), ValueError("x"), KeyError(1)]
)
def test_any_other_error_of_a_network_ends_the_run(images, error):
    with pytest.raises(type(error)):
        list(stream_vectors(whole(images), engines_of({"clip": Narrow(error, fits=0)}), PARAMS))


def test_memory_that_really_runs_out_is_known():
    with pytest.raises(RuntimeError) as told:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(told.value)


def test_an_openvino_engine_halves_too(tmp_path, monkeypatch):
    openvino = engine_module.openvino
    backbone = TinyBackbone(batch_size=8)
    unit = openvino.opset13.parameter([-1, *backbone.unit_shape], openvino.Type.u8)
    model = openvino.Model([openvino.opset13.convert(unit, "f32")], [unit])
    monkeypatch.setattr(engine_module, "_converted", lambda *_: model)
    ready = OpenvinoEngine(backbone, torch.float32, tmp_path)
    real, sizes = ready._compute, []

    def narrow(part):
        sizes.append(len(part))
        if len(part) > 2:
            raise RuntimeError("std::bad_alloc")
        return real(part)

    monkeypatch.setattr(ready, "_compute", narrow)
    units = torch.arange(8 * 12, dtype=torch.uint8).view(8, 3, 2, 2)
    np.testing.assert_array_equal(ready.start(units)(), units.float())
    assert sizes == [8, 4, 2, 2, 2, 2]
    assert ready.start(units[:3])().shape[0] == 3


def test_the_warning_names_the_place_to_set(images):
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        narrow = Narrow(SAID[1], 2, batch_size=4)
        TorchEngine(narrow, CPU, torch.float32).start(
            narrow.prepare([load_image(path) for path in images[:4]])
        )
    assert [str(one.message) for one in noted if "at a time" in str(one.message)] == [
        "clip: 4 at a time need more memory than cpu has; going on with 2. Set its batch_size to "
        "that"
    ]
