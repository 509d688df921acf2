"""No table of predictions mixes what was decided in two ways."""

import json

import fsspec
import pandas as pd
import pytest
from decided_files import FakePredictor, stream

from harmlib.address import address, place
from harmlib.analysis.bands import Bands
from harmlib.cli import predict as cli_predict
from harmlib.media.owned_lock import InUse
from harmlib.predict.outputs import predict_into
from harmlib.predict.shard_rule import FILE, OtherShards
from harmlib.predict.sharded import predict_into_shards
from harmlib.predict.windows import Windowing


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(7):
        (folder / f"{number}.jpg").write_text(f"0.{number}", encoding="utf-8")
    return sorted(folder.iterdir())


def shards(folder, files, bands=None, **predictor):
    return predict_into_shards(
        folder, [FakePredictor(**predictor)], files, bands, files=3, stream=stream
    )


def rows(folder):
    return pd.concat([pd.read_parquet(part) for part in sorted(folder.glob("part-*.parquet"))])


OTHERS = {
    "threshold": {"threshold": 0.55},
    "checkpoint": {"digest": "m2"},
    "policy": {"policy": "strict"},
    "windows": {"windowing": Windowing(stride_sec=1.0)},
}


@pytest.mark.parametrize("name", OTHERS)
def test_shards_that_something_else_decided_are_refused_untouched(tmp_path, files, name):
    out = tmp_path / "out"
    shards(out, files)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(OtherShards, match=rf"image: {name}\), and they would be") as refused:
        shards(out, files, **OTHERS[name])
    assert str(out) in str(refused.value)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    for part in out.glob("part-*.parquet"):
        part.unlink()
    assert shards(out, files, **OTHERS[name]).predicted == 7, "as the message says"
    assert json.loads((out / FILE).read_text())["image"]


def test_bands_are_part_of_the_way(tmp_path, files):
    bands = {"image": Bands(0.9, 0.9, "ok", 0.2, 0.6, pd.DataFrame(), None)}
    shards(tmp_path / "out", files)
    with pytest.raises(OtherShards, match="image: bands"):
        shards(tmp_path / "out", files, bands)


def test_shards_of_nobody_knows_whom_are_refused_at_an_address_too(files):
    out = address("memory://shard-rule/out")
    fsspec.filesystem("memory").pipe("/shard-rule/out/part-00004.parquet", b"")
    with pytest.raises(OtherShards, match=r"memory://shard-rule/out: .*unknown how"):
        shards(out, files)
    fsspec.filesystem("memory").rm_file("/shard-rule/out/part-00004.parquet")
    assert shards(out, files).predicted == 7
    assert shards(out, files).reused == 7
    with pytest.raises(OtherShards, match="image: threshold"):
        shards(out, files, threshold=0.1)


@pytest.mark.parametrize("root", ["{}", "memory:/{}"])
def test_a_second_call_before_the_first_shard_is_refused_and_changes_nothing(
    tmp_path, monkeypatch, files, root
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out, rules = place(root.format(tmp_path / "out")), []

    def rule():
        with fsspec.open(f"{out}/{FILE}", "r") as file:
            return file.read()

    def interrupted(*given):
        rules.append(rule())
        for threshold in (0.1, 0.5):
            with pytest.raises(InUse, match=rf"{out} is in use: process \d+ "):
                shards(out, files, threshold=threshold)
        yield from stream(*given)

    done = predict_into_shards(out, [FakePredictor()], files, files=4, stream=interrupted)
    assert done.predicted == 7
    assert set(rules) == {rule()}
    assert predict_into_shards(out, [FakePredictor()], files, files=4, stream=stream).reused == 7


def test_a_call_that_was_ended_before_its_first_shard_binds_nobody(tmp_path, files):
    def ended():
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        shards(tmp_path / "out", ended())
    assert shards(tmp_path / "out", files, threshold=0.1).predicted == 7


def test_a_shard_holds_nothing_of_a_file_that_cannot_be_used_now(tmp_path, files):
    out = tmp_path / "out"
    shards(out, files)
    files[1].write_text("")
    done = shards(out, files)
    assert (done.predicted, done.reused, done.unusable) == (0, 6, 1)
    assert sorted(rows(out)["path"]) == [str(one) for one in files if one != files[1]]


@pytest.mark.parametrize("at", [0.35, 0.65])
def test_a_table_shows_what_this_call_would_decide_and_not_a_later_one(tmp_path, files, at):
    """Of three calls, the third is as the first: the log's last decisions are the second's."""
    counts = []
    for threshold in (0.5, at, 0.5, 0.5):
        done = predict_into(
            tmp_path / "a.csv", [FakePredictor(threshold=threshold)], files, stream=stream
        )
        counts.append((done.predicted, done.reused))
        table = pd.read_csv(tmp_path / "a.csv")
        assert (table["threshold"] == threshold).all()
        is_above = table["probability"] > threshold
        assert (is_above == (table["decision"] == "harmful")).all()
    assert counts == [(7, 0), (7, 0), (7, 0), (0, 7)]


def test_the_command_refuses_in_a_line(tmp_path, capsys, monkeypatch):
    def refuse(*_, **__):
        raise OtherShards("out: holds shards")

    class Opener:
        def open(self, **_):
            return []

    monkeypatch.setattr(cli_predict, "predict_into_shards", refuse)
    monkeypatch.setattr(cli_predict, "_opener", lambda _: Opener())
    from harmlib.cli.options import parser

    options = parser().parse_args(["predict", "m.pth", str(tmp_path), "--out", f"{tmp_path}/o/"])
    assert cli_predict.run_predict(options) == 2
    assert capsys.readouterr().err.endswith("harmlib: out: holds shards\n")
