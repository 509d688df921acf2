"""Weights by name, untrained, and from a file of one's own; no server is asked."""

import importlib.util
import os
import re
from pathlib import Path

import pytest

from harmlib.features.backbones import BACKBONES, backbone_class
from harmlib.features.weights import OfficialFile, Weights, WeightsError, resolve_weights

TINY = OfficialFile("tiny", "https://127.0.0.1/never-asked/tiny.pt", "0" * 64)

# --- the official files ------------------------------------------------------------------------


def test_official_files_are_well_formed():
    files = [f for name in BACKBONES for f in backbone_class(name).official_files.values()]
    assert len({f.file_name for f in files}) == len({f.sha256 for f in files}) == 6
    for file in files:
        assert file.source.startswith("https://")
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert re.fullmatch(r"[\w-]+\.(pt|pyth)", file.file_name)


@pytest.mark.parametrize("architecture", backbone_class("clip").official_files)
def test_clip_addresses_are_those_of_the_installed_package(architecture):
    file = backbone_class("clip").official_files[architecture]
    source = Path(importlib.util.find_spec("clip").origin).with_name("clip.py").read_text()
    assert f'"{architecture}": "{file.source}"' in source
    assert file.source.split("/")[-2] == file.sha256


def test_slowfast_address_is_that_of_the_installed_package():
    package = Path(importlib.util.find_spec("pytorchvideo").origin).parent
    source = (package / "models/hub/slowfast.py").read_text()
    (file,) = backbone_class("slowfast").official_files.values()
    root, _, tail = file.source.partition("/kinetics/")
    assert f'root_dir = "{root}"' in source
    assert f'"slowfast_r50": f"{{root_dir}}/kinetics/{tail}"' in source


# --- an official file that a package brings ----------------------------------------------------

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2


def test_a_packaged_file_is_used_where_it_lies(tmp_path):
    path = tmp_path / "package" / "tiny.pt"
    path.parent.mkdir()
    path.write_bytes(b"abc")
    packaged = OfficialFile("tiny", path, ABC)
    found = resolve_weights("pretrained", packaged, cache_dir=tmp_path / "none")
    assert found == Weights("pretrained", path, ABC, None, "tiny")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"abd", "not the official file of tiny: expected"), (None, "cannot read the weights file")],
)
def test_a_packaged_file_that_is_damaged_or_gone(tmp_path, content, message):
    path = tmp_path / "tiny.pt"
    if content:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        resolve_weights("pretrained", OfficialFile("tiny", path, ABC), cache_dir=tmp_path)


# --- untrained, and a file of one's own --------------------------------------------------------


def test_untrained_carries_its_seed():
    weights = Weights("untrained", None, None, 7, "tiny")
    assert weights.label == "untrained tiny (seed 7)"
    assert weights.key != Weights("untrained", None, None, 8, "tiny").key


def test_path_gives_the_file_and_its_hash(tmp_path):
    path = tmp_path / "mine.pt"
    path.write_bytes(b"abc")
    found = resolve_weights(str(path), TINY, cache_dir=tmp_path)
    assert found == Weights("file", path, ABC, None)
    assert found.label == "file mine.pt (sha256 ba7816bf…)"


def test_key_follows_the_content_not_the_name(tmp_path):
    keys = []
    for name, content in [("a.pt", b"abc"), ("b.pt", b"abc"), ("a.pt", b"abd")]:
        (tmp_path / name).write_bytes(content)
        keys.append(resolve_weights(str(tmp_path / name), TINY, cache_dir=tmp_path).key)
    assert keys[0] == keys[1] != keys[2]


def test_tilde_is_expanded_and_variables_are_not(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "w.pt").write_bytes(b"abc")
    found = resolve_weights("~/w.pt", TINY, cache_dir=tmp_path)
    assert found.path == tmp_path / "w.pt"
    with pytest.raises(WeightsError, match=re.escape("no file at /${HOME}/w.pt")):
        resolve_weights("/${HOME}/w.pt", TINY, cache_dir=tmp_path)


def test_relative_path_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("w.pt").write_bytes(b"abc")
    found = resolve_weights("w.pt", TINY, cache_dir=tmp_path)
    assert found.path == tmp_path / "w.pt"


@pytest.mark.parametrize("spec", ["gone.pt", "pretraind", "", "."])
def test_missing_file_is_named(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = f"{re.escape(repr(spec))}: there is no file at {re.escape(str(tmp_path / spec))}\\."
    with pytest.raises(WeightsError, match=message):
        resolve_weights(spec, TINY, cache_dir=tmp_path)


def test_shared_yolo_weights():
    default = Path(__file__).parents[2] / "../shared"
    path = Path(os.environ.get("HARMLIB_SHARED", default)) / "weights/yolov8n_dequant.pt"
    if not path.exists():
        pytest.skip(f"the shared weights are not on this machine: {path}")
    found = resolve_weights(str(path), TINY, cache_dir=Path("unused"))
    assert found.label == "file yolov8n_dequant.pt (sha256 d76b76bf…)"
