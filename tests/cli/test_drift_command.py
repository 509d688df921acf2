"""`harmlib drift`: new scores against those that the threshold was chosen on."""

import pandas as pd

from harmlib.cli import main as cli
from harmlib.models.checkpoint import load_checkpoint
from harmlib.models.explanation import validation_items


def test_drift_against_validation(small_run, tmp_path, capfd, monkeypatch):
    video_model = small_run / "models/model4/video_model_best.pth"
    validation = validation_items(load_checkpoint(video_model))
    copies = [validation.assign(group=f"{i} " + validation["group"]) for i in range(20)]
    scores = pd.concat(copies).assign(modality="video")
    monkeypatch.setattr("harmlib.cli.drift.validation_items", lambda _: pd.concat(copies))
    scores.to_csv(tmp_path / "same.csv", index=False)
    assert cli.main(["drift", str(video_model), str(tmp_path / "same.csv")]) == 0
    said = capfd.readouterr().out
    assert "steady: keep the threshold" in said
    assert "harmful_share" in said
    sources = scores["group"].nunique()
    assert f"{len(scores)} new scores ({sources} sources by group)" in said
    assert sources >= 20
    scores.assign(probability=0.0).to_parquet(tmp_path / "other.parquet")
    assert cli.main(["drift", str(video_model), str(tmp_path / "other.parquet")]) == 1
    assert "choose the threshold again" in capfd.readouterr().out
    few = scores.assign(group=validation["group"].iloc[0] + scores["label"].astype(str))
    few.to_csv(tmp_path / "few.csv", index=False)
    assert cli.main(["drift", str(video_model), str(tmp_path / "few.csv")]) == 0
    said = capfd.readouterr().out
    assert "too few to tell" in said, "two groups, however many items"
    assert "too few sources" in said
    assert "nan" not in said
    nameless = scores.drop(columns="group")
    nameless.assign(probability=0.0).to_csv(tmp_path / "alone.csv", index=False)
    command = ["drift", str(video_model), str(tmp_path / "alone.csv")]
    assert cli.main(command) == 1
    said = capfd.readouterr().out
    assert "name them with --group" in said
    assert "sources unknown" in said
    assert cli.main([*command, "--group", "lens"]) == 2
    assert "no column lens" in capfd.readouterr().err
    scores.assign(label="maybe").to_csv(tmp_path / "bad.csv", index=False)
    assert cli.main(["drift", str(video_model), str(tmp_path / "bad.csv")]) == 2
    assert "label 'maybe'; use harmful or safe" in capfd.readouterr().err
    scores[["label"]].to_csv(tmp_path / "bad.csv", index=False)
    assert cli.main(["drift", str(video_model), str(tmp_path / "bad.csv")]) == 2
    assert "no column modality, probability" in capfd.readouterr().err
