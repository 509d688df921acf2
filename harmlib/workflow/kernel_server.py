"""The process that kernels are forked from: it imports once what notebooks import. Linux only.

`harmlib.workflow.kernels` starts it and talks to it over a pipe; when that pipe closes, it ends.
It only imports: nothing here computes, draws or opens a ZMQ socket before the fork, since threads
and locks of such work don't survive one. (Those of OpenBLAS and jemalloc do: they have fork handlers.)
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import signal
import sys
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_KERNEL = ("ipykernel.ipkernel", "ipykernel.kernelapp", "debugpy")
_TABLES = (
    "pandas",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "harmlib.workflow.notebook",
    "harmlib.workflow.progress",
)

# What each notebook imports, itself or later on. A name too few only costs its kernel time. Not
# here: openvino, ultralytics, clip and pytorchvideo. Extraction alone needs them, seconds among
# minutes; when imported they look at the machine, and change the environment. Nor tqdm.auto and
# matplotlib.pyplot, which look for a running IPython.
PRELOAD = {
    "00_data": (
        *_KERNEL,
        *_TABLES,
        "harmlib.media.demo.files",
        "harmlib.media.manifest",
        "harmlib.reporting.figures.report",
        "harmlib.reporting.page.pages",
    ),
    "01_extract_features": (*_KERNEL, *_TABLES, "torch", "harmlib.features.backbones"),
    "02_train": (
        *_KERNEL,
        *_TABLES,
        "torch",
        "torch._dynamo",  # torch imports it with the first step of an optimiser
        "harmlib.features.backbones",
        "harmlib.analysis.calibration",
        "harmlib.analysis.operating_points",
        "harmlib.media.splits",
        "harmlib.models.checkpoint",
        "harmlib.models.training",
    ),
    "03_thresholds": (
        *_KERNEL,
        *_TABLES,
        "harmlib.analysis.variant_tables",
        "harmlib.analysis.operating_points",
        "harmlib.reporting.figures.certainty",
        "harmlib.reporting.text.certainty",
        "harmlib.reporting.text.findings",
        "harmlib.reporting.page.pages",
    ),
    "04_report": (
        *_KERNEL,
        *_TABLES,
        "torch",
        "harmlib.audit.auditor",
        "harmlib.analysis.misclassified",
        "harmlib.analysis.variant_tables",
        "harmlib.media.thumbnails",
        "harmlib.reporting.text.report_tables",
        "harmlib.reporting.figures.certainty",
        "harmlib.reporting.text.certainty",
        "harmlib.reporting.page.threshold_explorer",
        "harmlib.reporting.text.findings",
        "harmlib.reporting.page.gallery",
        "harmlib.reporting.metrics",
        "harmlib.reporting.page.pages",
    ),
}


def main(descriptor: int, notebooks: list[str]) -> None:
    """Serve until the pipe closes; in every forked child, become the kernel that was asked for.

    notebooks : those that kernels will be asked for, in order: what they need is imported ahead
    """
    began = set(os.environ)
    # As ipykernel does: matplotlib reads it when imported.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with Connection(descriptor) as runner:
        request = _serve(runner, notebooks)
    if request is not None:
        for name in began - set(request["env"]):
            del os.environ[name]  # but what imports have set, as in any kernel, stays
        _become_kernel(**request)
    os._exit(0)  # taking down all that was imported would cost each kernel half a second


def _serve(runner: Connection, notebooks: list[str]) -> dict[str, Any] | None:
    """Answer requests, and import ahead between them. None at the end; in a child, its request.

    A request is a kernel's `notebook`, `arguments`, `env` and `cwd`, answered by its pid; or a pid,
    answered by the exit status, None as long as it runs.
    """
    running: set[int] = set()
    ahead = [name for notebook in notebooks for name in PRELOAD.get(notebook, _KERNEL)]
    with contextlib.suppress(EOFError, ConnectionError, SystemExit):
        while True:
            if ahead and not runner.poll():
                _import(ahead.pop(0))
                continue
            request = runner.recv()
            if isinstance(request, int):
                ended, status = os.waitpid(request, os.WNOHANG)
                running.discard(ended)
                runner.send(os.waitstatus_to_exitcode(status) if ended else None)
                continue
            for name in PRELOAD.get(request.pop("notebook"), _KERNEL):
                _import(name)
            gc.freeze()  # else a child's first collection copies every page
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python 3.12 warns of threads; see above
                pid = os.fork()
            if pid == 0:
                return request
            running.add(pid)
            runner.send(pid)
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    return None


def _import(name: str) -> None:
    with contextlib.suppress(ImportError):  # the notebook that needs it will tell
        importlib.import_module(name)


def _become_kernel(arguments: list[str], env: dict[str, str], cwd: str | None) -> None:
    """As `python -m ipykernel_launcher` would, in a session of its own."""
    import ipykernel_launcher
    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if Path(sys.path[0]) == Path.cwd():  # `-m` put it there; the kernel puts "" in its place
        del sys.path[0]
    parent = str(os.getppid())
    os.environ.update(env | {"JPY_PARENT_PID": parent})
    if cwd is not None:
        os.chdir(cwd)
    sys.argv = [ipykernel_launcher.__file__, *arguments]
    # Python seeds its generator anew in a fork; those of numpy and torch would all give the same.
    np.random.seed()  # noqa: NPY002
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.seed()
    # Imported before the fork, ipykernel took the variable's value then.
    IPKernelApp.launch_instance([*arguments, f"--IPKernelApp.parent_handle={parent}"])
    atexit._run_exitfuncs()  # as multiprocessing ends its forks


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
