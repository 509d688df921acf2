"""Predicting on Ray: what this machine alone says, whatever the number of workers and what dies.

Frame i of a recording has the level 3 i of grey, so that another frame gives another score.
"""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image
from stub_ray import SHARD, SIZE, Here, mixed, record, written
from tiny_predictor import DyingBackbone, MeanBackbone, TinyOpener

from harmlib.address import Address, Listed
from harmlib.analysis.account import AccountError
from harmlib.cli import main as cli
from harmlib.features.ray_cluster import plan_workers
from harmlib.features.vector_stream import Window
from harmlib.features.weights import WeightsError
from harmlib.media import decoders
from harmlib.media.decode import MediaError
from harmlib.media.ledger import Unusable
from harmlib.media.tracks import Track
from harmlib.models.checkpoint import CheckpointError
from harmlib.models.explanation import Explanation
from harmlib.predict import prediction, ray_stream, ray_tables
from harmlib.predict.ray_stages import FolderUnseen
from harmlib.predict.ray_tables import window_ranges
from harmlib.predict.windows import Windowing

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="the extra ray isn't installed")

ONE = plan_workers([{"CPU": 1}], on_gpu=False)
TWO = plan_workers([{"CPU": 1}, {"CPU": 1}], on_gpu=False)
FRAMES = 180  # of the long videos: more than a process may hold
DARK = 15  # of 255


@pytest.fixture(autouse=True)
def _no_explanation(monkeypatch):
    monkeypatch.setattr(prediction, "explain", lambda *_: Explanation({}, []))


def join(path):
    """Two recordings byte by byte: the clock steps back in the middle."""
    parts = [record(path.with_name(f"{i}.ts"), FRAMES // 2, 40 * i, SIZE) for i in range(2)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Images, short videos and long ones, and what can't be used."""
    folder = tmp_path_factory.mktemp("media")
    bad = [folder / "text.jpg", folder / "empty.mp4", folder / "cut.mp4"]
    bad[0].write_text("no picture")
    bad[1].touch()
    record(bad[2], 60)
    bad[2].write_bytes(bad[2].read_bytes()[:-700])
    images = [folder / f"{i}.png" for i in range(14)]
    images.append(Path(os.fsdecode(os.fsencode(folder) + b"/\xff.png")))
    for i, path in enumerate(images):
        with path.open("wb") as file:
            Image.new("RGB", (64, 48), (15 * i, 100, 100)).save(file, "PNG")
    videos = [record(folder / f"{i}.mp4", 20 + 9 * i, 20 * i) for i in range(4)]
    long = [record(folder / "long.mp4", FRAMES, 0, SIZE), join(folder / "joined.ts")]
    lost = Unusable(str(folder / "none.jpg"), "no such file or folder", "find")
    return [*images[:6], bad[0], *videos, long[0], lost, *images[6:], *bad[1:], long[1]]


@pytest.fixture(scope="module")
def expected(tmp_path_factory, files):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prediction, "explain", lambda *_: Explanation({}, []))
        return written(tmp_path_factory.mktemp("local"), files=files)


class Tables(list):
    """The ranges of windows that went out, as `range_tables` made them."""

    def __init__(self, monkeypatch):
        def made(split):
            tables = ray_tables.range_tables(split)
            self.extend(tables)
            return tables

        monkeypatch.setattr(ray_stream, "range_tables", made)


@pytest.mark.usefixtures("ray_here")
def test_the_decisions_are_those_of_local(tmp_path, files, expected, monkeypatch):
    ranges, seen, some = Tables(monkeypatch), [], files[:SHARD]
    with ray_stream.ray_stream(TinyOpener(), TWO) as stream:
        done, content = written(tmp_path, stream=stream, files=some, progress=seen.append)
    assert content == {name: own for name, own in expected[1].items() if "00000" in name}
    assert (done.predicted, done.unusable) == (SHARD - 2, 2)
    assert len(ranges) == 2, "the long video's 35 windows are prepared apart from each other"
    assert seen == list(range(1, SHARD + 1))


@pytest.mark.usefixtures("ray_here")
def test_a_process_that_dies_costs_nothing(tmp_path, files):
    some = [one for one in files[:SHARD] if getattr(one, "name", "long.mp4") != "long.mp4"]
    _, expected = written(tmp_path / "local", files=some)
    with ray_stream.ray_stream(TinyOpener(dies=tmp_path), ONE) as stream:
        _, content = written(tmp_path / "ray", stream=stream, files=some)
    assert (tmp_path / "preparing").exists()
    assert (tmp_path / "computing").exists()
    assert content == expected


@pytest.mark.usefixtures("ray_here")
def test_what_keeps_the_networks_from_opening_comes_back_as_it_was_raised(files, capfd):
    predictors = TinyOpener().open()
    with (
        ray_stream.ray_stream(TinyOpener(computes=False), ONE) as stream,
        pytest.raises(WeightsError) as raised,
    ):
        list(stream(predictors, files[:3]))
    assert type(raised.value) is WeightsError
    assert str(raised.value) == "clip: no weights here"
    assert "Traceback" not in "".join(capfd.readouterr())


JOB = """
import sys
from pathlib import Path
import test_ray_predict as here
from harmlib.predict.ray_stream import ray_stream
here.prediction.explain = lambda *_: here.Explanation({}, [])
files = [Path(name) for name in sys.argv[2:]]
with ray_stream(here.TinyOpener(seconds=0.2), here.ONE) as stream:
    here.written(Path(sys.argv[1]), stream=stream, files=files)
"""


@pytest.mark.usefixtures("ray_here")
def test_a_killed_call_goes_on_from_what_is_written(tmp_path, files):
    import ray

    images = [one for one in files if isinstance(one, Path) and one.suffix == ".png"]
    images = [one for one in images if one.name.isascii()][:SHARD]
    address = ray.get_runtime_context().gcs_address  # as of a cluster, which outlives the call
    paths = os.pathsep.join(filter(None, [*sys.path, str(Path(__file__).parent)]))
    environment = os.environ | {"PYTHONPATH": paths, "RAY_ADDRESS": address}
    out = tmp_path / "ray"
    log = out / "part-00000.decisions.jsonl"
    job = subprocess.Popen(
        [sys.executable, "-c", JOB, str(out), *map(str, images)], env=environment
    )
    while not log.exists():
        assert job.poll() is None, "it should have been killed in the middle"
        time.sleep(0.05)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert not (out / "part-00000.parquet").exists()
    with ray_stream.ray_stream(TinyOpener(), ONE) as stream:
        done, content = written(out, stream=stream, files=images)
    assert done.predicted + done.reused == len(images)
    assert min(done.predicted, done.reused) > 0
    assert content == written(tmp_path / "local", files=images)[1]


def test_whatever_the_order_and_what_comes_twice(tmp_path, files, expected, monkeypatch):
    ranges, here = Tables(monkeypatch), Here(monkeypatch, mixed)
    done, content = here.written(tmp_path, files)
    assert content == expected[1]
    assert done.account() == expected[0].account()
    assert ranges


def test_finished_shards_are_not_computed_again_whatever_had_written_them(
    tmp_path, files, monkeypatch
):
    good = [one for one in files if getattr(one, "suffix", "") == ".png"]
    written(tmp_path, files=good[:SHARD])
    here = Here(monkeypatch)
    done, _ = here.written(tmp_path, good)
    assert (done.reused, done.predicted, len(here.tables)) == (SHARD, len(good) - SHARD, 1)


def test_what_does_not_come_back_is_sent_again(tmp_path, files, expected, monkeypatch):
    losses = iter([2, 2, 3])  # of the first jobs every second, or third, block is lost

    def lost(tables):
        step = next(losses, 0)
        return [one for i, one in enumerate(tables, 1) if not step or i % step]

    here = Here(monkeypatch, lost)
    assert here.written(tmp_path, files)[1] == expected[1]
    assert next(losses, None) is None
    assert len(here.tables) > 4


def test_what_never_comes_back_is_told_and_nothing_is_tried_for_ever(tmp_path, files, monkeypatch):
    here = Here(monkeypatch, lambda _: [])
    with pytest.raises(AccountError, match="files to predict"):
        here.written(tmp_path, files[:3])
    assert len(here.tables) == 1


def test_a_video_that_is_left_early_has_the_same_row(tmp_path, files, expected, monkeypatch):
    windowing = Windowing(early_exit=True)
    _, early = written(tmp_path / "local", files=files, windowing=windowing)
    here = Here(monkeypatch, mixed)
    assert here.written(tmp_path / "ray", files, windowing=windowing)[1] == early
    assert early != expected[1]


@pytest.mark.parametrize("early_exit", [True, False])
def test_a_window_behind_the_decision_costs_nothing_on_either(tmp_path, monkeypatch, early_exit):
    def prepare(self, frames):
        if any(frame.mean() < DARK for frame in frames):
            raise MediaError("too dark")
        return MeanBackbone.prepare(self, frames)

    monkeypatch.setattr(DyingBackbone, "prepare", prepare)
    # Levels from 150 to 249, then from 1 on: a window in the middle can't be decoded
    some = [record(tmp_path / "a.mp4", 60, 50)]
    windowing = Windowing(early_exit=early_exit)
    local, expected = written(tmp_path / "local", windowing, files=some)
    here = Here(monkeypatch, mixed)
    done, content = here.written(tmp_path / "ray", some, windowing=windowing)
    assert content == expected
    assert (local.predicted, done.predicted) == ((1, 1) if early_exit else (0, 0))


def test_a_job_is_pickled_once_for_all_shards(tmp_path, files, monkeypatch):
    here = Here(monkeypatch)
    images = [one for one in files if getattr(one, "suffix", "") == ".png"]
    done, _ = here.written(tmp_path, images)
    assert done.count == len(here.jobs) == 2
    assert here.jobs[0] is here.jobs[1], "nodes know a job whose predictors are open by its bytes"


@pytest.fixture
def new_decoders():
    """Processes that decode stay in the folder in which they began."""
    decoders.end_decoders()
    yield
    decoders.end_decoders()


@pytest.mark.usefixtures("new_decoders")
def test_relative_paths_are_of_the_folder_where_it_began(tmp_path, files, monkeypatch):
    folder = files[0].parent
    here = Here(monkeypatch)
    monkeypatch.chdir(folder)
    found = [Path("0.png"), Path("text.jpg"), Path("0.mp4")]
    done, expected = written(tmp_path / "local", files=found)
    assert done.predicted == 2

    def elsewhere(*args, real=ray_stream.computed_on_ray):
        monkeypatch.chdir("/")
        decoders.end_decoders()  # those of a new process begin in its own folder
        return real(*args)

    monkeypatch.setattr(ray_stream, "computed_on_ray", elsewhere)
    assert here.written(tmp_path / "ray", found)[1] == expected


def test_a_node_with_another_checkpoint_ends_the_call(files, monkeypatch):
    here = Here(monkeypatch)
    predictors = TinyOpener(digest="1").open()
    with (
        ray_stream.ray_stream(TinyOpener()) as stream,
        pytest.raises(CheckpointError, match="a node has another checkpoint"),
    ):
        list(stream(predictors, files[:1]))
    assert here.tables


def test_a_node_without_the_folder_of_relative_paths_ends_the_call(tmp_path, monkeypatch):
    here = Here(monkeypatch)
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(Path, "cwd", lambda: tmp_path / "elsewhere")
    with pytest.raises(FolderUnseen, match="elsewhere: a node of the cluster has no such folder"):
        here.written(tmp_path / "ray", [Path("a.png")])


def test_large_files_are_taken_up_by_a_task_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_tables, "TASK_BYTES", 1000)
    sizes = [1, 2, 3, 4, 999, 5, 1000, 6]
    files = {}
    for i, size in enumerate(sizes):
        files[i] = tmp_path / f"{i}"
        files[i].write_bytes(bytes(size))
    files[8] = Address("s3://bucket/far", Listed(5000, 0, ""))
    tables = ray_tables.file_tables(files, 4)
    assert [list(ray_tables.files_in(table)) for table in tables] == [
        [0, 1, 2, 3], [4, 5], [6], [7, 8],
    ]  # fmt: skip
    assert ray_tables.files_in(tables[3])[8].listed == files[8].listed
    assert ray_tables.file_tables({}, 4) == []


def test_a_stream_that_cannot_be_sought_is_one_range():
    def windows(count, track, start=0):
        return [
            Window(f"a#{start + i}", Path("a"), "video", 2.0, (), float(i), track)
            for i in range(count)
        ]

    own = [*windows(70, Track(0, 0.1)), *windows(40, Track(1), 70)]
    assert [len(one) for one in window_ranges(own)] == [70, 32, 8]
    assert [window for one in window_ranges(own) for window in one] == own


@pytest.mark.parametrize(
    ("out", "message"),
    [("scores.csv", "--engine ray goes with --out FOLDER/"), ("shards/", 'pip install "harmlib')],
)
def test_what_the_engine_needs_is_told(tmp_path, capsys, monkeypatch, out, message):
    model = tmp_path / "a_model_best.pth"
    model.touch()
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    arguments = ["predict", str(model), str(model), "--engine", "ray", "--out", f"{tmp_path}/{out}"]
    assert cli.main(arguments) == 2
    assert message in capsys.readouterr().err
    assert cli.main(arguments[:-2]) == 2
    assert "--engine ray goes with --out FOLDER/" in capsys.readouterr().err
