"""The whole way of a run that learns categories: trained, judged by section, reported, used."""

import csv

import numpy as np
import pandas as pd
import pytest
import yaml

from harmlib.cli import main as cli
from harmlib.media.demo import make_demo
from harmlib.params import ParamsError, load_params
from harmlib.predict import predict_files
from harmlib.workflow.notebook import Run
from harmlib.workflow.run import MissingTable
from harmlib.workflow.steps import plan

pytestmark = pytest.mark.usefixtures("closed_event_loop")


@pytest.fixture(scope="module")
def params_file(small_folder, tmp_path_factory):
    """Images of the demo with categories of our own: every fourth is of both, one is of none."""
    folder = tmp_path_factory.mktemp("categories")
    make_demo(folder / "media", seed=3, images=(40, 24), videos=(1, 1))
    with (folder / "media/images.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = iter(["smoke", *["gun", "fire", "gun;fire", "gun"] * 20])
    with (folder / "media/categories.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "group", "category"])
        for row in rows:
            category = next(names) if row["label"] == "harmful" else ""
            writer.writerow([row["path"], row["label"], row["group"], category])
    content = yaml.safe_load((small_folder / "params.yaml").read_text(encoding="utf-8"))
    short = {"image": {"epochs": 2}}
    del content["splits"], content["seeds"]
    content |= {
        "run": "categories", "modalities": ["image"], "reports": str(folder / "reports"),
        "artifacts": str(folder / "artifacts"),
        "data": {"root": str(folder / "media"), "image_csv": "categories.csv",
                 "labels": "category", "categories": ["gun", "fire"]},
        "variants": {"model3": None, "model5": None, "model2": short, "model4": short},
        "policies": {"children": {"objective": "recall>=0.5",
                                  "categories": {"image-fire": {"objective": "f1"}}}},
    }  # fmt: skip
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(params_file):
    assert cli.main(["run", str(params_file)]) == 0
    return Run.open(params_file)


def changed(params_file, tmp_path, **changes):
    content = yaml.safe_load(params_file.read_text(encoding="utf-8"))
    content["variants"] |= changes.pop("variants", {})
    content["data"] |= changes.pop("data", {})
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump(content | changes), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"variants": {"model5": {}}}, r"model5 is not available.*variants: \{model5: null\}"),
        ({"splits": {"folds": 3}}, "set splits.folds to null"),
        ({"prevalence": {"image": 0.1}}, "leave prevalence out"),
        ({"policies": {"a": {"objective": "f1", "categories": {"image": {"objective": "f2"}}}}},
         "'image' is no section here; there are: image-gun, image-fire"),
    ],
)  # fmt: skip
def test_what_categories_do_not_go_with_is_refused_in_words(params_file, tmp_path, changes, said):
    with pytest.raises(ParamsError, match=said):
        load_params(changed(params_file, tmp_path, **changes))


def test_a_modality_is_trained_once_and_judged_by_section(params_file):
    names = [step.name for step in plan(load_params(params_file))]
    assert [name for name in names if name.startswith("02")] == [
        "02_train-image-model2", "02_train-image-model4",
    ]  # fmt: skip
    assert [name for name in names if name.startswith("03")] == [
        "03_thresholds-image-gun", "03_thresholds-image-fire",
    ]  # fmt: skip


def test_each_section_has_the_labels_scores_and_thresholds_of_its_category(run):
    manifest = run.read("manifest.parquet", "00_data")
    for category in ("gun", "fire"):
        section = f"image-{category}"
        items = run.items(section).set_index("item_id")
        truth = manifest.set_index("item_id")["category"].str.split("|")
        assert (items["label"] == truth.map(lambda own, c=category: int(c in own))).all()
        scores = run.scores(section)
        assert (scores["item_id"].map(items["label"]) == scores["label"]).all()
        points = run.operating_points(section)
        assert points.groupby("variant")["chosen"].sum().eq(1).all()
        safe_per_item = (1 - items.query("split == 'train'")["label"]).sum()
        weight = safe_per_item / items.query("split == 'train'")["label"].sum()
        assert points.query("variant == 'model4'")["pos_weight"].unique() == pytest.approx([weight])
    both = [
        run.operating_points(f"image-{c}").query("chosen")["epoch"].tolist()
        for c in ("gun", "fire")
    ]
    assert both[0] == both[1]


def test_a_section_that_is_not_there_is_told(run):
    with pytest.raises(MissingTable, match="no section 'image'; it has: image-gun, image-fire"):
        run.scores("image")


def test_the_overall_decision_is_that_any_category_is_above_its_own(run):
    table = run.read("tables/any_category_image.csv", "05_report").set_index("variant")
    harmful = run.items("image").query("split == 'test'").set_index("item_id")["label"]
    for variant in ("model2", "model4"):
        flagged = pd.Series(data=False, index=harmful.index)
        for section in run.params.sections:
            (point,) = (
                run.operating_points(section).query("chosen and variant == @variant").itertuples()
            )
            own = run.scores(section).query("split == 'test' and variant == @variant")
            own = own[own["epoch"] == point.epoch].set_index("item_id")["probability"]
            flagged |= own[harmful.index] > point.threshold
        counts = table.loc[variant, ["tp", "fp", "fn", "tn"]].tolist()
        assert counts == [
            (flagged & (harmful == 1)).sum(), (flagged & (harmful == 0)).sum(),
            (~flagged & (harmful == 1)).sum(), (~flagged & (harmful == 0)).sum(),
        ]  # fmt: skip


def test_the_page_says_which_category_pays_and_what_is_not_learned(run):
    page = (run.dir / "index.html").read_text(encoding="utf-8")
    assert "카테고리별 threshold와 전체 판정" in page
    assert "이미지 gun" in page
    assert "배우지 않는 카테고리(smoke" in page
    costs = run.read("tables/categories_image.csv", "05_report")
    assert set(costs["section"]) == {"image-gun", "image-fire", "all sections"}


def test_new_files_are_decided_by_each_categorys_threshold(run, params_file):
    checkpoint = run.checkpoint("model4", "image-gun")
    assert checkpoint == run.checkpoint("model4", "image")
    files = sorted((params_file.parent / "media/images/safe").glob("*"))[:3]
    table, _ = predict_files(checkpoint, files)
    for category in ("gun", "fire"):
        (point,) = (
            run.operating_points(f"image-{category}")
            .query("chosen and variant == 'model4'")
            .itertuples()
        )
        assert (table[f"threshold_{category}"] == point.threshold).all()
    above = np.logical_or(
        *(table[f"probability_{c}"] > table[f"threshold_{c}"] for c in ("gun", "fire"))
    )
    assert ((table["decision"] == "harmful") == above).all()
    policies = pd.DataFrame(
        yaml.safe_load((run.dir / "policy.json").read_text("utf-8"))["policies"]
    )
    at = policies.query("policy == 'children' and variant == 'model4'").set_index("section")[
        "threshold"
    ]
    table, _ = predict_files(checkpoint, files, policy="children")
    assert table["threshold_gun"].unique() == pytest.approx([at["image-gun"]])
    assert table["threshold_fire"].unique() == pytest.approx([at["image-fire"]])


def test_commands_of_one_score_refuse_in_a_line(run, tmp_path, capsys):
    checkpoint = str(run.checkpoint("model4", "image"))
    (tmp_path / "a.csv").write_text("path,modality,probability\na.jpg,image,0.5\n")
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"is looked for before anything is opened")
    assert cli.main(["drift", checkpoint, str(tmp_path / "a.csv")]) == 2
    assert cli.main(["predict", checkpoint, str(picture), "--bands", "0.9", "0.9"]) == 2
    assert cli.main(["export", str(run.dir), "--model", "model4", "--out", str(tmp_path)]) == 2
    told = capsys.readouterr().err.splitlines()
    for words in ("it scores categories", "bands are of one score", "it learns categories"):
        assert [line for line in told if words in line]


def test_a_category_in_too_few_groups_stops_the_run_with_what_to_do(params_file, tmp_path, capsys):
    data = {"categories": ["gun", "smoke"]}
    few = changed(params_file, tmp_path, run="few", data=data, policies={})
    assert cli.main(["run", str(few)]) == 1
    assert "category 'smoke' has no item in" in capsys.readouterr().err
