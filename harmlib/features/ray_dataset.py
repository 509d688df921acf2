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
        Of few tables fewer actors start.
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
        Iterating over it raises what a stage raises, or an exception with that as its `cause`.
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
            Opened,
            fn_constructor_args=(compute, compute_args),
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                min_size=1,
                max_size=workers.count,
                initial_size=max(1, min(workers.count, len(tables))),
            ),
            num_cpus=workers.cpus,
            num_gpus=workers.gpus,
        )
    )


class Opened:
    """What computes, in its actor.

    An actor that can't be made is dead to Ray, which doesn't tell of what. So this one is always
    made, and what opening the networks has raised is raised when they are needed.

    Parameters
    ----------
    compute : type
        Is made with `args`, and called with a table.
    args : tuple

    Examples
    --------
    >>> opened = Opened(int, ("a checkpoint",))
    >>> opened(pa.table({}))
    Traceback (most recent call last):
    ValueError: invalid literal for int() with base 10: 'a checkpoint'
    """

    def __init__(self, compute: type, args: tuple[object, ...]) -> None:
        self._error: Exception | None = None
        try:
            self._compute = compute(*args)
        except Exception as error:  # noqa: BLE001 - it is raised, whatever it is
            self._error = error

    def __call__(self, units: pa.Table) -> pa.Table:
        """What comes of a table of units."""
        if self._error is not None:
            raise self._error
        computed: pa.Table = self._compute(units)
        return computed
