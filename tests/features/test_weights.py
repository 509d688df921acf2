"""Weights by name, untrained, and from a file of one's own; no server is asked."""

import importlib.util
import os
import re
from pathlib import Path

import pytest

from harmlib.features.weights import OFFICIAL_FILES, Weights, WeightsError, resolve_weights

# --- the table ---------------------------------------------------------------------------------


def test_official_files_are_well_formed():
    files = OFFICIAL_FILES.values()
    assert len({f.name for f in files}) == len({f.sha256 for f in files}) == 6
    for file in files:
        assert file.url.startswith("https://")
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert re.fullmatch(r"[\w-]+\.(pt|pyth)", file.name)


@pytest.mark.parametrize("official", ["clip/ViT-B/32", "clip/ViT-B/16", "clip/ViT-L/14"])
def test_clip_addresses_are_those_of_the_installed_package(official):
    file = OFFICIAL_FILES[official]
    source = Path(importlib.util.find_spec("clip").origin).with_name("clip.py").read_text()
    assert f'"{official.removeprefix("clip/")}": "{file.url}"' in source
    assert file.url.split("/")[-2] == file.sha256


def test_slowfast_address_is_that_of_the_installed_package():
    package = Path(importlib.util.find_spec("pytorchvideo").origin).parent
    source = (package / "models/hub/slowfast.py").read_text()
    root, _, tail = OFFICIAL_FILES["slowfast/slowfast_r50_8x8"].url.partition("/kinetics/")
    assert f'root_dir = "{root}"' in source
    assert f'"slowfast_r50": f"{{root_dir}}/kinetics/{tail}"' in source


@pytest.mark.parametrize("spec", ["pretrained", "untrained", "/some/file.pt"])
@pytest.mark.parametrize(
    ("official", "nearest"),
    [("clip/ViT-B-32", "clip/ViT-B/32"), ("yolov8n", "yolo/yolov8n"), ("", "yolo/yolov8n")],
)
def test_unknown_official_name_lists_the_known_and_the_nearest(spec, official, nearest, tmp_path):
    message = f"{re.escape(repr(official))}; the nearest is '{nearest}'.*yolo/yolo11n, slowfast/"
    with pytest.raises(ValueError, match=message):
        resolve_weights(spec, official, cache_dir=tmp_path)


# --- untrained, and a file of one's own --------------------------------------------------------


def test_untrained_carries_its_seed(tmp_path):
    found = resolve_weights("untrained", "yolo/yolov8n", cache_dir=tmp_path / "none", seed=7)
    assert found == Weights("untrained", None, None, 7)
    assert found.label == "untrained (seed 7)"
    assert found.key != Weights("untrained", None, None, 8).key
    assert not (tmp_path / "none").exists()


def test_path_gives_the_file_and_its_hash(tmp_path):
    path = tmp_path / "mine.pt"
    path.write_bytes(b"abc")
    found = resolve_weights(str(path), "yolo/yolov8n", cache_dir=tmp_path, seed=7)
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2
    assert found == Weights("file", path, sha256, None)
    assert found.label == "file mine.pt (sha256 ba7816bf…)"


def test_key_follows_the_content_not_the_name(tmp_path):
    keys = []
    for name, content in [("a.pt", b"abc"), ("b.pt", b"abc"), ("a.pt", b"abd")]:
        (tmp_path / name).write_bytes(content)
        keys.append(resolve_weights(str(tmp_path / name), "yolo/yolov8n", cache_dir=tmp_path).key)
    assert keys[0] == keys[1] != keys[2]


def test_tilde_is_expanded_and_variables_are_not(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "w.pt").write_bytes(b"abc")
    found = resolve_weights("~/w.pt", "yolo/yolov8n", cache_dir=tmp_path)
    assert found.path == tmp_path / "w.pt"
    with pytest.raises(WeightsError, match=re.escape("no file at /${HOME}/w.pt")):
        resolve_weights("/${HOME}/w.pt", "yolo/yolov8n", cache_dir=tmp_path)


def test_relative_path_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("w.pt").write_bytes(b"abc")
    found = resolve_weights("w.pt", "yolo/yolov8n", cache_dir=tmp_path)
    assert found.path == tmp_path / "w.pt"


@pytest.mark.parametrize("spec", ["gone.pt", "pretraind", "", "."])
def test_missing_file_is_named(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = f"{re.escape(repr(spec))}: there is no file at {re.escape(str(tmp_path / spec))}\\."
    with pytest.raises(WeightsError, match=message):
        resolve_weights(spec, "yolo/yolov8n", cache_dir=tmp_path)


def test_shared_yolo_weights():
    default = Path(__file__).parents[2] / "../shared"
    path = Path(os.environ.get("HARMLIB_SHARED", default)) / "weights/yolov8n_dequant.pt"
    if not path.exists():
        pytest.skip(f"the shared weights are not on this machine: {path}")
    found = resolve_weights(str(path), "yolo/yolov8n", cache_dir=Path("unused"))
    assert found.label == "file yolov8n_dequant.pt (sha256 d76b76bf…)"
