"""What a job on Ray is described as, without Ray."""

from types import SimpleNamespace

import pyarrow as pa
import pytest

from harmlib.features import ray_dataset
from harmlib.features.ray_cluster import Workers

WORKERS = Workers(count=4, threads=1, cpus=0.8, gpus=0, decoders=4, decode_cpus=0.2)


class Described:
    """Stands for `ray.data`, and for a dataset."""

    TaskPoolStrategy = ActorPoolStrategy = dict

    def __init__(self):
        self.stages = []

    def from_arrow(self, _):
        return self

    def map_batches(self, _, **options):
        self.stages.append(options)
        return self


@pytest.mark.parametrize(("tables", "actors"), [(1, 1), (3, 3), (9, 4)])
def test_no_more_actors_open_networks_than_there_are_tables(monkeypatch, tables, actors):
    data = Described()
    monkeypatch.setattr(ray_dataset, "ray_module", lambda: SimpleNamespace(data=data))
    given = [pa.table({"number": [i]}) for i in range(tables)]
    ray_dataset.computed_on_ray(given, list, (), dict, (), WORKERS)
    assert data.stages[1]["compute"] == {"min_size": 1, "max_size": 4, "initial_size": actors}
