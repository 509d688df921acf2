"""A Ray cluster to compute on: the one that RAY_ADDRESS names, else this machine alone."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmlib.features.processors import NoSuchProcessor
from harmlib.language import told
from harmlib.media.whole_file import remove_ownerless, temporary_prefix

ADDRESS = "RAY_ADDRESS"
BLOCK_BYTES = 64 << 20  # of prepared units that travel at once; a few of these lie on each node
_STORE_BYTES = 2 << 30  # of this machine's memory for what travels, where Ray runs here alone
_LONGEST_FOLDER = 36  # letters; a socket's path holds 107, and Ray and `mkdtemp` add some 70
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to anyone
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else Ray warns that it will be so one day
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}
# Where Ray starts here.
_ALONE = {
    # The name is Ray's: without clusters it listens on 127.0.0.1 alone, on any system.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    # A process that waits for its next block is kept; a new one imports for seconds.
    "RAY_idle_worker_killing_time_threshold_ms": "60000",
}
_LARGEST_WORKER = 4  # threads: more would wait for each other, fewer would hold more networks
_DECODING = 0.2  # of a processor's work: 6 % for pictures to 15 % for videos (docs/performance.md)


class RayMissing(ValueError):
    """The package Ray is not installed."""


@dataclass(frozen=True)
class Workers:
    """How the processors of a cluster are shared out.

    Attributes
    ----------
    count : int
        Processes that hold the networks; as few as 1 go on where nodes are lost.
    threads : int
        Of each.
    cpus, gpus : float
        What Ray counts for each.
    decoders : int
        Processes that decode, at most.
    decode_cpus : float
        What Ray counts for each of these.
    """

    count: int
    threads: int
    cpus: float
    gpus: float
    decoders: int
    decode_cpus: float


def plan_workers(nodes: Sequence[Mapping[str, float]], on_gpu: bool) -> Workers:
    """Share out the processors of a cluster.

    Parameters
    ----------
    nodes : sequence of mapping of str to float
        What each node has: ``CPU`` and ``GPU``, as Ray counts them.
    on_gpu : bool
        Whether the networks run on GPUs.

    Returns
    -------
    Workers
        One for each GPU; else as many as the nodes have room for, with the same number of threads.

    Raises
    ------
    NoSuchProcessor
        If the nodes have none, or no CPU to decode on.

    Examples
    --------
    >>> plan_workers([{"CPU": 8}, {"CPU": 16}], on_gpu=False)
    Workers(count=6, threads=4, cpus=3.2, gpus=0, decoders=12, decode_cpus=0.2)
    >>> plan_workers([{"CPU": 8, "GPU": 2}, {"CPU": 16}], on_gpu=True).count
    2
    """
    cpus = [int(node["CPU"]) for node in nodes if node.get("CPU", 0) >= 1]
    if on_gpu:
        count = sum(int(node.get("GPU", 0)) for node in nodes)
        # Of CPUs Ray counts none for these: where GPUs are as many, none would be left to decode.
        workers = Workers(count, 1, 0, 1, max(1, sum(cpus) - count), 1)
    else:
        threads = min([_LARGEST_WORKER, *cpus])
        count = sum(one // threads for one in cpus)
        # More processes that decode would wait for the networks, each with half a gigabyte.
        decoders = max(1, sum(cpus) // 2)
        workers = Workers(count, threads, threads * (1 - _DECODING), 0, decoders, _DECODING)
    if not cpus or not workers.count:
        lacks_gpu = on_gpu and cpus
        raise NoSuchProcessor(
            told(
                f"the Ray cluster has no {'GPU' if lacks_gpu else 'processor'} free; add nodes, or "
                "set device",
                f"Ray 클러스터에 쓸 수 있는 {'GPU' if lacks_gpu else '프로세서'}가 없습니다. "
                "노드를 더하거나 device를 바꾸십시오",
            )
        )
    return workers


def wants_gpu(device: str, nodes: Sequence[Mapping[str, float]]) -> bool:
    """Whether networks run on GPUs.

    Parameters
    ----------
    device : str
        As the params or the command line name it.
    nodes : sequence of mapping of str to float
        As for `plan_workers`.

    Returns
    -------
    bool

    Examples
    --------
    >>> wants_gpu("auto", [{"CPU": 8}, {"CPU": 8, "GPU": 1}]), wants_gpu("cpu", [{"GPU": 1}])
    (True, False)
    """
    has_gpu = any(node.get("GPU", 0) >= 1 for node in nodes)
    return device.startswith("cuda") or (device == "auto" and has_gpu)


@contextmanager
def joined_cluster() -> Iterator[None]:
    """Join the cluster of RAY_ADDRESS, or start Ray here; leave or end it at the end.

    Where Ray runs in this process already, it is used, and goes on afterwards.

    Yields
    ------
    None

    Raises
    ------
    RayMissing
        If Ray is not installed.
    ConnectionError
        If nothing answers at the address.
    """
    require_ray()
    _keep_quiet()
    ray = ray_module()
    if ray.is_initialized():
        _set_up_data()
        yield
        return
    folder = None if os.environ.get(ADDRESS) else _folder()
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if folder is not None:
        options |= {
            "address": "local",
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
            "_temp_dir": str(folder),
        }
    try:
        with _stderr_closed():  # Ray tells there that it was told to be quiet
            ray.init(**options)
        _set_up_data()
        yield
    finally:
        ray.shutdown()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def ray_module() -> Any:
    """Ray with its part Ray Data, imported when it is first needed.

    Returns
    -------
    module
        Its types differ from version to version, so that nobody checks against them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Ray's, about its own settings
        import ray.data

        ray.data.DataContext.get_current()
    return ray


def require_ray() -> None:
    """Make sure that Ray is there.

    Raises
    ------
    RayMissing
        If it isn't; the message tells how to install it.

    Examples
    --------
    >>> require_ray()
    """
    if importlib.util.find_spec("ray") is None:
        raise RayMissing(
            told(
                "the engine ray needs the package Ray, which is not installed here: "
                'pip install "harmlib[ray]", or choose the engine local',
                "engine을 ray로 하려면 Ray 패키지가 필요한데 설치되어 있지 않습니다. "
                'pip install "harmlib[ray]"로 설치하거나 engine을 local로 바꾸십시오',
            )
        )


def _keep_quiet() -> None:
    """Ray reads these when it is imported, and its processes inherit them."""
    for name, value in (_QUIET if os.environ.get(ADDRESS) else _QUIET | _ALONE).items():
        os.environ.setdefault(name, value)


@contextmanager
def _stderr_closed() -> Iterator[None]:
    """Let go what libraries write to standard error; an exception comes out all the same."""
    with Path(os.devnull).open("w") as nowhere:
        kept = os.dup(2)
        try:
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _folder() -> Path:
    """A new folder for Ray's sockets and logs; those of killed processes are removed."""
    remove_ownerless()
    prefix, parent = temporary_prefix("ray"), tempfile.gettempdir()
    if len(parent) + len(prefix) > _LONGEST_FOLDER:
        prefix, parent = "hl-ray-", "/tmp"
    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))


def _set_up_data() -> None:
    """Blocks of a bounded size, and no bars and lines beside ours."""
    context = ray_module().data.DataContext.get_current()
    context.target_max_block_size = BLOCK_BYTES
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.raise_original_map_exception = True  # not one around it, of which nobody knows
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what it raises is told by others
