"""The process that kernels are forked from: it imports once what notebooks import. Linux only.

`harmlib.workflow.kernels` starts it and talks to it over a pipe; it ends when that pipe closes.
It only imports: nothing here computes, draws or opens a ZMQ socket before the fork, since the
threads and locks of such work don't survive one. (Those of OpenBLAS and jemalloc do: they have
fork handlers.)
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import shutil
import signal
import sys
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

# What every kernel needs, and all that is imported for a notebook that nothing is known of.
KERNEL = ("ipykernel.ipkernel", "ipykernel.kernelapp", "debugpy")

Modules = dict[str, list[str]]  # what each notebook needs


def main(descriptor: int, ahead: Modules, connections: str) -> None:
    """Serve until the pipe closes; in every forked child, become the kernel that was asked for.

    Parameters
    ----------
    descriptor : int
        The file descriptor of this process's end of the pipe.
    ahead : dict
        Each notebook that kernels will be asked for, in order, with the modules that it needs.
    connections : str
        The folder of the kernels' connection files. It is removed at the end, since the process
        that made it may have been killed.
    """
    began = set(os.environ)
    # As ipykernel does: matplotlib reads it when imported.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with Connection(descriptor) as runner:
        request = _serve(runner, ahead)
    if request is not None:
        for name in began - set(request["env"]):
            del os.environ[name]  # what imports have set stays, as in any kernel
        _become_kernel(**request)
    else:
        shutil.rmtree(connections, ignore_errors=True)
    os._exit(0)  # to take down all that was imported would cost each kernel half a second


def _serve(runner: Connection, ahead: Modules) -> dict[str, Any] | None:
    """Answer requests, and import between them. Return None at the end; in a child, its request.

    A request is a kernel's `notebook`, `arguments`, `env` and `cwd`, answered by its pid; or a pid,
    answered by the exit status (None as long as it runs).
    """
    running: set[int] = set()
    todo = [name for modules in ahead.values() for name in modules]
    with contextlib.suppress(EOFError, ConnectionError, SystemExit):
        while True:
            if todo and not runner.poll():
                _import(todo.pop(0))
                continue
            request: int | dict[str, Any] = runner.recv()
            if isinstance(request, int):
                ended, status = os.waitpid(request, os.WNOHANG)
                running.discard(ended)
                runner.send(os.waitstatus_to_exitcode(status) if ended else None)
                continue
            for name in ahead.get(request.pop("notebook"), KERNEL):
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
    with contextlib.suppress(ImportError):  # the notebook that needs it will say so
        importlib.import_module(name)


def _become_kernel(arguments: list[str], env: dict[str, str], cwd: str | None) -> None:
    """Do what `python -m ipykernel_launcher` does, in a session of its own."""
    import ipykernel_launcher  # type: ignore[import-untyped]
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
    # ipykernel was imported before the fork, and read the variable then.
    IPKernelApp.launch_instance([*arguments, f"--IPKernelApp.parent_handle={parent}"])
    atexit._run_exitfuncs()  # as multiprocessing ends its forks


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3])
