"""The two stages that every job on Ray has: preparing on processors, computing where networks run.

Preparing runs in tasks, computing in actors that hold the networks. Blocks of bounded size stream
from one to the other, and Ray holds the first back while the second is behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from harmlib.features.ray_cluster import Workers, ray_module


def computed_on_ray(
    tables: list[pa.Table],
    prepare: Callable[..., Iterator[pa.Table]],
    prepare_args: tuple[object, ...],
    compute: type,
    compute_args: tuple[object, ...],
    workers: Workers,
) -> Any:
    """Describe a job that begins with these two stages; it runs when it is iterated over.

    Parameters
    ----------
    tables : list of pyarrow.Table
        What is to be prepared; each goes to one task, which is repeated where its process dies.
    prepare : callable
        Called with a table and `prepare_args`; yields tables of prepared units.
    prepare_args : tuple
        They travel to each task.
    compute : type
        Made with `compute_args` once in each actor, and called with each table of units.
    compute_args : tuple
        They travel to each actor.
    workers : Workers
        How many there are of both.

    Returns
    -------
    ray.data.Dataset
    """
    ray = ray_module()
    return (
        ray.data.from_arrow(tables)
        .map_batches(
            prepare,
            fn_args=prepare_args,
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.TaskPoolStrategy(size=workers.decoders),
            num_cpus=workers.decode_cpus,
        )
        .map_batches(
            compute,
            fn_constructor_args=compute_args,
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                min_size=1, max_size=workers.count, initial_size=workers.count
            ),
            num_cpus=workers.cpus,
            num_gpus=workers.gpus,
        )
    )
