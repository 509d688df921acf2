import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from harmlib.features import backbones
from harmlib.features.backbones import (
    BACKBONES,
    WEIGHTS_SEED,
    backbone_class,
    backbone_names,
    find_weights,
    load_backbone,
    open_store,
    sampling,
)
from harmlib.features.weights import Weights, WeightsError
from harmlib.params import ClipParams, FeatureParams, SlowFastParams, YoloParams

PARAMS = FeatureParams(
    clip=ClipParams(weights="untrained", batch_size=3),
    yolo=YoloParams(weights="untrained", image_size=64, batch_size=5),
    slowfast=SlowFastParams(weights="untrained", image_size=80, batch_size=7),
)
UNTRAINED = Weights("untrained", None, None, 0)


def changed(**cells):
    """PARAMS with some cells changed: `clip__batch_size=1`, or `video_frames=4`."""
    params = PARAMS
    for key, value in cells.items():
        name, _, cell = key.partition("__")
        if cell:
            value = getattr(params, name).model_copy(update={cell: value})
        params = params.model_copy(update={name: value})
    return params


@pytest.mark.parametrize(
    ("params", "modality", "names"),
    [
        (PARAMS, "image", ["clip", "yolo"]),
        (PARAMS, "video", ["clip", "yolo", "slowfast", "motion"]),
        (changed(clip=None, motion=None), "video", ["yolo", "slowfast"]),
        (changed(yolo=None), "image", ["clip"]),
        (changed(slowfast=None), "video", ["clip", "yolo", "motion"]),
    ],
)
def test_which_backbones_see_a_modality(params, modality, names):
    assert backbone_names(params, modality) == names


def test_a_backbone_bears_the_name_of_its_section():
    for name in BACKBONES:
        assert backbone_class(name).name == name
        assert name in FeatureParams.model_fields


@pytest.mark.parametrize("name", ["clip", "yolo", "slowfast"])
def test_untrained_weights_and_a_file(tmp_path, name):
    architecture = getattr(PARAMS, name).architecture
    expected = Weights("untrained", None, None, WEIGHTS_SEED, architecture)
    assert find_weights(PARAMS, name, tmp_path) == expected
    path = tmp_path / "mine.pt"
    path.write_bytes(b"weights")
    found = find_weights(changed(**{f"{name}__weights": str(path)}), name, tmp_path)
    assert (found.kind, found.path) == ("file", path)


def test_a_backbone_without_weights_needs_no_file(tmp_path):
    found = find_weights(PARAMS, "motion", tmp_path)
    assert (found.kind, found.path, found.sha256) == ("none", None, None)
    assert found.label == found.key == "no weights"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "architecture"),
    [("clip", "ViT-B/16"), ("clip", "ViT-L/14"), ("yolo", "yolo11n")],
)
def test_pretrained_means_the_architecture_of_the_params(tmp_path, name, architecture):
    """The file is there already, and its hash is wrong: the message names what was looked for."""
    file = backbone_class(name).official_files[architecture]
    (tmp_path / file.file_name).write_bytes(b"weights")
    params = changed(**{f"{name}__architecture": architecture, f"{name}__weights": "pretrained"})
    with pytest.raises(WeightsError, match=f"official file of {architecture}: .* {file.sha256}"):
        find_weights(params, name, tmp_path)


@pytest.mark.parametrize(
    ("name", "architectures"),
    [
        ("clip", get_args(ClipParams.model_fields["architecture"].annotation)),
        ("yolo", get_args(YoloParams.model_fields["architecture"].annotation)),
        ("slowfast", get_args(SlowFastParams.model_fields["architecture"].annotation)),
    ],
)
def test_every_architecture_has_an_official_file_of_its_own_or_is_refused(name, architectures):
    files = backbone_class(name).official_files
    assert tuple(file.architecture for file in files.values()) == tuple(files)
    assert set(files) <= set(architectures)
    for architecture in set(architectures) - set(files):
        section = {"architecture": architecture, "weights": "pretrained"}
        with pytest.raises(ValueError, match=f"no published weights of {architecture}; give"):
            FeatureParams.model_validate({name: section})
        FeatureParams.model_validate({name: section | {"weights": "untrained"}})


def test_architectures_have_keys_of_their_own(tmp_path):
    for name, others in (("clip", "ViT-Ti/32"), ("slowfast", "slowfast_r18_8x8")):
        few = changed(**{f"{name}__architecture": others})
        keys = {load_backbone(p, name, find_weights(p, name, tmp_path)).key for p in (PARAMS, few)}
        assert len(keys) == 2


def test_each_backbone_gets_its_own_section(monkeypatch):
    monkeypatch.setattr(backbones, "backbone_class", lambda _: lambda *args: args)
    built = {name: load_backbone(PARAMS, name, UNTRAINED) for name in BACKBONES}
    assert built == {name: (getattr(PARAMS, name), UNTRAINED) for name in BACKBONES}


@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_bytes(b"others")])
def test_weights_that_change_while_they_are_read_are_refused(tmp_path, monkeypatch, change):
    path = tmp_path / "mine.pt"
    path.write_bytes(b"weights")
    found = find_weights(changed(slowfast__weights=str(path)), "slowfast", tmp_path)
    backbone = load_backbone(PARAMS, "slowfast", found)
    monkeypatch.setattr(backbone, "build", lambda: change(path))
    with pytest.raises(WeightsError, match=r"changed while it was read|cannot read"):
        _ = backbone.network


def test_a_network_is_built_when_it_is_asked_for_and_again_after_its_release(monkeypatch):
    backbone, built = load_backbone(PARAMS, "motion", UNTRAINED), []
    monkeypatch.setattr(backbone, "build", lambda: built.append(object()) or built[-1])
    assert not built
    first = backbone.network
    assert backbone.network is first
    backbone.release()
    backbone.release()
    assert backbone.network is built[1] is not first


def test_looking_up_a_backbone_imports_no_network_library():
    """Training and the warm kernels open stores; the libraries of the networks take seconds."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from harmlib.features.backbones import (\n"
        "    backbone_names, find_weights, load_backbone, open_store)\n"
        "from harmlib.params import FeatureParams\n"
        "params = FeatureParams()\n"
        "for name in backbone_names(params, 'video'):\n"
        "    section = getattr(params, name).model_copy(update={'weights': 'untrained'})\n"
        "    params = params.model_copy(update={name: section})\n"
        "    weights = find_weights(params, name, Path('w'))\n"
        "    open_store(params, name, weights, 'video', 'fp32', Path('s')).missing([])\n"
        "    load_backbone(params, name, weights)\n"
        "heavy = {'clip', 'cv2', 'ultralytics', 'pytorchvideo', 'torchvision', 'openvino'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_sampling_in_words():
    assert sampling(PARAMS, "clip", "image") == {"modality": "image"}
    assert sampling(changed(video_frames=5), "yolo", "video") == {"modality": "video", "frames": 5}
    assert sampling(PARAMS, "slowfast", "video") == {
        "modality": "video",
        "clips": 1,
        "clip_sec": 2.0,
    }
    assert sampling(PARAMS, "motion", "video") == {
        "modality": "video",
        "clips": 4,
        "clip_sec": 2.0,
        "frames_per_sec": 30,
    }


def folder(root, params=PARAMS, name="clip", weights=UNTRAINED, modality="video", precision="fp32"):
    return open_store(params, name, weights, modality, precision, root).dir


FILE = Weights("file", None, "a" * 64, None)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("clip", {"params": changed(clip__architecture="ViT-B/16")}),
        ("clip", {"params": changed(video_frames=4)}),
        ("yolo", {"params": changed(yolo__image_size=96)}),
        ("yolo", {"params": changed(yolo__architecture="yolo11n")}),
        ("slowfast", {"params": changed(slowfast__image_size=96)}),
        ("slowfast", {"params": changed(slowfast__clips=2)}),
        ("slowfast", {"params": changed(slowfast__clip_sec=1.0)}),
        ("motion", {"params": changed(motion__clips=2)}),
        ("motion", {"params": changed(motion__clip_sec=1.0)}),
        ("clip", {"modality": "image"}),
        ("clip", {"precision": "bf16"}),
        ("clip", {"weights": FILE}),
        ("clip", {"weights": Weights("untrained", None, None, 1)}),
    ],
)
def test_what_changes_a_vector_changes_the_store(tmp_path, name, change):
    assert folder(tmp_path, name=name, **change) != folder(tmp_path, name=name)


def test_a_new_version_of_the_code_changes_the_store(tmp_path, monkeypatch):
    before = folder(tmp_path)
    monkeypatch.setattr(backbone_class("clip"), "version", 99)
    assert folder(tmp_path) != before


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("clip", {}, {"params": changed(clip__batch_size=1)}),
        ("clip", {}, {"params": changed(clip__weights="/else/where.pt")}),  # its hash counts
        ("clip", {}, {"params": changed(yolo__image_size=96, slowfast__clips=3)}),
        ("slowfast", {}, {"params": changed(video_frames=4)}),
        ("clip", {"modality": "image"}, {"modality": "image", "params": changed(video_frames=4)}),
        (
            "clip",
            {"weights": FILE},
            {"weights": Weights("pretrained", None, "a" * 64, None, "ViT-B/32")},
        ),
    ],
)
def test_what_changes_no_vector_keeps_the_store(tmp_path, name, one, other):
    assert folder(tmp_path, name=name, **one) == folder(tmp_path, name=name, **other)
