"""One pass over files: every row is counted or refused with its place, whatever the files are."""

import fsspec
import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from harmlib.address import address
from harmlib.analysis.own_scores.reading import read_own_scores
from harmlib.analysis.score_shards import shard_counter
from harmlib.analysis.score_shards.block_table import BlockTable
from harmlib.analysis.score_shards.counting import count_shards
from harmlib.analysis.score_shards.shard_counter import Counter
from harmlib.analysis.score_shards.tally import keep, kept, sections_of
from harmlib.analysis.thresholds import sweep
from harmlib.params import ScoresParams
from harmlib.tables.complaint import TableError
from harmlib.tables.shards import list_shards, read_shards

ROWS = 900


def table(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, rows)
    group = rng.integers(0, 30, rows)
    return pd.DataFrame(
        {
            "item_id": [f"i{i}" for i in range(rows)],
            "label": label,
            "score": (1 / (1 + np.exp(-rng.normal(size=rows) - label))).astype(np.float32),
            "group": [f"g{one}" for one in group],
            "split": np.where(group % 2, "val", "test"),
        }
    )


def write(folder, *frames):
    folder.mkdir(exist_ok=True)
    for i, frame in enumerate(frames):
        frame.to_parquet(folder / f"{i}.parquet")
    return folder


def params(folder, **settings):
    return ScoresParams(run="x", scores=folder, **settings)


def count(folder, **settings):
    return count_shards(list_shards(folder), params(folder, **settings))


def block_table(tally, cells, split, **settings):
    model = next(iter(tally.scales))
    grid = Counter(params("x", **settings), tally.scales).bins_of(model).thresholds
    return BlockTable(grid, tally.counts.of_split(cells, split, 0))


@pytest.mark.parametrize("batch", [7, 1 << 18])
def test_counts_are_those_of_the_rows(tmp_path, monkeypatch, batch):
    monkeypatch.setattr(shard_counter, "BATCH_ROWS", batch)
    whole = table()
    tally = count(write(tmp_path / "a", whole[:100], whole[100:101], whole[101:]))
    assert (tally.rows, tally.used, tally.counts.n_groups) == (ROWS, ROWS, 30)
    cells = sections_of(tally)["all"]["score"]
    for split in ("val", "test"):
        own = whole[whole["split"] == split]
        found = block_table(tally, cells, split)
        expected = sweep(own["label"], own["score"], found.thresholds)
        pd.testing.assert_frame_equal(found.sweep(), expected, check_exact=True)


def test_what_can_t_be_used_is_counted_with_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(shard_counter, "BATCH_ROWS", 50)
    odd = table().astype({"label": object})
    odd.loc[3, "label"], odd.loc[4, "label"], odd.loc[5, "split"] = "perhaps", None, "sometimes"
    odd.loc[6, "split"], odd.loc[[107, 307, 507, 707], "score"] = "train", np.nan
    odd.loc[8, "score"], odd.loc[9, "score"] = np.inf, -0.5
    odd["label"] = odd["label"].map(str).replace("None", "")
    tally = count(write(tmp_path / "a", table(10), odd), scale="probability")
    found = tally.refused.table().set_index("reason")
    assert found["rows"].to_dict() == {
        "no score": 4, "split is no known word": 1, "split train": 1, "no label": 1,
        "label is no known word": 1, "score is no finite number": 1,
        "score outside of its scale": 1,
    }  # fmt: skip
    assert found.at["no score", "examples"] == "1.parquet:108; 1.parquet:308; 1.parquet:508"
    assert found.at["label is no known word", "examples"] == "1.parquet:4 perhaps"
    assert found.at["score outside of its scale", "examples"] == "1.parquet:10 -0.5"
    assert tally.rows == tally.used + found["rows"].sum() == ROWS + 10


def test_a_damaged_shard_is_named_and_not_counted_in_part(tmp_path):
    folder = write(tmp_path / "a", table(), table(seed=1), table(seed=2))
    raw = bytearray((folder / "1.parquet").read_bytes())
    raw[40:-2000] = bytes(len(raw) - 2040)  # the footer stands, the pages don't
    (folder / "1.parquet").write_bytes(raw)
    (folder / "2.parquet").write_bytes(b"PAR1")
    tally = count(folder)
    assert list(tally.unreadable) == ["1.parquet", "2.parquet"]
    assert (tally.rows, tally.used) == (ROWS, ROWS)
    (cells,) = tally.counts.cells.values()
    assert cells.sum() == ROWS


def test_nothing_that_can_be_read_is_an_error(tmp_path):
    (tmp_path / "0.parquet").write_bytes(b"no")
    with pytest.raises(TableError, match=r"no shard can be read; 0\.parquet"):
        count(tmp_path)
    with pytest.raises(TableError, match=r"there is no \.parquet file"):
        list_shards(tmp_path / "none")


def test_a_guessed_scale_that_later_rows_break_is_refused(tmp_path):
    late = table(10, seed=1).assign(score=62.0)
    folder = write(tmp_path / "a", table(), late)
    with pytest.raises(TableError, match=r"1\.parquet: row 1: column 'score' holds 62.*scale:"):
        count(folder)
    assert count(folder, scale="probability").refused.table()["rows"].tolist() == [10]


def test_shards_must_have_the_same_columns(tmp_path):
    folder = write(tmp_path / "a", table(), table().drop(columns="group"))
    with pytest.raises(TableError, match=r"1\.parquet: its columns are not those.*group"):
        count(folder)


def test_several_models_in_columns_need_all_scores_of_a_row(tmp_path):
    wide = table().rename(columns={"score": "score_api"})
    wide["score_open"] = wide["score_api"][::-1].to_numpy()
    wide.loc[5, "score_open"] = np.nan
    tally = count(write(tmp_path / "a", wide))
    assert {model: cells.sum() for model, cells in sections_of(tally)["all"].items()} == {
        "api": ROWS - 1, "open": ROWS - 1,
    }  # fmt: skip
    assert tally.refused.table()[["reason", "model"]].to_numpy().tolist() == [["no score", "open"]]


def test_several_models_in_rows_have_scales_of_their_own(tmp_path):
    levels = table().assign(model="levels", score=lambda own: (own["score"] * 3).round())
    tall = pd.concat([table().assign(model="api"), levels])
    tally = count(write(tmp_path / "a", tall[::2], tall[1::2]))
    assert {m: scale.kind for m, scale in tally.scales.items()} == {
        "api": "probability", "levels": "levels",
    }  # fmt: skip
    assert {m: c.sum() for m, c in sections_of(tally)["all"].items()} == {
        "api": ROWS,
        "levels": ROWS,
    }


def test_sections_are_those_of_the_table_read_whole(tmp_path):
    """A safe item without a category is in all of them, a harmful one in `uncategorized`."""
    rng = np.random.default_rng(5)
    own = table().assign(category=rng.choice(["gun", "fire", ""], ROWS))
    folder = write(tmp_path / "a", own[:300], own[300:])
    whole = read_own_scores(folder, params(folder), 0)
    sections = sections_of(count(folder))
    sizes = whole.items.groupby(["section", "label"]).size()
    found = {s: cells["score"].sum(axis=(0, 2, 3)).tolist() for s, cells in sections.items()}
    assert found == {s: [sizes[s, 0.0], sizes[s, 1.0]] for s in ("fire", "gun", "uncategorized")}


def test_a_group_s_number_and_its_text_are_the_same_group(tmp_path):
    numbered = table().assign(group=lambda own: own["group"].str[1:].astype(int))
    texts = numbered.assign(group=numbered["group"].astype(str))
    assert count(write(tmp_path / "a", numbered, texts)).counts.n_groups == 30


def test_rows_without_groups_are_items_or_alone(tmp_path):
    items = table().drop(columns="group").assign(item_id=lambda own: own.index // 10)
    assert count(write(tmp_path / "a", items)).counts.n_groups == ROWS // 10
    alone = count(write(tmp_path / "b", items.drop(columns="item_id")))
    assert alone.counts.n_groups is None
    (cells,) = alone.counts.cells.values()
    blocks = cells.sum(axis=(0, 1, 3))
    assert blocks.min() > 0


def test_only_new_shards_are_counted_again(tmp_path, monkeypatch):
    folder = write(tmp_path / "a", table(), table(seed=1))
    saved = tmp_path / "kept.npz"
    first = count_shards(list_shards(folder), params(folder), keep=lambda t: keep(t, saved, "x"))
    write(tmp_path / "b", table(seed=2))
    (tmp_path / "b/0.parquet").rename(folder / "2.parquet")
    counted, count_one = [], Counter.count

    def noted(self, opened, name, told):
        counted.append(name)
        return count_one(self, opened, name, told)

    monkeypatch.setattr(Counter, "count", noted)
    assert kept(saved, "other settings") is None
    again = count_shards(list_shards(folder), params(folder), kept(saved, "x"))
    assert counted == ["2.parquet"]
    assert (first.rows, again.rows) == (2 * ROWS, 3 * ROWS)
    np.testing.assert_equal(again.counts.cells, count(folder).counts.cells)


def test_a_changed_shard_makes_all_count_again(tmp_path):
    folder = write(tmp_path / "a", table(), table(seed=1))
    before = count(folder)
    table(500, seed=3).to_parquet(folder / "1.parquet")
    assert count_shards(list_shards(folder), params(folder), before).rows == ROWS + 500


def test_a_damaged_record_is_none(tmp_path):
    file = tmp_path / "kept.npz"
    keep(count(write(tmp_path / "a", table())), file, "x")
    assert kept(file, "x") is not None
    file.write_bytes(file.read_bytes()[:1000])
    assert kept(file, "x") is None


def test_a_threshold_decided_beforehand_is_in_the_grid(tmp_path):
    settings = {"scale": "probability", "threshold": 0.123456789}
    tally = count(write(tmp_path / "a", table()), **settings)
    cells = sections_of(tally)["all"]["score"]
    found = block_table(tally, cells, "test", **settings).rates_at(0.123456789)
    own = table().query("split == 'test'")
    expected = sweep(own["label"], own["score"], [0.123456789])["recall"][0]
    assert found["recall"].value[0] == pytest.approx(expected, rel=1e-15)


def test_too_many_sections_are_refused_before_memory_is_full(tmp_path):
    many = table().assign(category=lambda own: [f"c{i % 9}" for i in own.index])
    with pytest.raises(TableError, match="more than 8 sections and models"):
        count(write(tmp_path / "a", many))


def test_a_column_of_counts_is_refused(tmp_path):
    with pytest.raises(TableError, match="has a column of counts"):
        count(write(tmp_path / "a", table().assign(count=2)))


def test_too_many_sections_of_several_shards_are_refused_too(tmp_path):
    parts = [table(60, i).assign(category=[f"c{i}{k % 5}" for k in range(60)]) for i in range(2)]
    with pytest.raises(TableError, match=r"1\.parquet: more than 8 sections and models"):
        count(write(tmp_path / "a", *parts))


@pytest.mark.parametrize("error", [OSError(), TimeoutError(), OSError("s3://key:secret@b/a: no")])
def test_an_error_without_text_and_one_with_credentials_are_told(tmp_path, monkeypatch, error):
    folder = write(tmp_path / "a", table(), table(seed=1))
    count_one = Counter.count

    def failing(self, opened, name, told):
        if name == "1.parquet":
            raise error
        return count_one(self, opened, name, told)

    monkeypatch.setattr(Counter, "count", failing)
    told = count(folder).unreadable["1.parquet"]
    assert told
    assert "secret" not in told


def test_what_the_file_system_of_an_address_raises_is_a_shard_that_can_t_be_read(monkeypatch):
    class Store(Exception):
        """As botocore's, no OSError."""

    memory = fsspec.filesystem("memory")
    for i in range(2):
        memory.pipe(f"/failing/{i}.parquet", table(seed=i).to_parquet())
    try:
        listed = list_shards(address("memory://failing"))
        opened = MemoryFileSystem.open

        def failing(self, path, *args, **kwargs):
            if path.endswith("1.parquet"):
                raise Store("throttled at s3://key:secret@bucket")
            return opened(self, path, *args, **kwargs)

        monkeypatch.setattr(MemoryFileSystem, "open", failing)
        tally = count_shards(listed, params("x"))
        assert tally.rows == ROWS
        assert tally.unreadable == {"1.parquet": "Store: throttled at s3://bucket"}
        with pytest.raises(TableError, match=r"1\.parquet: can't be read: Store: throttled"):
            read_shards(listed)
    finally:
        memory.rm("/failing", recursive=True)


def test_groups_of_refused_rows_are_none(tmp_path):
    odd = table()
    odd["group"] = [f"g{i}" for i in odd.index]  # more than there are blocks
    odd.loc[5:, "split"] = "train"
    tally = count(write(tmp_path / "a", table(), odd))
    assert (tally.used, tally.counts.n_groups) == (ROWS + 5, 30)


def test_no_row_of_use_is_no_section(tmp_path):
    assert sections_of(count(write(tmp_path / "a", table().assign(label=None)))) == {}


@pytest.mark.parametrize("is_wide", [True, False])
def test_a_model_s_first_scores_may_come_later(tmp_path, monkeypatch, is_wide):
    monkeypatch.setattr(shard_counter, "BATCH_ROWS", 100)
    own = table()
    late = own["score"].astype(float).where(own.index >= 300)
    if is_wide:
        own = own.rename(columns={"score": "score_api"}).assign(score_open=late)
    else:
        own = pd.concat([own.assign(model="api"), own.assign(model="open", score=late)])
        own = own.sort_index(kind="stable")
    tally = count(write(tmp_path / "a", own))
    assert sections_of(tally)["all"]["open"].sum() == ROWS - 300
    assert tally.refused.counts == {("no score", "open"): 300}
