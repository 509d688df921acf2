"""What `harmlib predict` and `explain` answer before, while and after they work."""

import json
import subprocess
import sys
import time

import pytest

from harmlib.cli import main as cli
from harmlib.cli.predict_progress import Total, progress_line, shown_progress
from harmlib.cli.predict_text import summary, warnings_of
from harmlib.models.about import About, Calibration, TestFigures
from harmlib.params import FeatureParams


def about(weights="untrained", test=None, **sections):
    features = FeatureParams.model_validate(
        {"clip": {"weights": weights}, "yolo": {"weights": "pretrained"}, "slowfast": None}
        | {"motion": None}
        | sections
    )
    return About(
        modality="image", variant="m", epoch=1, epochs=1, seed=0, head="mlp", penalty=None,
        validation="part", recipes=1, threshold_rule="fixed", objective="fixed",
        threshold_unit="probability", pos_weight=1.0, thresholds=[0.5], validation_f1=0.5,
        f1_optimism=None, validation_curve={}, counts={}, split_digest="", duration_sec=0.0,
        calibration=Calibration(method="temperature", temperature=1.0, offset=0.0),
        features=features, backbones={"clip": {}, "yolo": {}}, versions={}, test=test,
    )  # fmt: skip


def figures(low, high):
    return TestFigures(n=40, groups=12, f1=0.8, baseline_f1=0.78, low=low, high=high)


def test_untrained_backbones_are_warned_of():
    (said,) = warnings_of(about())
    assert "clip ran with untrained" in said
    (said,) = warnings_of(about(yolo={"weights": "untrained"}))
    assert "all backbones (clip, yolo)" in said
    assert warnings_of(about("pretrained")) == []


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.02, 0.06, "no evidence that it is better"),
        (-0.09, -0.01, "no evidence that it is better"),
        (None, None, "too few test groups (12)"),
        (0.01, 0.03, ""),
    ],
)
def test_a_model_no_better_than_the_baseline_is_warned_of(low, high, words):
    said = warnings_of(about("pretrained", figures(low, high)))
    assert bool(said) == bool(words)
    assert all(words in line and "F1 0.800 on 40 test items against 0.780" in line for line in said)


HEAVY = {"torch", "openvino", "pandas", "numpy", "pyarrow", "av", "PIL"}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("predict {0} {0}/none", "none: no such file or folder"),
        ("predict {0}/none {0}", "none: there is no such checkpoint"),
        ("predict {0} {0} --out a.xlsx", "a.xlsx: must end in one of .csv"),
        ("predict {0} {0} --policy p --threshold 0.5", "both draw the line"),
        ("predict {0} {0} --weights clip", "write BACKBONE=PATH"),
        ("explain {0}/none.csv a.jpg", "none.csv: there is no such log"),
        ("explain {0}/some.csv a.jpg", "its log some.decisions.jsonl does not lie beside it"),
        ("explain {0}/one.decisions.jsonl", "which decision?"),
        ("explain {0}/one.decisions.jsonl b.jpg", "no decision 'b.jpg'"),
        ("explain {0}/one.decisions.jsonl a.jpg --weights clip", "write BACKBONE=PATH"),
        ("drift {0}/none.pth {0}/some.csv", "none.pth: there is no such checkpoint"),
        ("drift {0} {0}/sume.csv", "sume.csv: there is no such file. Did you mean {0}/some.csv?"),
        ("drift {0}", "which new scores? Name the table"),
        ("drift {0}/runs {0}/some.csv", "runs: a folder; give one checkpoint:"),
    ],
)
def test_what_is_given_is_looked_at_before_anything_heavy_is_imported(tmp_path, command, message):
    for name in ("m_model_best.pth", "some.csv", "runs/a_model_best.pth", "runs/b_model_best.pth"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    log(tmp_path / "one.decisions.jsonl", ("aa", "up/a.jpg", {"model_id": "m"}))
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "harmlib.cli.main",
         *command.format(tmp_path).split()],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert message.format(tmp_path) in done.stderr
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "harmlib.cli.options" in imported
    assert not imported & HEAVY


@pytest.mark.parametrize(
    ("checkpoint", "path", "message"),
    [
        ("modle4", "", r"modle4: there is no such checkpoint. Did you mean {}/model4?"),
        ("", "", "holds no checkpoint (*_model_best.pth). Did you mean {}/model4?"),
        ("model4", "uplods", "uplods: no such file or folder. Did you mean {}/uploads?"),
        ("model4", "*.tiff", "*.tiff: no such file or folder"),
    ],
)
def test_what_was_probably_meant_is_said(tmp_path, capsys, checkpoint, path, message):
    (tmp_path / "model4").mkdir()
    (tmp_path / "uploads").mkdir()
    (tmp_path / "model4/image_model_best.pth").touch()
    assert cli.main(["predict", str(tmp_path / checkpoint), str(tmp_path / path)]) == 2
    assert message.format(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [["--policy", "p"], ["--bands", "0.9", "0.9"]], ids=["policy", "bands"]
)
def test_one_line_is_drawn(tmp_path, capsys, options):
    (tmp_path / "image_model_best.pth").touch()
    given = ["predict", str(tmp_path), str(tmp_path), "--threshold", "0.5", *options]
    assert cli.main(given) == 2
    assert f"--threshold and {options[0]} both draw the line" in capsys.readouterr().err


def test_the_summary_counts_what_people_will_do():
    assert summary({"harmful": 1}, 0) == "1 harmful, 0 safe, 0 unusable"
    assert summary({"safe": 2, "review": 2}, 3).endswith("by band: 0 pass, 2 review, 0 block")


def test_progress_is_lines_where_no_terminal_is(tmp_path, capsys, monkeypatch):
    for number in range(3):
        (tmp_path / f"{number}.jpg").touch()
    monkeypatch.setattr("harmlib.cli.predict_progress.LINE_EVERY_SEC", 0.0)
    total = Total([str(tmp_path)])
    while total.files is None:
        time.sleep(0.01)
    with shown_progress(total) as progress:
        progress(2)
    printed = capsys.readouterr()
    assert "2 of 3 files" in printed.err
    assert not printed.out, "rows go there"
    assert Total(["-"]).files is None
    assert progress_line(10, 30, 5.0) == "  10 of 30 files (2.0/s), 10 s left"


def log(path, *entries):
    lines = [json.dumps({"id": name, "path": file} | more) for name, file, more in entries]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_explain_asks_which_and_finds_the_log_beside_a_table(tmp_path, capsys):
    log(tmp_path / "s.decisions.jsonl", ("aa", "up/a.jpg", {}), ("bb", "up/b\n.jpg", {}))
    (tmp_path / "s.csv").touch()
    assert cli.main(["explain", str(tmp_path / "s.csv")]) == 2
    said = capsys.readouterr().err
    assert "which decision? Name a file or an id" in said
    assert "aa  up/a.jpg" in said
    assert "b\\n.jpg" in said, "a name stays one line"
    assert cli.main(["explain", str(tmp_path / "s.csv"), "c.jpg"]) == 2
    assert "no decision 'c.jpg', by id or file; the last one is bb" in capsys.readouterr().err
    (tmp_path / "alone.csv").touch()
    assert cli.main(["explain", str(tmp_path / "alone.csv"), "a.jpg"]) == 2
    assert "its log alone.decisions.jsonl does not lie beside it" in capsys.readouterr().err
