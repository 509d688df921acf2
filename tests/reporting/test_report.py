from dataclasses import fields

import pandas as pd
import pytest

from harmlib.params import load_params
from harmlib.reporting.report import FOLD_KINDS, KINDS, Report, load_report
from harmlib.workflow.run import MissingTable, Run
from harmlib.workflow.steps import FOLD_TABLES, THRESHOLD_TABLES

ITEMS = pd.DataFrame(
    {"split": ["train", "val"], "harmful": [9, 3], "safe": [3, 1], "harmful_share": 0.75}
)


def written(folder, folds):
    """A run whose tables hold as much as `Report` itself looks at."""
    params = load_params("params/demo.yaml")
    splits = params.splits.model_copy(update={"folds": folds})
    changes = {"reports": folder, "modalities": ["image", "video"], "splits": splits}
    run = Run(params.model_copy(update=changes))
    params = run.params
    run.write(pd.DataFrame({"item_id": ["a"]}), "manifest.parquet")
    run.write(pd.DataFrame({"modality": ["video"], "f1": [0.84]}), "tables/published.csv")
    for m in params.modalities:
        run.write(pd.DataFrame({"backbone": ["clip"]}), f"tables/weights_{m}.csv")
        for kind in KINDS:
            table = {"kind": [kind], "variant": "model2", "state": "ok"}
            run.write(pd.DataFrame(table), f"tables/{kind}_{m}.csv")
        run.write(ITEMS, f"tables/items_{m}.csv")
        points = {
            "variant": ["model2", "model2"],
            "chosen": [False, True],
            "f1": [0.7, 0.8],
            "at_grid_edge": ["", "low"],
        }
        run.write(pd.DataFrame(points), f"tables/operating_points_{m}.csv")
        run.write(pd.DataFrame({"metric": ["recall", "f1"]}), f"tables/intervals_{m}.csv")
        if folds:
            pooled = {"variant": ["model2", "baseline"], "validation_f1": [0.8, None], "f1": 0.7}
            run.write(pd.DataFrame(pooled), f"tables/pooled_{m}.csv")
            own = {"metric": ["f1"], "value": [0.7]}
            run.write(pd.DataFrame(own), f"tables/pooled_intervals_{m}.csv")
            run.write(pd.DataFrame({"item_id": ["a"]}), f"tables/judged_{m}.csv")
            pairs = pd.DataFrame({"split": ["test"], "metric": "f1"})
            run.write(pairs, f"tables/differences_{m}.csv")
    return run


@pytest.fixture
def run(tmp_path):
    return written(tmp_path, folds=None)


def test_the_report_reads_what_03_writes():
    assert set(KINDS) == set(THRESHOLD_TABLES)
    assert set(FOLD_KINDS) == set(FOLD_TABLES)
    assert {*KINDS, *FOLD_KINDS} < {field.name for field in fields(Report)}


def test_without_folds_claims_rest_on_the_test_split(run):
    report = load_report(run)
    assert report.pooled == report.judged == {}
    assert report.results("video") is report.test["video"]
    assert report.evidence("image") is report.intervals["image"]
    assert report.preferred("video")["variant"].tolist() == ["model2"]


def test_with_folds_claims_rest_on_all_of_them(tmp_path):
    report = load_report(written(tmp_path, folds=3))
    assert report.results("video") is report.pooled["video"]
    assert report.f1_intervals("image")["value"].tolist() == [0.7]
    assert report.preferred("video")[["variant", "f1"]].to_numpy().tolist() == [["model2", 0.8]]
    assert report.rows_on_test.cell.count("pooled") == 2


def test_videos_come_first_and_tables_keep_their_names(run):
    report = load_report(run)
    assert report.modalities == ("video", "image")
    assert list(report.test) == ["video", "image"]
    assert report.test["image"].attrs["name"] == "tables/test_image.csv"
    assert report.weights["modality"].tolist() == ["video", "image"]
    assert report.ledger.empty


def test_what_is_asked_of_a_modality(run):
    report = load_report(run)
    chosen = report.chosen("video")
    assert chosen.index.tolist() == [1]
    assert chosen.attrs["name"] == "tables/operating_points_video.csv"
    assert report.operating_points["video"]["at_grid_edge"].tolist() == ["", "low"]
    assert report.f1_intervals("video")["metric"].tolist() == ["f1"]
    assert report.validation_counts("video") == (3, 1)
    assert report.harmful_share("video") == 0.75
    assert len(report.published_of("video")) == 1
    assert report.published_of("image").empty


def test_rows_on_test_are_counted_over_modalities_and_tables(run):
    """Of choices and floors those of the preferred model are shown, of differences F1 on test."""
    for m in run.params.modalities:
        pairs = {"split": ["test", "test", "val", "test"], "metric": ["f1", "f1", "f1", "recall"]}
        run.write(pd.DataFrame(pairs), f"tables/differences_{m}.csv")
        choices = {"variant": ["model2", "model2", "model3"], "state": ["ok", "infeasible", "ok"]}
        run.write(pd.DataFrame(choices), f"tables/choices_{m}.csv")
    found = load_report(run).rows_on_test
    assert found == 2 * (1 + 1 + 1 + 2)
    assert "count(tables/choices_image.csv[0])" in found.cell
    assert "count(tables/differences_video.csv[0,1])" in found.cell


def test_printed_figures_are_read_only_where_they_are_asked_for(run):
    alone = run.params.model_copy(update={"compare_with_published": False})
    report = load_report(Run(alone))
    assert report.published.empty
    assert report.published_of("video").empty


def test_a_table_that_is_not_there_names_the_notebook_to_run(run):
    (run.dir / "tables/floors_image.csv").unlink()
    with pytest.raises(MissingTable, match=r"floors_image\.csv.*03_thresholds"):
        load_report(run)
