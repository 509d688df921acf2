"""`harmlib sample` and `harmlib estimate`: from scores to precision and recall, and back."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from harmlib.cli import main as cli
from harmlib.tables.csv_output import read_csv, write_csv


@pytest.fixture
def scores(tmp_path):
    """3,000 scores of two models; one has failed ten times."""
    rng = np.random.default_rng(0)
    harmful = rng.random(3000) < 0.2
    score = np.round(100 / (1 + np.exp(-rng.normal(4 * harmful - 2.5))), 2)
    table = pd.DataFrame(
        {
            "file": [f"{i}.png" for i in range(3000)],
            "camera": [f"c{i // 5}" for i in range(3000)],
            "site": rng.choice(["a", "b"], 3000),
            "score_api": score,
            "score_old": score[::-1],
        }
    )
    table.loc[:9, "score_api"] = np.nan
    table.to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path / "scores.csv", dict(zip(table["file"], harmful, strict=True))


def label(file, truth):
    sample = read_csv(file, dtype=str, keep_default_na=False)
    sample["label"] = np.where(sample["item_id"].map(truth), "harmful", "safe")
    write_csv(sample, file)
    return sample


def test_there_and_back(scores, tmp_path, capfd):
    path, truth = scores
    out = tmp_path / "s.csv"
    Image.new("RGB", (40, 30), "red").save(tmp_path / "20.png")
    sampled = ["--model", "api", "--threshold", "50"]
    command = ["sample", str(path), "--n", "200", "--by", "site", "--out", str(out), *sampled]
    assert cli.main(command) == 0
    said = capfd.readouterr().out
    assert "200 of 2,990 decisions at threshold 50 (percent)" in said
    assert "10 rows have no score" in said
    assert "passed 1, site=b" in said
    assert 'class="veiled-pictures audit-sample"' in out.with_suffix(".html").read_text("utf-8")
    assert cli.main(command) == 2  # labels may be in it
    assert "may hold labels" in capfd.readouterr().err
    label(out, truth)
    assert cli.main(["estimate", str(out), "--scores", str(path), *sampled]) == 0
    said = capfd.readouterr().out
    assert "200 of 200 labelled, 0 unknown, 0 not looked at; 2,990 decisions" in said
    assert "site=a" in said
    assert "nan" not in said
    other = ["estimate", str(out), "--scores", str(path), "--model", "api", "--threshold", "60"]
    assert cli.main(other) == 2
    assert "the threshold is 60, but the sample was drawn at 50" in capfd.readouterr().err


def test_too_few_to_tell_is_said(scores, tmp_path, capfd):
    path, truth = scores
    out = tmp_path / "s.csv"
    cli.main(["sample", str(path), "--n", "20", "--out", str(out), "--model", "api",
              "--threshold", "90"])  # fmt: skip
    label(out, truth)
    assert cli.main(["estimate", str(out), "--out", str(tmp_path / "e.csv")]) == 1
    said = capfd.readouterr().out
    assert "too few to tell: anything from" in said
    assert "Label more of it" in said
    assert "too_few" in read_csv(tmp_path / "e.csv")["state"].tolist()


def test_predictions_say_themselves_what_is_live(tmp_path, capfd):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "path": [f"'=/{i}.mp4" for i in range(400)],
            "modality": "video",
            "logit": 0.0,
            "probability": rng.random(400),
            "threshold": 0.7,
            "model_id": "a",
        }
    )
    table["decision"] = np.where(table["probability"] > 0.7, "harmful", "safe")
    table.to_csv(tmp_path / "p.csv", index=False)
    command = ["sample", str(tmp_path / "p.csv"), "--n", "50", "--out", str(tmp_path / "s.csv")]
    assert cli.main([*command, "--threshold", "0.5"]) == 2
    assert "the table says what was decided" in capfd.readouterr().err
    assert cli.main(command) == 0
    sample = read_csv(tmp_path / "s.csv")
    assert ((sample["score"] > 0.7) == (sample["decision"] == "flagged")).all()
    assert sample["item_id"].str.startswith("=/").all()


WRONG = {
    "no threshold": (["--model", "api"], "nothing says what is live"),
    "no model": (["--threshold", "50"], "has 2 models (api, old); say whose decisions are live"),
    "another model": (["--model", "x", "--threshold", "50"], "has no model 'x'"),
    "no slice": (["--model", "api", "--threshold", "50", "--by", "day"], "no column 'day'"),
    "no policy file": (["--model", "api", "--policy", "night"], "--policy needs --policy-file"),
    "no role": (["--threshold", "5", "--column", "points=score_api"], "no such role"),
    "too few": (["--model", "api", "--threshold", "50", "--n", "8"], "8 items are too few"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_cannot_be_drawn_is_refused_in_words(scores, tmp_path, capfd, fault):
    options, said = WRONG[fault]
    out = tmp_path / "s.csv"
    assert cli.main(["sample", str(scores[0]), "--out", str(out), *options]) == 2
    assert said in capfd.readouterr().err
    assert not out.exists()


def test_a_table_without_items_names_nothing_to_look_at(tmp_path, capfd):
    pd.DataFrame({"score": [0.1, 0.9]}).to_csv(tmp_path / "a.csv", index=False)
    assert cli.main(["sample", str(tmp_path / "a.csv"), "--threshold", "0.5"]) == 2
    assert "nobody could find again" in capfd.readouterr().err


def test_levels_are_decided_as_they_are_meant(tmp_path):
    table = pd.DataFrame({"item": range(400), "severity": [0, 2, 4, 6] * 100})
    table.to_csv(tmp_path / "a.csv", index=False)
    out = tmp_path / "s.csv"
    assert cli.main(["sample", str(tmp_path / "a.csv"), "--threshold", "4", "--n", "60",
                     "--out", str(out)]) == 0  # fmt: skip
    sample = read_csv(out)
    assert ((sample["score"] >= 4) == (sample["decision"] == "flagged")).all()
    assert sample["threshold"].unique().tolist() == [4]


def test_a_policy_of_the_run_is_live(scores, tmp_path):
    from harmlib.analysis.policy_file import PolicyFile, PolicyThreshold

    night = PolicyThreshold(
        policy="night", section="all", variant="api", model_id=None, model_sha256=None,
        asked="recall>=0.95", objective="recall>=0.95", state="ok", threshold=0.3,
        native_threshold=30.0, scale="percent", prevalence=None, prevalence_from="", kept="",
        test={},
    )  # fmt: skip
    file = PolicyFile(schema_version=1, run="a", costs=None, volume=None, policies=[night])
    (tmp_path / "policy.json").write_text(file.model_dump_json(), encoding="utf-8")
    out = tmp_path / "s.csv"
    assert cli.main(["sample", str(scores[0]), "--model", "api", "--out", str(out), "--policy",
                     "night", "--policy-file", str(tmp_path / "policy.json")]) == 0  # fmt: skip
    sample = read_csv(out)
    assert ((sample["score"] > 30) == (sample["decision"] == "flagged")).all()
