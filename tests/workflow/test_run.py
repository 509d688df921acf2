import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure

from harmlib.media.ledger import LEDGER_COLUMNS
from harmlib.models.fold_training import FoldTables
from harmlib.params import load_params
from harmlib.reporting.figures.saving import figure_svg
from harmlib.workflow.paths import TRAINING_TABLES
from harmlib.workflow.run import MissingTable, Run


@pytest.fixture
def run(tmp_path):
    (tmp_path / "my.yaml").write_text(
        yaml.safe_dump({"run": "r", "seed": 5, "reports": str(tmp_path / "out"),
                        "data": {"root": str(tmp_path)}})
    )  # fmt: skip
    return Run.open(tmp_path / "my.yaml")


def unusable(*rows):
    return pd.DataFrame(rows, columns=["path", "label", "reason"])


TABLE = pd.DataFrame(
    {"name": ["가, 나", 'quote "', "x\ny"], "n": [1, 2, 3], "p": [0.1, 1 / 3, 1.0]}
)


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "tables/deep/t.csv"])
def test_what_is_written_is_read(run, name):
    run.write(TABLE, name)
    path = run.dir / name
    pd.testing.assert_frame_equal(run.read(name, "00_data"), TABLE)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_csv_opens_in_a_korean_spreadsheet(run):
    run.write(TABLE, "t.csv")
    assert (run.dir / "t.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(("name", "method"), [("t.parquet", "to_parquet"), ("t.csv", "to_csv")])
def test_an_interrupted_write_leaves_the_old_table(run, monkeypatch, name, method):
    run.write(TABLE, name)

    def half(_, to, **__):  # a path, or a file that is open
        to.write_bytes(b"half") if isinstance(to, Path) else to.write("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, method, half)
        with pytest.raises(KeyboardInterrupt):
            run.write(TABLE.head(1), name)
    pd.testing.assert_frame_equal(run.read(name, "00_data"), TABLE)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda run: run.read("x.parquet", "07_x"), "x.parquet: .* run the notebook 07"),
        (lambda run: run.items("video"), "manifest.parquet: not there yet; run the notebook 00"),
        (lambda run: run.scores("video"), "scores.parquet: .* 02_train first"),
        (lambda run: run.history("video"), "history.parquet: .* 02_train first"),
        (lambda run: run.operating_points("video"), "operating_points.parquet: .* 02_train first"),
        (lambda run: run.provenance(), "weights_image.csv: .* 01_extract_features first"),
    ],
)  # fmt: skip
def test_a_missing_table_names_its_notebook(run, ask, message):
    with pytest.raises(MissingTable, match=message):
        ask(run)


def test_json_keeps_hangul_and_refuses_nan(run):
    run.write_json({"이름": "값", "where": run.dir}, "x.json")
    path = run.dir / "x.json"
    assert json.loads(path.read_text(encoding="utf-8")) == {"이름": "값", "where": str(run.dir)}
    assert "이름" in path.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"(?i)nan"):
        run.write_json({"x": float("nan")}, "y.json")


# The ledger


def test_no_ledger_yet(run):
    assert run.ledger().empty
    assert tuple(run.ledger().columns) == LEDGER_COLUMNS


def test_record_replaces_its_own_rows_and_keeps_the_others(run):
    run.record(unusable(("a", 1, "old"), ("b", 0, "old")), "data", "image")
    run.record(unusable(("c", "safe", "x")), "data", "video")
    run.record(unusable(("d", 1, "x")), "extract", "image")
    rows = run.record(unusable(("b", 0, "new")), "data", "image")
    assert rows.to_numpy().tolist() == [["b", "safe", "image", "data", "new"]]
    assert run.ledger().to_numpy().tolist() == [
        ["c", "safe", "video", "data", "x"],
        ["d", "harmful", "image", "extract", "x"],
        ["b", "safe", "image", "data", "new"],
    ]


def test_record_no_unusable_file(run):
    run.record(unusable(("a", 1, "x")), "data", "image")
    assert run.record(unusable(), "data", "image").empty
    assert run.ledger().empty
    assert tuple(run.ledger().columns) == LEDGER_COLUMNS
    run.record(unusable(("a", 1, "x")), "data", "image")
    assert len(run.ledger()) == 1


@pytest.mark.parametrize("name", ["NA", "null", "가, 나.png", "1e5", "x\ny.png"])
def test_names_survive_the_ledger(run, name):
    run.record(unusable((name, 1, "x")), "data", "image")
    run.record(unusable(("b", 1, "x")), "data", "video")
    assert run.ledger()["path"].tolist() == [name, "b"]


def test_record_leaves_its_argument(run):
    given = unusable(("a", 1, "x"))
    run.record(given, "data", "image")
    pd.testing.assert_frame_equal(given, unusable(("a", 1, "x")))


def test_items_leaves_out_what_extraction_gave_up(run):
    manifest = pd.DataFrame(
        {"path": ["/a", "/b", "/c", "/v"], "modality": ["image"] * 3 + ["video"], "label": 1}
    )
    run.write(manifest, "manifest.parquet")
    run.record(unusable(("/a", 1, "x")), "data", "image")  # of another step: has no row here
    run.record(unusable(("/b", 1, "x")), "extract", "image")
    items = run.items("image")
    assert items["path"].tolist() == ["/a", "/c"]
    assert items.index.tolist() == [0, 1]
    run.record(unusable(("/v", 1, "x")), "extract", "video")
    with pytest.raises(MissingTable, match=r"manifest\.parquet: holds no videos"):
        run.items("video")


# Training


def trained(*probabilities):
    scores = pd.DataFrame(
        {"epoch": 1, "item_id": range(len(probabilities)), "probability": probabilities}
    )
    history = pd.DataFrame({"epoch": [1], "train_loss": [probabilities[0]]})
    points = pd.DataFrame({"epoch": [1], "threshold": [probabilities[-1]], "pos_weight": [1.0]})
    return scores, history, points


def test_write_training_keeps_all_variants_and_replaces_its_own(run):
    run.write_training("video", "model2", *trained(0.1))
    run.write_training("video", "model3", *trained(0.2, 0.3))
    run.write_training("image", "model2", *trained(0.4))
    run.write_training("video", "model2", *trained(0.5, 0.6))
    scores = run.read("scores.parquet", "02_train")
    assert list(scores.columns[:3]) == ["modality", "variant", "seed"]
    assert set(scores["seed"]) == {5}
    rows = scores[["modality", "variant", "probability"]].to_numpy().tolist()
    assert rows == [
        ["image", "model2", 0.4],
        ["video", "model2", 0.5],
        ["video", "model2", 0.6],
        ["video", "model3", 0.2],
        ["video", "model3", 0.3],
    ]
    history = run.history("video")
    assert history[["variant", "train_loss"]].to_numpy().tolist() == [
        ["model2", 0.5], ["model3", 0.2],
    ]  # fmt: skip
    assert run.scores("image")["probability"].tolist() == [0.4]
    assert run.scores("video").index.tolist() == [0, 1, 2, 3]
    points = run.operating_points("video")
    assert list(points)[:3] == ["modality", "variant", "seed"]
    assert points[["variant", "threshold", "pos_weight"]].to_numpy().tolist() == [
        ["model2", 0.6, 1.0], ["model3", 0.3, 1.0],
    ]  # fmt: skip


def test_trainings_on_folds_are_kept_beside_that_of_the_checkpoint(run):
    scores, history, points = trained(0.1)
    of_folds = [table.assign(seed=8, fold=[2] * len(table)) for table in trained(0.7, 0.8)]
    folds = FoldTables(*of_folds)
    run.write_training("video", "model2", scores, history, points, folds)
    assert run.scores("video")[["seed", "fold"]].to_numpy().tolist() == [[5, -1]]
    assert run.scores("video", folds=True)["probability"].tolist() == [0.7, 0.8]
    assert run.operating_points("video", folds=True)[["seed", "fold"]].to_numpy().tolist() == [
        [8, 2]
    ]
    assert run.history("video")["train_loss"].tolist() == [0.1]
    run.write_training("video", "model2", scores, history, points)
    assert run.scores("video", folds=True).empty


def test_the_order_of_training_does_not_show_and_gathering_mends(run):
    jobs = [("video", "model4", 0.1), ("image", "model2", 0.2), ("video", "model2", 0.3)]
    for modality, variant, p in jobs:
        run.write_training(modality, variant, *trained(p))
    names = [f"{kind}.parquet" for kind in TRAINING_TABLES]
    first = [(run.dir / name).read_bytes() for name in names]
    for modality, variant, p in reversed(jobs):
        run.write_training(modality, variant, *trained(p))
    assert [(run.dir / name).read_bytes() for name in names] == first
    for name in names:
        (run.dir / name).write_text("damaged")
    run.gather()
    assert [(run.dir / name).read_bytes() for name in names] == first


def test_trainings_side_by_side_lose_nothing(run):
    jobs = [(m, v) for m in run.params.modalities for v in run.params.variants]
    with ThreadPoolExecutor(len(jobs)) as pool:
        futures = [pool.submit(run.write_training, *job, *trained(0.5)) for job in jobs * 2]
    assert [future.result() for future in futures] == [None] * len(futures)
    for kind in TRAINING_TABLES:
        kept = run.read(f"{kind}.parquet", "02_train")[["modality", "variant"]]
        assert list(kept.itertuples(index=False, name=None)) == jobs


def test_a_variant_left_out_of_the_params_leaves_the_scores(run, tmp_path):
    run.write_training("video", "model2", *trained(0.1))
    text = (tmp_path / "my.yaml").read_text() + "variants: {model2: null}\n"
    (tmp_path / "my.yaml").write_text(text)
    again = Run(load_params(tmp_path / "my.yaml"))
    again.write_training("video", "model3", *trained(0.2))
    assert again.scores("video")["variant"].tolist() == ["model3"]


def test_checkpoint_lies_where_people_look(run):
    path = run.checkpoint("model4", "video").relative_to(run.dir)
    assert path.as_posix() == "models/model4/video_model_best.pth"


def test_provenance(run):
    for modality in run.params.modalities:
        weights = pd.DataFrame({"backbone": ["clip"], "sha256": [None]})
        run.write(weights, f"tables/weights_{modality}.csv")
    run.write(TABLE, "manifest.parquet")
    run.record(unusable(("a", 1, "x")), "data", "image")
    run.write_training("video", "model2", *trained(0.1))
    facts = run.provenance()
    manifest = (run.dir / "manifest.parquet").read_bytes()
    assert facts["sha256"]["manifest.parquet"] == hashlib.sha256(manifest).hexdigest()
    gathered = {f"{kind}.parquet" for kind in TRAINING_TABLES}
    assert set(facts["sha256"]) == {"manifest.parquet", "ledger.csv"} | gathered
    assert facts["weights"][1] == {"backbone": "clip", "sha256": "", "modality": "video"}
    assert facts["params"]["seed"] == 5
    assert facts["versions"].keys() >= {"python", "torch", "av"}
    run.write_json(facts, "run.json")


def test_a_drawing_is_read_as_it_was_written_or_its_notebook_is_named(run):
    with pytest.raises(MissingTable, match=r"f1_bands_video\.svg: not there yet.*03_thresholds"):
        run.drawn("f1_bands_video")
    figure = Figure(figsize=(1, 1))
    run.write_figure(figure, "f1_bands_video")
    assert run.drawn("f1_bands_video") == figure_svg(figure)
