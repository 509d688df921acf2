"""From a folder of shards to the page, by counts; below the size as one table."""

import json

import numpy as np
import pandas as pd
import pytest

from harmlib.address import address
from harmlib.analysis.reliability import reliability_table
from harmlib.analysis.score_shards.section_tables import tables_of
from harmlib.analysis.score_shards.shard_counter import Counter
from harmlib.cli.analyse import run_name
from harmlib.params import ParamsError, ScoresParams
from harmlib.workflow import own_scores, score_shards
from harmlib.workflow.own_scores import bring_in
from harmlib.workflow.pipeline import run_pipeline
from harmlib.workflow.run import Run
from harmlib.workflow.steps import plan


def write(folder, rows=3000, shards=3):
    rng = np.random.default_rng(0)
    label, group = rng.integers(0, 2, rows), rng.integers(0, 40, rows)
    logit = rng.normal(size=rows) + 2 * label + rng.normal(size=40)[group] / 2
    table = pd.DataFrame(
        {
            "item_id": [f"i{i}" for i in range(rows)],
            "label": label,
            "score_api": (1 / (1 + np.exp(-logit))).round(4),
            "score_open": (1 / (1 + np.exp(-logit - rng.normal(size=rows)))).round(4),
            "group": [f"g{one}" for one in group],
            "split": np.where(group % 2, "val", "test"),
        }
    )
    folder.mkdir()
    for i in range(shards):
        table[i::shards].to_parquet(folder / f"2026-{i:02d}.parquet")
    return folder


@pytest.fixture
def params(tmp_path):
    folder = write(tmp_path / "scores")
    settings = {"run": "x", "reports": str(tmp_path / "reports"), "scale": "probability"}
    settings |= {"artifacts": str(tmp_path / "artifacts")}
    return ScoresParams(scores=folder, **settings)


def test_above_the_size_it_is_counted_below_it_is_one_table(params):
    whole = bring_in(params)
    assert not whole.counted
    assert [step.notebook for step in plan(whole)] == ["03_thresholds", "05_scores"]
    counted = bring_in(params.model_copy(update={"count_above": 2999}))
    assert counted.counted
    assert [step.notebook for step in plan(counted)] == ["05_shards"]
    assert list(counted.variants) == list(whole.variants) == ["api", "open"]


def test_the_tables_of_counts_are_those_of_the_rows(params):
    found = bring_in(params.model_copy(update={"count_above": 1}))
    samples = score_shards.samples_of(Run(found), "all")
    rows = pd.read_parquet(params.scores)
    for model, own in samples.items():
        for split, counted in zip(("val", "test"), own, strict=True):
            mine = rows[rows["split"] == split]
            assert (counted.harmful, counted.safe) == (
                mine["label"].sum(),
                (1 - mine["label"]).sum(),
            )
            assert counted.groups == (20, 20)
            flagged = mine[f"score_{model}"] > 0.5
            at = counted.sweep().set_index("threshold").loc[0.5]
            assert at["tp"] == (flagged & (mine["label"] == 1)).sum()
            assert at["fp"] == (flagged & (mine["label"] == 0)).sum()
    summary = pd.read_csv(found.run_dir / "tables/counted.csv")
    assert summary[["shards", "rows", "used", "groups"]].iloc[0].tolist() == [3, 3000, 3000, 40]


def test_what_was_counted_is_not_counted_again(params, monkeypatch):
    params = params.model_copy(update={"count_above": 1})
    first = bring_in(params)

    def never(*_args, **_kwargs):
        raise AssertionError("counted again")

    monkeypatch.setattr(own_scores, "count_scores", never)
    assert bring_in(params) == first
    (params.run_dir / "counts.parquet").unlink()
    with pytest.raises(AssertionError, match="counted again"):
        bring_in(params)


def test_a_pattern_and_one_large_file_are_counted_too(params):
    some = params.model_copy(update={"scores": params.scores / "*-01.parquet", "count_above": 1})
    assert bring_in(some).counted
    assert pd.read_csv(some.run_dir / "tables/shards.csv")["shard"].tolist() == ["2026-01.parquet"]
    one = some.model_copy(update={"scores": params.scores / "2026-02.parquet"})
    assert bring_in(one).counted
    assert not bring_in(one.model_copy(update={"count_above": 1000})).counted


def test_halves_are_made_where_rows_have_no_split(params):
    for file in params.scores.iterdir():
        pd.read_parquet(file).drop(columns="split").to_parquet(file)
    found = bring_in(params.model_copy(update={"count_above": 1}))
    val, test = score_shards.samples_of(Run(found), "all")["api"]
    assert val.cells.shape[1] == test.cells.shape[1] == 20
    assert val.harmful + val.safe + test.harmful + test.safe == 3000


def test_too_little_and_nothing_are_errors_of_the_params(params):
    nothing = params.model_copy(update={"scores": params.scores / "no-*.parquet"})
    with pytest.raises(ParamsError, match=r"there is no \.parquet file"):
        bring_in(nothing)
    for file in params.scores.iterdir():
        pd.read_parquet(file).query("split == 'val'").to_parquet(file)
    with pytest.raises(ParamsError, match="too little to choose a threshold"):
        bring_in(params.model_copy(update={"count_above": 1}))


def test_an_address_of_any_file_system(params):
    import fsspec

    memory = fsspec.filesystem("memory")
    for file in params.scores.iterdir():
        memory.pipe(f"/bucket/scores/{file.name}", file.read_bytes())
    try:
        there = params.model_copy(update={"scores": address("memory://bucket/scores/")})
        assert bring_in(there.model_copy(update={"count_above": 1})).counted
        assert not bring_in(there).counted
    finally:
        memory.rm("/bucket", recursive=True)


def test_names_of_runs_come_from_folders_and_addresses(tmp_path):
    places = [tmp_path / "june" / "*.parquet", address("s3://bucket/june/"), tmp_path / "june.csv"]
    assert [run_name(one) for one in places] == ["june"] * 3


def long_format(params, change):
    """The models in rows of their own; `change` takes and returns all of them."""
    for i, file in enumerate(sorted(params.scores.iterdir())):
        wide = pd.read_parquet(file)
        rows = wide.drop(columns=["score_api", "score_open"])
        parts = [rows.assign(model=m, score=wide[f"score_{m}"]) for m in ("api", "open")]
        change(pd.concat(parts), i).to_parquet(file)
    return params.model_copy(update={"count_above": 1})


def test_levels_are_counted_and_all_tables_made(params):
    for file in params.scores.iterdir():
        own = pd.read_parquet(file).drop(columns="score_open")
        own.assign(score_api=(own["score_api"] * 3).round() * 2).to_parquet(file)
    own = params.model_dump(include={"run", "scores", "reports", "artifacts"})
    run = Run(bring_in(ScoresParams(**own, levels=[0, 2, 4, 6], count_above=1)))
    samples = score_shards.samples_of(run, "all")
    tables = tables_of(samples, dict.fromkeys(samples), 0.1)
    rows = pd.concat(map(pd.read_parquet, sorted(params.scores.iterdir())))
    rows = rows[rows["split"] == "test"]
    expected = reliability_table(rows["label"], rows["score_api"] / 6, rows["group"])
    found = tables["reliability"][list(expected)]
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_models_in_rows_are_those_in_columns(params):
    samples = score_shards.samples_of(Run(bring_in(long_format(params, lambda r, _: r))), "all")
    assert {model: val.harmful for model, (val, _) in samples.items()}.keys() == {"api", "open"}
    tables_of(samples, {"api": None, "open": None}, None)


def test_models_of_different_items_are_refused(params):
    some = long_format(params, lambda r, i: r[(r["model"] == "api") | (i == 0)])
    with pytest.raises(ParamsError, match=r"section all, val: the models were scored on different"):
        bring_in(some)


def test_a_model_without_rows_in_a_split_is_too_little(params):
    some = long_format(params, lambda r, _: r[(r["model"] == "api") | (r["split"] == "val")])
    with pytest.raises(ParamsError, match=r"too little.*0 in test.*scored by open"):
        bring_in(some)


def test_a_model_without_the_last_groups_has_as_many_blocks(params):
    """Tables of counts whose models lie in different blocks."""
    run = Run(bring_in(params.model_copy(update={"count_above": 1})))
    counts = pd.read_parquet(run.dir / "counts.parquet")
    gone = (counts["variant"] == "open") & (counts["block"] >= counts["block"].max() - 1)
    counts[~gone].to_parquet(run.dir / "counts.parquet")
    samples = score_shards.samples_of(run, "all")
    assert [own.cells.shape[1] for pair in samples.values() for own in pair] == [20] * 4
    assert samples["open"][0].groups == (18, 18)


def test_a_file_that_could_not_be_read_is_tried_again(params, monkeypatch):
    params = params.model_copy(update={"count_above": 1})
    count_one = Counter.count

    def failing(self, opened, name, told):
        if name == "2026-01.parquet":
            raise TimeoutError
        return count_one(self, opened, name, told)

    with monkeypatch.context() as patch:
        patch.setattr(Counter, "count", failing)
        run = Run(bring_in(params))
    assert run.read("tables/counted.csv", "")[["unreadable", "used"]].iloc[0].tolist() == [1, 2000]
    bring_in(params)
    assert run.read("tables/counted.csv", "")[["unreadable", "used"]].iloc[0].tolist() == [0, 3000]


def test_rows_that_are_all_of_no_use_are_an_error_of_the_params(params):
    for file in params.scores.iterdir():
        pd.read_parquet(file).assign(label=None).to_parquet(file)
    with pytest.raises(ParamsError, match="no row can be used: 3000 no label"):
        bring_in(params.model_copy(update={"count_above": 1}))


def test_the_page_says_how_it_was_counted_and_gives_the_same_figures(tmp_path, params):
    """The whole run: the figures on the page are those of the rows at the chosen threshold."""
    file = tmp_path / "x.yaml"
    settings = params.model_dump(mode="json", include={"scores", "reports", "artifacts", "scale"})
    file.write_text(json.dumps(settings | {"run": "x", "count_above": 100}), encoding="utf-8")
    done = run_pipeline(file)
    metrics = json.loads((done.run_dir / "metrics.json").read_text(encoding="utf-8"))
    rows = pd.read_parquet(params.scores).query("split == 'test'")
    for model in ("api", "open"):
        found = metrics["modalities"]["all"][model]
        flagged = rows[f"score_{model}"] > found["operating_threshold"]
        assert found["test"]["tp"] == (flagged & (rows["label"] == 1)).sum()
        assert found["test_intervals"]["f1"]["low"] < found["test"]["f1"]
    page = (done.run_dir / "index.html").read_text(encoding="utf-8")
    for part in ("한 번 읽어 세었습니다", "그룹이 ", "확인하지 않았습니다", "18,803"):
        assert part in page
