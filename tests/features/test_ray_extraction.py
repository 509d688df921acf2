"""Extraction on Ray: the same vectors as here, whatever the number of workers and what dies."""

import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tiny_backbone import PARAMS, engines_of
from tiny_opener import TinyOpener

from harmlib.features import computing
from harmlib.features.backbones import find_weights
from harmlib.features.extraction import extract
from harmlib.features.ray_cluster import plan_workers
from harmlib.features.ray_extraction import Busy, VectorsUnseen, extract_on_ray
from harmlib.features.store import FeatureStore
from harmlib.features.store_folder import LocalFolder
from harmlib.params import load_params

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra ray isn't installed"),
    pytest.mark.usefixtures("ray_here"),
]

NAMES = ("clip", "yolo")
ONE = plan_workers([{"CPU": 1}], on_gpu=False)
TWO = plan_workers([{"CPU": 1}, {"CPU": 1}], on_gpu=False)
# A job of its own finds `tiny_opener` there; it knows nothing of pytest's paths.
PATHS = os.pathsep.join(filter(None, sys.path))


@pytest.fixture
def items(tmp_path, write_image, write_video, listed):
    bad = tmp_path / "text.jpg"
    bad.write_text("no picture")
    images = [write_image(tmp_path / f"{i}.jpg", seed=i) for i in range(40)]
    videos = [write_video(tmp_path / f"{i}.mp4", seed=i) for i in range(3)]
    return listed([*images, bad, *videos])


@pytest.fixture
def expected(tmp_path, items):
    """What extraction here says of the same files: those that can't be used, and the stores."""
    here = stores_in(tmp_path / "here")
    return extract(items, engines_of(TinyOpener().backbones()), here, PARAMS), here


def stores_in(folder):
    return {name: FeatureStore(folder, name, {}) for name in NAMES}


def assert_same(items, lost, stores, expected):
    """The same rows of the ledger, each vector once, and every bit of them."""
    pd.testing.assert_frame_equal(lost, expected[0])
    good = items["sha256"][~items["path"].isin(lost["path"])]
    for name in NAMES:
        assert stores[name].load(good).tobytes() == expected[1][name].load(good).tobytes()
        assert sorted(kept_in(stores[name])) == sorted(set(good))


def kept_in(store):
    """The hash of every vector in every shard."""
    parts = [pq.read_table(path, columns=["sha256"]) for path in store.dir.rglob("*.parquet")]
    return [sha256 for part in parts for sha256 in part["sha256"].to_pylist()]


def test_ray_runs_here_alone_and_for_this_machine_alone():
    import ray

    (node,) = ray.nodes()
    assert node["NodeManagerAddress"] == "127.0.0.1"
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


@pytest.mark.parametrize("workers", [ONE, TWO])
def test_the_vectors_are_those_of_local(tmp_path, items, expected, workers):
    stores, seen, busy = stores_in(tmp_path / "there"), [], Busy()
    lost = extract_on_ray(
        items,
        TinyOpener(),
        stores,
        PARAMS,
        lambda *step: seen.append(step),
        workers=workers,
        busy=busy,
    )
    assert_same(items, lost, stores, expected)
    assert lost["reason"].tolist() == expected[0]["reason"].tolist() != []
    assert seen == [(i, len(items)) for i in range(1, len(items) + 1)]
    assert busy.files == len(items)
    assert min(busy.prepare_sec, busy.compute_sec) > 0


def test_a_process_that_dies_costs_nothing(tmp_path, items, expected):
    stores = stores_in(tmp_path / "there")
    lost = extract_on_ray(items, TinyOpener(dies=tmp_path), stores, PARAMS, workers=TWO)
    assert (tmp_path / "preparing").exists()
    assert (tmp_path / "computing").exists()
    assert_same(items, lost, stores, expected)


def test_the_params_choose_ray_and_the_networks_agree_to_the_last_bit(
    tmp_path, items, capsys, monkeypatch
):
    monkeypatch.setattr(computing, "WORTH_IT", 20)
    monkeypatch.setattr(computing, "MEASURED", 10)
    items, found = items[items["modality"] == "image"], {}
    for engine in ("local", "ray"):
        file = tmp_path / f"{engine}.yaml"
        file.write_text(
            f"run: x\nengine: {engine}\nprice_per_hour: 2\ndevice: cpu\n"
            f"data: {{root: {tmp_path}}}\nartifacts: {tmp_path}\n"
            "features:\n  clip: {weights: untrained, architecture: ViT-Ti/32}\n"
            "  yolo: null\n  slowfast: null\n"
        )
        params = load_params(file)
        weights = {"clip": find_weights(params.features, "clip", tmp_path)}
        store = FeatureStore(tmp_path / engine, "clip", {})
        job = computing.choose_computing(params)
        lost = job.extract(items, weights, {"clip": store})
        assert lost["path"].tolist() == [str(tmp_path / "text.jpg")]
        assert "31 files at " in capsys.readouterr().out
        found[engine] = store.load(items["sha256"].drop(lost.index))
    assert found["ray"].tobytes() == found["local"].tobytes()


class ElsewhereStore(FeatureStore):
    """Writes to the disk of whoever unpickles it, which the driver doesn't see."""

    def __getstate__(self):
        there = self.folder.path.parent / "a node's own disk"
        return vars(self) | {"folder": LocalFolder(there)}


def test_vectors_that_nodes_keep_to_themselves_are_an_error(tmp_path, items):
    stores = {name: ElsewhereStore(tmp_path / "there", name, {}) for name in NAMES}
    with pytest.raises(VectorsUnseen, match=r"there/clip-\w+: 43 vectors .* Set features_at"):
        extract_on_ray(items, TinyOpener(), stores, PARAMS, workers=ONE)
    assert list((tmp_path / "there").rglob("part-*"))


JOB = """
import sys
from pathlib import Path
import pandas as pd
from test_ray_extraction import ONE, PARAMS, TinyOpener, stores_in
from harmlib.features.ray_extraction import extract_on_ray
items, folder = pd.read_parquet(sys.argv[1]), Path(sys.argv[2])
extract_on_ray(items, TinyOpener(seconds=0.3), stores_in(folder), PARAMS, workers=ONE)
"""


def test_a_killed_job_goes_on_from_its_shards(tmp_path, items, expected):
    import ray

    stores = stores_in(tmp_path / "there")
    items.to_parquet(tmp_path / "items.parquet")
    paths = [tmp_path / "items.parquet", tmp_path / "there"]
    address = ray.get_runtime_context().gcs_address  # as of a cluster, which outlives the job
    environment = os.environ | {"PYTHONPATH": PATHS, "RAY_ADDRESS": address}
    job = subprocess.Popen([sys.executable, "-c", JOB, *map(str, paths)], env=environment)
    while not all(store.dir.exists() and kept_in(store) for store in stores.values()):
        assert job.poll() is None, "it should have been killed in the middle"
        time.sleep(0.05)
    job.send_signal(signal.SIGKILL)
    job.wait()
    time.sleep(3)  # what it had started may still be writing
    kept = set(kept_in(stores["clip"])) & set(kept_in(stores["yolo"]))
    assert 0 < len(kept) < len(items)
    busy = Busy()
    lost = extract_on_ray(items, TinyOpener(), stores, PARAMS, workers=ONE, busy=busy)
    assert busy.files == len(items) - len(kept)
    assert_same(items, lost, stores, expected)
