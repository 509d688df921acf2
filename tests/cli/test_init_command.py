"""`harmlib init`: a params file of one's own, nothing overwritten, and what is too little said."""

import shutil

import pytest

from harmlib.cli import init as command
from harmlib.cli import main as cli
from harmlib.cli.first_look_text import impossible, look_line, shortages
from harmlib.language import languages
from harmlib.media.first_look import first_look
from harmlib.params import DataParams, SplitParams, load_params


def media(root, names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def alone(count, modality="images", ending="jpg"):
    return [
        f"{modality}/{label}/{'abcdefghijklmnopqrstuvwxyz'[i % 26]}{'x' * (i // 26)}.{ending}"
        for label in ("harmful", "safe")
        for i in range(count)
    ]


@pytest.fixture
def project(tmp_path, monkeypatch):
    project = tmp_path / "project"
    (project / "params").mkdir(parents=True)
    monkeypatch.setattr(command, "PROJECT_ROOT", project)
    return project


def test_a_params_file_is_written_that_can_be_read(project, tmp_path, capsys):
    folder = media(tmp_path / "내 사진", [*alone(15), *alone(6, "videos", "mp4")])
    assert cli.main(["init", str(folder), "--untrained"]) == 0
    (file,) = (project / "params").iterdir()
    params = load_params(file)
    assert params.run == "내_사진"
    assert params.modalities == ["image", "video"]
    assert params.data.root == folder
    assert (params.data.groups, params.folds) == ("guess", 5)
    assert params.features.clip.weights == params.features.slowfast.weights == "untrained"
    said = capsys.readouterr().out
    assert "images: 30 files (15 harmful, 15 safe), 30 groups" in said
    assert "Is that so?" in said
    assert "videos: little data" in said
    assert f"harmlib run {file}" in said.replace("'", "")


def test_nothing_is_overwritten(project, tmp_path, capsys):
    folder = media(tmp_path / "mine", alone(6))
    (project / "reports/mine").mkdir(parents=True)
    (project / "params/mine-2.yaml").write_text("run: mine-2\n")
    assert cli.main(["init", str(folder), "--untrained"]) == 0
    assert load_params(project / "params/mine-3.yaml").run == "mine-3"
    assert (project / "params/mine-2.yaml").read_text() == "run: mine-2\n"
    capsys.readouterr()
    for taken in ("mine", "mine-2", "variants"):
        assert cli.main(["init", str(folder), "--run", taken]) == 2
        assert "taken" in capsys.readouterr().err
    assert len(list((project / "params").iterdir())) == 2


def test_what_cannot_be_used_writes_nothing(project, tmp_path, capsys):
    assert cli.main(["init", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert cli.main(["init", str(media(tmp_path / "x", ["images/harmful/a.jpg"]))]) == 2
    assert "Expected images/harmful" in capsys.readouterr().err
    assert not list((project / "params").iterdir())


def test_a_list_is_taken_with_its_labels_in_korean(project, tmp_path, capsys):
    folder = media(tmp_path / "lists", [f"{i}.jpg" for i in range(12)])
    for i in range(12):
        (folder / f"{i}.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    rows = [f"{i}.jpg,{'유해' if i % 2 else '안전'},c{i}" for i in range(12)]
    (folder / "목록.csv").write_text("\n".join(["path,label,group", *rows]), encoding="utf-8")
    assert cli.main(["init", str(folder), "--untrained", "--lang", "ko"]) == 0
    params = load_params(project / "params/lists.yaml")
    assert (params.data.image_csv, params.modalities) == ("목록.csv", ["image"])
    assert "유해 6, 안전 6" in capsys.readouterr().out


def look(tmp_path, names, **data):
    return first_look(DataParams(root=str(media(tmp_path, names)), **data), "image")


def test_one_cameras_files_are_counted_as_one_group(tmp_path):
    names = [f"images/{label}/cam1_{i}.jpg" for label in ("harmful", "safe") for i in range(3)]
    found = look(tmp_path, [*names, "images/safe/x.jpg"])
    assert (found.files, found.groups, found.harmful_groups, found.safe_groups) == (7, 2, 1, 2)
    assert "'cam1' with 6 files" in look_line(found)
    assert "need 3 groups of each class; harmful files are in 1" in impossible(found, SplitParams())
    as_files = look(tmp_path, [], groups="file")
    assert as_files.groups == 7
    assert "each file a source of its own" in look_line(as_files)


@pytest.mark.parametrize(
    ("count", "folds", "words"),
    [
        (4, None, "too little data for a verdict: about 0 groups"),
        (20, None, "too little data for a verdict: about 4 groups"),
        (20, 5, "little data: about 20 groups of the smaller class on all folds"),
        (100, 5, ""),
    ],
)
def test_too_little_data_is_said(tmp_path, count, folds, words):
    found = look(tmp_path, alone(count))
    said = " ".join(shortages(found, SplitParams(folds=folds)))
    assert words in said
    if not words:
        assert not said
    else:
        assert "to promise recall 0.95 takes 19" in said


def test_a_run_that_cannot_be_stops_before_anything_is_opened(tmp_path, capsys):
    folder = media(tmp_path / "few", alone(2))
    file = tmp_path / "few.yaml"
    file.write_text(
        f"run: few\ndata: {{root: {folder}}}\nmodalities: [image]\nreports: {tmp_path}/r\n"
    )
    assert cli.main(["run", str(file)]) == 2
    printed = capsys.readouterr()
    assert "images: 4 files" in printed.out
    assert "need 3 groups of each class" in printed.err
    assert not (tmp_path / "r").exists()
    shutil.rmtree(folder)
    with languages(terminal="en"):
        assert cli.main(["run", str(file)]) == 2
    assert "there is no such folder" in capsys.readouterr().err
