"""A saved model on new files: the report's scores, nothing lost, resumed, explained."""

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from joined_videos import join_videos

from harmlib.analysis.bands import assign
from harmlib.analysis.segments import overlap
from harmlib.cli import main as cli
from harmlib.media.find import find_media
from harmlib.models.checkpoint import CheckpointError, load_checkpoint
from harmlib.models.explanation import validation_items
from harmlib.predict.decision_log import DecisionLog, LogError, replay
from harmlib.predict.predictor import COLUMNS, Judged, Predictor, Windows
from harmlib.predict.stream import open_predictors, predict

MODEL = "models/model4"


@pytest.fixture(scope="module")
def video_model(small_run):
    return small_run / MODEL / "video_model_best.pth"


@pytest.fixture(scope="module")
def media(small_folder):
    return small_folder / "media"


@pytest.mark.parametrize("modality", ["image", "video"])
def test_scores_are_those_of_the_report(small_run, media, modality):
    judged, lost = predict(
        small_run / MODEL / f"{modality}_model_best.pth", [media / f"{modality}s"]
    )
    metrics = json.loads((small_run / "metrics.json").read_text(encoding="utf-8"))
    entry = metrics["modalities"][modality]["model4"]
    scores = pd.read_parquet(small_run / "scores.parquet").query(
        "modality == @modality and variant == 'model4' and epoch == @entry['epoch']"
    )
    judged["item_id"] = [str(p).removeprefix(f"{media}/") for p in judged["path"]]
    both = judged.merge(scores, on="item_id", suffixes=("", "_report"))
    assert len(both) == len(scores)
    np.testing.assert_allclose(both["probability"], both["probability_report"], atol=1e-4)
    assert list(judged.columns[:-1]) == COLUMNS
    assert (judged["threshold"] == entry["threshold"]).all()
    flagged = judged["probability"] > entry["threshold"]
    assert (judged["decision"] == np.where(flagged, "harmful", "safe")).all()
    np.testing.assert_allclose(judged["margin"], judged["probability"] - entry["threshold"])
    broken = ["broken.jpg"] if modality == "image" else []
    assert [name.rsplit("/", 1)[1] for name in lost["path"]] == broken


def test_a_hostile_folder_goes_through_the_command_line(small_run, media, tmp_path, capfd):
    folder = tmp_path / "올린 것"
    folder.mkdir()
    picture = next((media / "images/safe").glob("*.jpg"))
    video = next((media / "videos/harmful").glob("*.mp4"))
    shutil.copy(video, folder / "이름은 그림.jpg")
    shutil.copy(picture, folder / "이름은 비디오.mp4")
    shutil.copy(picture, folder / "line\nbreak.jpg")
    (folder / "cut.mp4").write_bytes(video.read_bytes()[:900])
    (folder / "empty.jpg").touch()
    (folder / "words.txt").write_text("그림이 아님", encoding="utf-8")
    out = tmp_path / "scores.csv"
    status = cli.main(
        ["predict", str(small_run / MODEL), str(folder), str(tmp_path / "none"), "--out", str(out)]
    )
    assert status == 1, "some files could not be judged"
    table, ledger = pd.read_csv(out), pd.read_csv(tmp_path / "scores.ledger.csv")
    kinds = dict(zip(table["path"].str.rsplit("/").str[-1], table["modality"], strict=True))
    assert kinds == {
        "이름은 그림.jpg": "video",
        "이름은 비디오.mp4": "image",
        "line\nbreak.jpg": "image",
    }
    lost = {name.rsplit("/", 1)[1] for name in ledger["path"]}
    assert lost == {"cut.mp4", "empty.jpg", "words.txt", "none"}
    assert ledger["reason"].str.len().min() > 5
    assert "3 judged, 0 known from before, 4 unusable" in capfd.readouterr().out


def test_a_second_call_goes_on_where_the_first_stopped(video_model, media, tmp_path, capfd):
    videos = sorted(str(p) for p in (media / "videos/safe").glob("*.mp4"))
    out = tmp_path / "scores.parquet"
    assert cli.main(["predict", str(video_model), *videos[:2], "--out", str(out)]) == 0
    log = tmp_path / "scores.decisions.jsonl"
    first = log.read_bytes()
    with log.open("ab") as file:  # a crash in the middle of a line
        file.write(b'{"id": "half')
    assert cli.main(["predict", str(video_model), *videos[:3], "--out", str(out)]) == 0
    assert "1 judged, 2 known from before, 0 unusable" in capfd.readouterr().out
    assert log.read_bytes().startswith(first), "what is in the log is never changed"
    assert pq.read_table(out).column("path").to_pylist() == videos[:3]
    assert len(list(DecisionLog(log))) == 3


def test_another_model_judges_again(small_run, media, tmp_path):
    video, out = str(next((media / "videos/safe").glob("*.mp4"))), tmp_path / "scores.jsonl"
    for variant in ("model2", "model4"):
        model = small_run / f"models/{variant}/video_model_best.pth"
        assert cli.main(["predict", str(model), video, "--out", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["model"].split("/")[0] for row in rows] == ["model4"]
    assert len(list(DecisionLog(tmp_path / "scores.decisions.jsonl"))) == 2


def test_a_decision_is_explained_and_replayed(video_model, media, tmp_path, capfd):
    video = next((media / "videos/harmful").glob("*.mp4"))
    out = tmp_path / "scores.csv"
    assert cli.main(["predict", str(video_model), str(video), "--out", str(out)]) == 0
    log = DecisionLog(tmp_path / "scores.decisions.jsonl")
    decision = next(iter(log))
    capfd.readouterr()
    assert cli.main(["explain", str(log.path), decision["id"], "--replay"]) == 0
    said = capfd.readouterr().out
    assert f"probability {decision['probability']:.4f}" in said
    assert "the same decision" in said
    assert set(decision["contributions"]) == {"clip", "yolo", "slowfast"}
    predictor = Predictor(video_model)
    with torch.inference_mode():
        average = predictor.checkpoint.model.logits(
            torch.zeros(1, len(predictor.checkpoint.scaler.mean))
        )
    total = sum(decision["contributions"].values()) + float(average)
    assert total == pytest.approx(decision["logit"], abs=1e-4)
    similar = [near["similarity"] for near in decision["nearest"]]
    assert similar == sorted(similar, reverse=True)
    assert len(similar) == 5
    with pytest.raises(LogError, match=f"the last one is {decision['id']}"):
        log.find("0000")
    video_copy = tmp_path / "moved.mp4"
    shutil.copy(next((media / "videos/safe").glob("*.mp4")), video_copy)
    with pytest.raises(LogError, match="another content by now"):
        replay(decision | {"file": str(video_copy)})


def test_an_item_of_the_training_is_its_own_nearest(video_model, media):
    predictor = Predictor(video_model)
    name = predictor.checkpoint.training.item_id[0]
    judged = next(predictor.judge(find_media([media / name])))
    assert judged.nearest[0]["item_id"] == name
    assert judged.nearest[0]["similarity"] == pytest.approx(1, abs=1e-3)


def test_both_models_see_through_the_same_backbones(video_model):
    image, video = open_predictors(video_model.parent)
    assert set(image.engines) < set(video.engines)
    assert all(image.engines[name] is video.engines[name] for name in image.engines)


def test_harmful_stretches_of_a_long_video_come_out(video_model, media, tmp_path, monkeypatch):
    """The windows that score above the line are the segments, and each has its strip."""
    predictor = Predictor(video_model)
    clips = sorted(media.glob("videos/*/*.mp4"))
    scored = sorted(
        (one.row["probability"], one.row["path"]) for one in predictor.judge(find_media(clips))
    )
    low, high = scored[0], scored[-1]
    line = (low[0] + high[0]) / 2
    length = predictor.checkpoint.about["duration_sec"]
    join_videos([low[1], low[1], high[1], high[1], low[1], low[1]], tmp_path / "long.mp4")
    monkeypatch.setattr(
        "harmlib.predict.predictor.load_checkpoint", lambda path: replace_threshold(predictor, line)
    )
    out = tmp_path / "long.csv"
    assert (
        cli.main(["predict", str(video_model), str(tmp_path / "long.mp4"), "--out", str(out)]) == 0
    )
    decision = next(iter(DecisionLog(tmp_path / "long.decisions.jsonl")))
    assert decision["decision"] == "harmful"
    segments = pd.read_csv(tmp_path / "long.segments.csv")
    truth = pd.DataFrame({"start_sec": [2 * length], "end_sec": [4 * length]})
    found = overlap(segments, truth)
    assert found.iou > 0.5, found
    for strip in segments["strip"]:
        assert (tmp_path / strip).read_bytes().startswith(b"\xff\xd8\xff")


def replace_threshold(predictor, threshold):
    from dataclasses import replace

    return replace(predictor.checkpoint, threshold=threshold)


def test_windows_cover_the_video_and_early_exit_keeps_the_decision(video_model, media, tmp_path):
    clips = sorted(media.glob("videos/*/*.mp4"))[:5]
    join_videos(clips, tmp_path / "long.mp4")
    whole, early = (
        next(Predictor(video_model, windows=windows).judge(find_media([tmp_path / "long.mp4"])))
        for windows in (Windows(stride_sec=1.0), Windows(stride_sec=1.0, early_exit=True))
    )
    duration = whole.facts["duration_sec"]
    assert whole.windows["start_sec"].iloc[0] == 0
    assert whole.windows["end_sec"].iloc[-1] == pytest.approx(duration)
    assert (whole.windows["start_sec"].diff().dropna() <= 1.0 + 1e-9).all()
    assert whole.row["probability"] == whole.windows["probability"].max()
    assert early.row["decision"] == whole.row["decision"]
    assert len(early.windows) <= len(whole.windows)


def test_other_weights_are_refused_and_named(small_run, video_model, small_folder):
    content = torch.load(video_model, weights_only=True)
    content["about"]["backbones"]["yolo"]["weights"] = "another"
    changed = small_folder / "changed.pth"
    torch.save(content, changed)
    with pytest.raises(CheckpointError, match=r"yolo differs from the training: weights .*another"):
        Predictor(changed)
    content["about"]["backbones"]["yolo"] |= {"weights": "untrained", "frames": 99}
    torch.save(content, changed)
    with pytest.raises(CheckpointError, match="frames 2, trained with 99"):
        Predictor(changed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "gone.pth", "x"], "there is no such checkpoint"),
        (["predict", "{model}", "x", "--out", "scores.xlsx"], "must end in one of .csv"),
        (["predict", "{model}", "x", "--weights", "yolo"], "write BACKBONE=PATH"),
        (["predict", "{model}", "x", "--weights", "resnet=a.pt"], "has no backbone 'resnet'"),
        (["predict", "{model}", "x", "--reduce", "median"], "use max, or top:K"),
        (["predict", "{model}", "x", "--window", "0"], "must be a positive number"),
        (["explain", "gone.jsonl", "1"], "there is no such log"),
    ],
)
def test_a_users_mistake_is_explained(video_model, capfd, arguments, message):
    arguments = [a.format(model=video_model) for a in arguments]
    assert cli.main(arguments) == 2
    printed = capfd.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err


def test_rows_are_printed_without_a_table(video_model, media, capfd):
    videos = sorted(str(p) for p in (media / "videos/safe").glob("*.mp4"))[:2]
    assert cli.main(["predict", str(video_model), *videos, "/not/there"]) == 1
    printed = capfd.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == 3
    assert "/not/there: " in printed.err


def test_judged_is_what_comes_out_of_a_stream(video_model, media):
    found = find_media([media / "videos/safe"])
    assert all(isinstance(one, Judged) for one in Predictor(video_model).judge(found))


def test_bands_are_a_column_and_are_told(video_model, media, tmp_path, capfd):
    out = tmp_path / "scores.csv"
    arguments = ["predict", str(video_model), str(media / "videos"), "--out", str(out)]
    assert cli.main([*arguments, "--bands", "0.9", "0.9"]) == 0
    table = pd.read_csv(out)
    bands = Predictor(video_model).bands(0.9, 0.9)
    assert (table["band"] == assign(table["probability"], bands)).all()
    said = capfd.readouterr().err
    assert f"block above {bands.block_above}" in said
    assert cli.main([*arguments[:3], "--bands", "2", "0.9"]) == 2
    assert "min_recall is 2.0" in capfd.readouterr().err


def test_drift_against_validation(video_model, tmp_path, capfd):
    validation = validation_items(load_checkpoint(video_model))
    copies = [validation.assign(group=f"{i} " + validation["group"]) for i in range(20)]
    scores = pd.concat(copies).assign(modality="video")
    scores.to_csv(tmp_path / "same.csv", index=False)
    assert cli.main(["drift", str(video_model), str(tmp_path / "same.csv")]) == 0
    said = capfd.readouterr().out
    assert "steady: keep the threshold" in said
    assert "harmful_share" in said
    scores.assign(label=1 - scores["label"]).to_parquet(tmp_path / "other.parquet")
    assert cli.main(["drift", str(video_model), str(tmp_path / "other.parquet")]) == 1
    assert "choose the threshold again" in capfd.readouterr().out
    few = scores.assign(group=validation["group"].iloc[0] + scores["label"].astype(str))
    few.to_csv(tmp_path / "few.csv", index=False)
    assert cli.main(["drift", str(video_model), str(tmp_path / "few.csv")]) == 0
    assert "too few new scores" in capfd.readouterr().out, "two groups, however many items"
    scores.assign(label="maybe").to_csv(tmp_path / "bad.csv", index=False)
    assert cli.main(["drift", str(video_model), str(tmp_path / "bad.csv")]) == 2
    assert "label 'maybe'; use harmful or safe" in capfd.readouterr().err
    scores[["label"]].to_csv(tmp_path / "bad.csv", index=False)
    assert cli.main(["drift", str(video_model), str(tmp_path / "bad.csv")]) == 2
    assert "no column modality, probability" in capfd.readouterr().err
