"""Where features are computed, as the params say; what a long job is said to take."""

import importlib.util
import re

import pytest
from tiny_backbone import TinyBackbone, engines_of

from harmlib.features import computing as computing_module
from harmlib.features.computing import choose_computing
from harmlib.features.processors import NoSuchProcessor
from harmlib.features.ray_cluster import RayMissing, plan_workers
from harmlib.features.store import FeatureStore
from harmlib.params import load_params

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def params(tmp_path):
    def make(**changes):
        lines = [f"{name}: {value}" for name, value in changes.items()]
        path = tmp_path / "params.yaml"
        path.write_text(
            "\n".join(["run: test", f"data: {{root: {tmp_path}}}", "device: cpu", *lines])
        )
        return load_params(path)

    return make


@pytest.fixture
def here(monkeypatch):
    """Backbones of a few lines instead of networks; the ones that were opened."""
    opened = {}

    def load(_, name, __):
        opened[name] = TinyBackbone(name)
        return opened[name]

    monkeypatch.setattr(computing_module, "load_backbone", load)
    monkeypatch.setattr(
        computing_module, "open_engine", lambda one, *_: engines_of({one.name: one})[one.name]
    )
    return opened


def test_a_long_job_measures_a_few_files_and_says_what_the_rest_takes_and_costs(
    tmp_path, write_image, listed, params, here, monkeypatch
):
    monkeypatch.setattr(computing_module, "WORTH_IT", 10)
    monkeypatch.setattr(computing_module, "MEASURED", 4)
    files = [write_image(tmp_path / f"{i}.jpg", seed=i) for i in range(10)]
    items = listed(files).assign(size=1 << 30)  # as the manifest says, wherever they lie
    store, seen, said = FeatureStore(tmp_path / "store", "clip", {}), [], []
    computing = choose_computing(params(price_per_hour=3))
    unusable = computing.extract(
        items, {"clip": None}, {"clip": store}, lambda *step: seen.append(step), said.append
    )
    assert unusable.empty
    assert not store.missing(items["sha256"])
    assert sum(here["clip"].batches) == 10  # those that were measured aren't computed again
    assert seen == [(i, 10) for i in range(1, 11)]
    (line,) = said
    assert re.match(r"6 files \(6\.0 GiB\) at [\d.]+ files a second: 0\.0 hours, price 0\.00", line)


def test_a_short_job_says_nothing_and_one_without_work_opens_nothing(
    tmp_path, write_image, listed, params, here
):
    items = listed([write_image(tmp_path / f"{i}.jpg", seed=i) for i in range(3)])
    store, said = FeatureStore(tmp_path / "store", "clip", {}), []
    computing = choose_computing(params())
    for _ in range(2):
        unusable = computing.extract(items, {"clip": None}, {"clip": store}, None, said.append)
        assert list(unusable.columns) == [*items.columns, "reason"]
        assert unusable.empty
    assert not said
    assert sum(here["clip"].batches) == 3
    here.clear()
    computing.extract(items, {"clip": None}, {"clip": store})
    assert not here


def test_ray_that_is_not_installed_is_told_with_what_to_do(params, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "ray" else found(name, *a)
    )
    assert choose_computing(params()).device.type == "cpu"
    with pytest.raises(
        RayMissing, match=r'pip install "harmlib\[ray\]", or choose the engine local'
    ):
        choose_computing(params(engine="ray"))


@pytest.mark.parametrize(
    ("nodes", "on_gpu", "expected"),
    [
        # count, threads, and processes that decode
        ([{"CPU": 2}], False, (1, 2, 1)),
        ([{"CPU": 1}] * 3, False, (3, 1, 1)),
        ([{"CPU": 64}, {"CPU": 0, "GPU": 0}], False, (16, 4, 32)),
        ([{"CPU": 8, "GPU": 1}, {"CPU": 8}], True, (1, 1, 15)),
        ([{"CPU": 4, "GPU": 4}], True, (4, 1, 1)),
        ([{"CPU": 1, "GPU": 2}, {"GPU": 1}], True, (3, 1, 1)),
    ],
)
def test_processors_are_shared_out(nodes, on_gpu, expected):
    workers = plan_workers(nodes, on_gpu)
    assert (workers.count, workers.threads, workers.decoders) == expected
    # On every node there is room for one that decodes beside those that compute, or all wait
    for node in nodes:
        computing = node.get("GPU", 0) if on_gpu else node["CPU"] // workers.threads
        if node.get("CPU", 0) >= 1:
            assert node["CPU"] >= computing * workers.cpus + workers.decode_cpus


@pytest.mark.parametrize(
    ("nodes", "on_gpu", "missing"),
    [
        ([{"CPU": 0.5}], False, "processor"),
        ([{"CPU": 8}], True, "GPU"),
        ([{"CPU": 0.5, "GPU": 2}], True, "processor"),
    ],
)
def test_a_cluster_without_such_processors_is_told(nodes, on_gpu, missing):
    with pytest.raises(NoSuchProcessor, match=f"the Ray cluster has no {missing} free"):
        plan_workers(nodes, on_gpu)
