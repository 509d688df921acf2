"""The whole way of a study: 04_study and its section of the report, on a small demo set."""

import pandas as pd
import pytest
import yaml

from harmlib.cli import main as cli
from harmlib.media.demo import make_demo
from harmlib.reporting.report import STUDY_KINDS
from harmlib.workflow.steps import STUDY_TABLES

pytestmark = pytest.mark.usefixtures("closed_event_loop")


@pytest.fixture(scope="module")
def studied(small_folder, tmp_path_factory):
    """The folder of a run with a study, of images alone: more groups than the small run has."""
    folder = tmp_path_factory.mktemp("studied")
    make_demo(folder / "media", seed=3, images=(40, 24), videos=(1, 1))
    content = yaml.safe_load((small_folder / "params.yaml").read_text(encoding="utf-8"))
    short = {"image": {"epochs": 2}}
    content |= {
        "run": "studied", "modalities": ["image"], "reports": str(folder / "reports"),
        "artifacts": str(folder / "artifacts"),
        "data": {"root": str(folder / "media"), "image_csv": "images.csv"},
        "variants": {"model3": None, "model2": short, "model4": short},
        "study": {"seeds": 2, "harmful_per_safe": [1], "strata": {"첫째": "harmful/.*0"}},
    }  # fmt: skip
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    assert cli.main(["run", str(path)]) == 0
    return folder / "reports" / "studied"


def test_the_report_ends_in_what_helped(studied):
    page = (studied / "index.html").read_text(encoding="utf-8")
    section = page[page.index('id="study"') :]
    assert "Model 2에서 Model 4까지의 변경" in section or "가장 높인 것은" in section
    assert "데이터가 얼마나 더 필요한가" in section
    assert "Model 5" in page


def test_every_table_is_there_and_its_figures_are_of_all_items(studied):
    assert STUDY_KINDS == STUDY_TABLES
    tables = {kind: pd.read_csv(studied / f"tables/{kind}_image.csv") for kind in STUDY_KINDS}
    effects = tables["ablation"].query("metric == 'f1'")
    assert {"loss", "pos_weight", "threshold_rule", "total"} == set(effects["factor"])
    in_order = effects.query("way == 'in_order' and factor != 'total'")["difference"].sum()
    total = effects.query("way == 'in_order' and factor == 'total'")["difference"].iloc[0]
    assert in_order == pytest.approx(total)
    manifest = pd.read_parquet(studied / "manifest.parquet").query("modality == 'image'")
    assert len(tables["item_flips"]) == len(manifest)
    assert set(tables["fusion"]["setting"]) == {"clip", "yolo", "clip+yolo"}


def test_model5_has_a_checkpoint_and_a_column(studied):
    assert (studied / "models/model5/image_model_best.pth").exists()
    pooled = pd.read_csv(studied / "tables/pooled_image.csv")
    assert pooled["variant"].tolist() == ["model2", "model4", "model5", "baseline"]
