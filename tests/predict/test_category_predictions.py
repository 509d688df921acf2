"""Files whose categories are scored: one row with all of them, decided by each one's threshold."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.media.probe import Facts
from harmlib.models.explanation import Explanation
from harmlib.predict import outputs
from harmlib.predict.decision_log import DecisionLog, format_decision, log_entry
from harmlib.predict.outputs import predict_into
from harmlib.predict.prediction import Prediction, joined_prediction
from harmlib.predict.windows import Windowing


def of_category(probability, threshold, path="a.jpg", name="gun", stat=(3, 4)):
    facts = Facts(path, *stat, "ab" * 32, 8, 6, 1, 0.0)
    return Prediction(
        facts=facts, modality="image", logit=10 * probability, probability=probability,
        threshold=threshold, model_id="m", seconds=0.1, model_sha256="m1",
        checkpoint=Path("m.pth"), windowing=Windowing(), windows=pd.DataFrame(),
        segments=pd.DataFrame(), explanation=Explanation({name: 1.0}, []), policy="night",
    )  # fmt: skip


def joined(scores, **more):
    return joined_prediction({n: of_category(*own, name=n, **more) for n, own in scores.items()})


unit = st.floats(0, 1)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.tuples(unit, unit), min_size=1))
def test_it_is_harmful_where_any_category_is_above_its_own_threshold(scores):
    one = joined(scores)
    above = [name for name, (p, t) in scores.items() if p > t]
    assert one.decision == ("harmful" if above else "safe")
    assert one.row()["above"].split("|") == (above or [""])
    assert one.margin == max(p - t for p, t in scores.values())
    assert (one.probability, one.threshold) == scores[one.category]
    assert one.explanation.contributions == {one.category: 1.0}
    assert {name: one.row()[f"probability_{name}"] for name in scores} == {
        name: p for name, (p, _) in scores.items()
    }


def test_a_file_without_categories_has_the_row_that_it_had():
    plain = of_category(0.4, 0.5)
    assert joined_prediction({"": plain}) is plain
    assert not [name for name in plain.row() if "_" in name and name != "model_id"]
    assert "category" not in plain.row()


def test_the_words_of_a_decision_name_each_category_and_the_leading_one():
    said = format_decision(log_entry(joined({"gun": (0.2, 0.7), "fire": (0.9, 0.5)})))
    assert "category   gun       probability 0.2000, threshold 0.7000\n" in said
    assert "category   fire      probability 0.9000, threshold 0.5000, above it (leading)" in said


@dataclass
class FakePredictor:
    lines: dict = field(default_factory=lambda: {"gun": 0.7, "fire": 0.5})
    digest: str = "m1"
    modality: str = "image"
    windowing: Windowing = field(default_factory=Windowing)
    policy: str = "night"
    threshold: float = 0.0

    @property
    def categories(self):
        return list(self.lines)

    @property
    def outputs(self):
        return {name: replace(self, threshold=line) for name, line in self.lines.items()}


@pytest.fixture
def into(monkeypatch, tmp_path):
    """Predicts two files into a table with a suffix; says how many were predicted now."""
    scores = {"a.jpg": (0.2, 0.9), "b.jpg": (0.1, 0.2)}

    def stream(predictors, found, *_):
        for path in found:
            stat = path.stat()
            lines = predictors[0].lines.items()
            pairs = zip(lines, scores[path.name], strict=True)
            own = {name: (p, line) for (name, line), p in pairs}
            yield joined(own, path=str(path), stat=(stat.st_size, stat.st_mtime_ns))

    monkeypatch.setattr(outputs, "predict_stream", stream)
    for name in scores:
        (tmp_path / name).write_text("x")

    def predict(suffix=".csv", **changes):
        files = [tmp_path / name for name in scores]
        return predict_into(tmp_path / f"out{suffix}", [FakePredictor(**changes)], files).predicted

    predict.folder = tmp_path
    return predict


READERS = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
    ".jsonl": lambda path: pd.read_json(path, lines=True, precise_float=True),
}


@pytest.mark.parametrize("suffix", READERS)
def test_tables_have_a_probability_and_a_threshold_a_category(into, suffix):
    assert into(suffix) == 2
    table = READERS[suffix](into.folder / f"out{suffix}")
    assert table["probability_gun"].tolist() == [0.2, 0.1]
    assert table["probability_fire"].tolist() == [0.9, 0.2]
    assert table["threshold_gun"].tolist() == [0.7, 0.7]
    assert table["decision"].tolist() == ["harmful", "safe"]
    assert table["above"].fillna("").tolist() == ["fire", ""]
    assert table["category"].tolist() == ["fire", "fire"]


def test_files_are_predicted_again_if_any_categorys_threshold_of_the_policy_has_changed(into):
    assert into() == 2
    assert into() == 0
    assert into(lines={"gun": 0.7, "fire": 0.6}) == 2
    assert into(lines={"gun": 0.6, "fire": 0.6}) == 2
    log = DecisionLog(into.folder / "out.decisions.jsonl")
    assert [entry["threshold_gun"] for entry in log] == [0.7] * 4 + [0.6] * 2
