"""A saved model on new files: the report's scores, nothing lost, resumed, explained."""

import gc
import json
import shutil
import weakref
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from joined_videos import join_videos

from harmlib.analysis.bands import assign
from harmlib.cli import main as cli
from harmlib.media.find import find_files
from harmlib.media.folds import OWN_SPLIT
from harmlib.media.ledger import LEDGER_COLUMNS
from harmlib.models.checkpoint import CheckpointError
from harmlib.predict import predict_files
from harmlib.predict.decision_log import DecisionLog, LogError
from harmlib.predict.prediction import COLUMNS, Prediction
from harmlib.predict.predictor import Predictor, open_predictors
from harmlib.predict.replay import replay
from harmlib.predict.stream import predict_stream
from harmlib.predict.windows import Windowing

MODEL = "models/model4"


@pytest.fixture(scope="module")
def video_model(small_run):
    return small_run / MODEL / "video_model_best.pth"


@pytest.fixture(scope="module")
def media(small_folder):
    return small_folder / "media"


def predict(predictor, paths):
    """The predictions of files that can all be used."""
    results = list(predict_stream([predictor], find_files(paths)))
    assert results
    assert all(isinstance(one, Prediction) for one in results)
    return results


@pytest.mark.parametrize("variant", ["model4", "model5"])
@pytest.mark.parametrize("modality", ["image", "video"])
def test_scores_are_those_of_the_report(small_run, media, modality, variant):
    table, ledger = predict_files(
        small_run / f"models/{variant}/{modality}_model_best.pth", [media / f"{modality}s"]
    )
    metrics = json.loads((small_run / "metrics.json").read_text(encoding="utf-8"))
    entry = metrics["modalities"][modality][variant]
    threshold = entry["operating_threshold"]
    scores = pd.read_parquet(small_run / "scores.parquet").query(
        "modality == @modality and variant == @variant and epoch == @entry['epoch']"
    )
    scores = scores[scores["fold"] == OWN_SPLIT]
    if variant == "model5":  # its scores of validation items are not of the saved classifier
        scores = scores[scores["split"] == "test"]
    assert list(table.columns) == COLUMNS
    table["item_id"] = [str(p).removeprefix(f"{media}/") for p in table["path"]]
    both = table.merge(scores, on="item_id", suffixes=("", "_report"))
    assert len(both) == len(scores) > 0
    np.testing.assert_allclose(both["probability"], both["probability_report"], atol=1e-4)
    assert (table["threshold"] == threshold).all()
    flagged = table["probability"] > threshold
    assert (table["decision"] == np.where(flagged, "harmful", "safe")).all()
    np.testing.assert_allclose(table["margin"], table["probability"] - threshold)
    assert table["model_id"].str.match(rf"{variant}/{modality}@[0-9a-f]{{12}}$").all()
    assert tuple(ledger.columns) == LEDGER_COLUMNS
    broken = ["broken.jpg"] if modality == "image" else []
    assert [name.rsplit("/", 1)[1] for name in ledger["path"]] == broken


@pytest.mark.parametrize("modality", ["image", "video"])
def test_backbones_that_were_not_chosen_are_not_opened(small_run, modality):
    predictor = Predictor(small_run / f"models/model5/{modality}_model_best.pth")
    about = predictor.checkpoint.about
    assert list(predictor.engines) == list(predictor.checkpoint.classifier.dims)
    assert list(predictor.engines) == list(about.backbones)


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
    assert status == 1, "some files could not be used"
    table, ledger = pd.read_csv(out), pd.read_csv(tmp_path / "scores.ledger.csv")
    kinds = dict(zip(table["path"].str.rsplit("/").str[-1], table["modality"], strict=True))
    assert kinds == {
        "이름은 그림.jpg": "video",
        "이름은 비디오.mp4": "image",
        "line\nbreak.jpg": "image",
    }
    assert tuple(ledger.columns) == LEDGER_COLUMNS
    steps = dict(zip(ledger["path"].str.rsplit("/").str[-1], ledger["step"], strict=True))
    assert steps == {
        "cut.mp4": "identify",
        "empty.jpg": "identify",
        "words.txt": "identify",
        "none": "find",
    }
    assert ledger["reason"].str.len().min() > 5
    assert "3 predicted, 0 reused from the log, 4 unusable" in capfd.readouterr().out


def test_a_second_call_goes_on_where_the_first_stopped(video_model, media, tmp_path, capfd):
    videos = sorted(str(p) for p in (media / "videos/safe").glob("*.mp4"))
    out = tmp_path / "scores.parquet"
    assert cli.main(["predict", str(video_model), *videos[:2], "--out", str(out)]) == 0
    log = tmp_path / "scores.decisions.jsonl"
    first = log.read_bytes()
    with log.open("ab") as file:  # a crash in the middle of a line
        file.write(b'{"id": "half')
    assert cli.main(["predict", str(video_model), *videos[:3], "--out", str(out)]) == 0
    assert "1 predicted, 2 reused from the log, 0 unusable" in capfd.readouterr().out
    assert log.read_bytes().startswith(first), "what is in the log is never changed"
    assert pq.read_table(out).column("path").to_pylist() == videos[:3]
    assert len(list(DecisionLog(log))) == 3


def test_another_checkpoint_predicts_again(small_run, media, tmp_path):
    video, out = str(next((media / "videos/safe").glob("*.mp4"))), tmp_path / "scores.jsonl"
    for variant in ("model2", "model4"):
        model = small_run / f"models/{variant}/video_model_best.pth"
        assert cli.main(["predict", str(model), video, "--out", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["model_id"].split("/")[0] for row in rows] == ["model4"]
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
    assert set(decision["contributions"]) == {"clip", "yolo", "slowfast", "motion"}
    predictor = Predictor(video_model)
    with torch.inference_mode():
        average = predictor.checkpoint.classifier.logits(
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
    with pytest.raises(LogError, match="another content now"):
        replay(decision | {"file": str(video_copy)})


def test_an_item_of_the_training_is_its_own_nearest(video_model, media):
    predictor = Predictor(video_model)
    name = predictor.checkpoint.training.item_id[0]
    (found,) = predict(predictor, [media / name])
    nearest = found.explanation.nearest[0]
    assert nearest.item_id == name
    assert nearest.similarity == pytest.approx(1, abs=1e-3)


def test_both_models_see_through_the_same_backbones(video_model):
    image, video = open_predictors(video_model.parent)
    assert set(image.engines) < set(video.engines)
    assert all(image.engines[name] is video.engines[name] for name in image.engines)


def shared_and_either(segments, start_sec, end_sec):
    """Seconds that lie in segments and in a true segment, and seconds that lie in one of them."""
    starts, ends = segments["start_sec"], segments["end_sec"]
    shared = (ends.clip(upper=end_sec) - starts.clip(lower=start_sec)).clip(lower=0).sum()
    return shared, (ends - starts).sum() + (end_sec - start_sec) - shared


def test_harmful_segments_of_a_long_video_come_out(video_model, media, tmp_path, monkeypatch):
    """The windows that score above the threshold are the segments, and each has its strip."""
    predictor = Predictor(video_model)
    clips = sorted(media.glob("videos/*/*.mp4"))
    low, *_, high = sorted(predict(predictor, clips), key=lambda one: one.probability)
    changed = replace(predictor.checkpoint, threshold=(low.probability + high.probability) / 2)
    length = predictor.checkpoint.about.duration_sec
    order = [low, low, high, high, low, low]
    join_videos([one.path for one in order], tmp_path / "long.mp4")
    monkeypatch.setattr("harmlib.predict.predictor.load_checkpoints", lambda _: {"": changed})
    out = tmp_path / "long.csv"
    assert (
        cli.main(["predict", str(video_model), str(tmp_path / "long.mp4"), "--out", str(out)]) == 0
    )
    decision = next(iter(DecisionLog(tmp_path / "long.decisions.jsonl")))
    assert decision["decision"] == "harmful"
    segments = pd.read_csv(tmp_path / "long.segments.csv")
    assert len(segments) == len(decision["segments"]) > 0
    shared, either = shared_and_either(segments, 2 * length, 4 * length)
    assert shared / either > 0.5, segments
    for strip in segments["strip"]:
        assert (tmp_path / strip).read_bytes().startswith(b"\xff\xd8\xff")


def test_windows_cover_the_video_and_early_exit_keeps_the_decision(video_model, media, tmp_path):
    clips = sorted(media.glob("videos/*/*.mp4"))[:5]
    join_videos(clips, tmp_path / "long.mp4")
    predictor = Predictor(video_model, windowing=Windowing(stride_sec=1.0))
    (whole,) = predict(predictor, [tmp_path / "long.mp4"])
    duration = whole.facts.duration_sec
    assert whole.windows["start_sec"].iloc[0] == 0
    assert whole.windows["end_sec"].iloc[-1] == pytest.approx(duration)
    assert (whole.windows["start_sec"].diff().dropna() <= 1.0 + 1e-9).all()
    assert whole.probability == whole.windows["probability"].max()
    # A threshold that the first window passes: everything after it is decided already.
    first = whole.windows["probability"].iloc[0]
    predictor.checkpoint = replace(predictor.checkpoint, threshold=first - 1e-3)
    predictor.windowing = Windowing(stride_sec=1.0, early_exit=True)
    (early,) = predict(predictor, [tmp_path / "long.mp4"])
    assert early.decision == "harmful"
    assert len(early.windows) == 1 < len(whole.windows)


def test_other_weights_are_refused_and_named(video_model, tmp_path):
    content = torch.load(video_model, weights_only=True)
    content["about"]["backbones"]["yolo"]["weights"] = "another"
    changed = tmp_path / "changed.pth"
    torch.save(content, changed)
    with pytest.raises(CheckpointError, match=r"yolo differs from the training: weights .*another"):
        Predictor(changed)
    content["about"]["backbones"]["yolo"] |= {"weights": "untrained", "frames": 99}
    torch.save(content, changed)
    with pytest.raises(CheckpointError, match="frames 2, trained with 99"):
        Predictor(changed)


def test_networks_are_let_go_with_their_predictor(video_model):
    predictor = Predictor(video_model)
    engines = [weakref.ref(engine) for engine in predictor.engines.values()]
    gc.disable()  # it frees rings, but when is up to it: gigabytes have piled up meanwhile
    try:
        del predictor
        left = [engine() for engine in engines]
    finally:
        gc.enable()
    assert engines
    assert not any(left)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "gone.pth", "{model}"], "there is no such checkpoint"),
        (["predict", "{model}", "{model}", "--out", "scores.xlsx"], "must end in one of .csv"),
        (["predict", "{model}", "{model}", "--weights", "yolo"], "write BACKBONE=PATH"),
        (["predict", "{model}", "{model}", "--weights", "resnet=a.pt"], "has no backbone 'resnet'"),
        (["predict", "{model}", "{model}", "--reduce", "median"], "use max, or top:K"),
        (["predict", "{model}", "{model}", "--reduce", "top:0"], "average at least 1 window"),
        (
            ["predict", "{model}", "{model}", "--window", "0"],
            "window_sec is 0.0; it must be a positive",
        ),
        (
            ["predict", "{model}", "{model}", "--stride", "-1"],
            "stride_sec is -1.0; it must be a posit",
        ),
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


def test_bands_are_a_column_and_are_told(video_model, media, tmp_path, capfd):
    out = tmp_path / "scores.csv"
    arguments = ["predict", str(video_model), str(media / "videos"), "--out", str(out)]
    assert cli.main([*arguments, "--bands", "0.9", "0.9"]) == 0
    table = pd.read_csv(out)
    bands = Predictor(video_model).bands(0.9, 0.9)
    assert (table["band"] == assign(table["probability"], bands)).all()
    said = capfd.readouterr().err
    assert f"block above {bands.block_above}" in said
    assert said.index("hold on validation only") < said.index("block above")
    assert cli.main([*arguments, "--bands", "0.9", "0.9", "--confidence", "0.9"]) == 0
    said = capfd.readouterr().err
    assert "no threshold can be promised at this confidence for recall 0.9 with" in said
    assert "so nothing passes; it takes at least" in said
    assert set(pd.read_csv(out)["band"]) == {"review"}
    assert cli.main([*arguments[:3], "--bands", "2", "0.9"]) == 2
    assert "min_recall is 2.0" in capfd.readouterr().err
