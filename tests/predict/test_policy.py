"""A policy's threshold in the place of the checkpoint's: used, said, and refused for others."""

import json
import shutil

import pytest

from harmlib.analysis.policy_file import PolicyError
from harmlib.cli import main as cli
from harmlib.predict import predict_files
from harmlib.predict.decision_log import DecisionLog
from harmlib.predict.predictor import open_predictors
from harmlib.predict.replay import replay


@pytest.fixture(scope="module")
def run(copied_run):
    return copied_run / "reports/small"


@pytest.fixture(scope="module")
def model(run):
    return run / "models/model4/video_model_best.pth"


def thresholds(run):
    content = json.loads((run / "policy.json").read_text(encoding="utf-8"))
    return {
        (one["policy"], one["section"], one["variant"]): one["threshold"]
        for one in content["policies"]
    }


def test_a_policy_of_the_run_decides(run, small_folder, model):
    at = thresholds(run)["children", "video", "model4"]
    table, _ = predict_files(model, [small_folder / "media/videos"], policy="children")
    assert (table["threshold"] == at).all()
    assert (table["policy"] == "children").all()
    assert ((table["probability"] > at) == (table["decision"] == "harmful")).all()
    plain, _ = predict_files(model, [small_folder / "media/videos"])
    assert (plain["policy"] == "").all()
    assert (plain["threshold"] != at).all()


def test_the_log_says_by_which_policy_and_a_replay_decides_the_same(
    run, small_folder, model, tmp_path
):
    out, media = tmp_path / "a.csv", str(small_folder / "media/videos")
    assert cli.main(["predict", str(model), media, "--out", str(out)]) == 0
    arguments = ["predict", str(model), media, "--out", str(out), "--policy", "children"]
    assert cli.main(arguments) == 0
    entries = list(DecisionLog(out.with_suffix(".decisions.jsonl")))
    assert [one["policy"] for one in entries].count("children") == len(entries) / 2
    assert cli.main(arguments) == 0  # all of them are in the log
    assert len(list(DecisionLog(out.with_suffix(".decisions.jsonl")))) == len(entries)
    assert entries[-1]["threshold"] == thresholds(run)["children", "video", "model4"]
    (run / "policy.json").rename(tmp_path / "moved.json")
    try:
        assert replay(entries[-1]).same
    finally:
        (tmp_path / "moved.json").rename(run / "policy.json")


def test_a_policy_of_another_checkpoint_is_refused(run, model):
    other = run / "models/model5/video_model_best.pth"
    content = json.loads((run / "policy.json").read_text(encoding="utf-8"))
    content["policies"] = [one for one in content["policies"] if one["variant"] == "model5"]
    file = run / "only5.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    (found,) = open_predictors(other, policy="children", policy_file=file)
    assert found.threshold == thresholds(run)["children", "video", "model5"]
    with pytest.raises(PolicyError, match=r"made for model5/.*this checkpoint is model4/video@"):
        open_predictors(model, policy="children", policy_file=file)


def test_a_checkpoint_away_from_its_run_needs_the_file(model, tmp_path, capsys):
    alone = tmp_path / "a" / "b" / "c.pth"
    alone.parent.mkdir(parents=True)
    shutil.copy(model, alone)
    assert cli.main(["predict", str(alone), str(alone), "--policy", "children"]) == 2
    assert "there is no such policy file" in capsys.readouterr().err
    assert cli.main(["predict", str(model), str(alone), "--policy", "nobody"]) == 2
    assert "has no policy 'nobody'; it has: children" in capsys.readouterr().err
    assert cli.main(["predict", str(model), str(alone), "--policy-file", "p.json"]) == 2
    assert "goes with --policy NAME" in capsys.readouterr().err
