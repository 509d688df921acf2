"""The process that kernels are forked from: it imports once what notebooks import. Linux only.

`harmlib.workflow.kernels` starts it and talks to it over a pipe; it ends when that pipe closes.
It only imports: nothing here computes, draws or opens a ZMQ socket before the fork, since the
threads and locks of such work don't survive one. (Those of OpenBLAS and jemalloc do: they have
fork handlers.)
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import logging
import os
import shutil
import signal
import sys
import time
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

# What every kernel needs, and all that is imported for a notebook that nothing is known of.
KERNEL = ("ipykernel.ipkernel", "ipykernel.kernelapp", "debugpy")

Modules = dict[str, list[str]]  # what each notebook needs
_INTERRUPTED_SEC = 0.3  # how long an interrupted cell may take to tidy up
_PR_SET_PDEATHSIG = 1


def main(descriptor: int, ahead: Modules, connections: str, runner_pid: int) -> None:
    """Serve until the pipe closes; in every forked child, become the kernel that was asked for.

    It also ends when it is asked to by SIGTERM, which comes too when the runner has died.

    Parameters
    ----------
    descriptor : int
        The file descriptor of this process's end of the pipe.
    ahead : dict
        Each notebook that kernels will be asked for, in order, with the modules that it needs.
    connections : str
        The folder of the kernels' connection files. It is removed at the end, since the process
        that made it may have been killed.
    runner_pid : int
        The process that the kernels are for.
    """
    running: set[int] = set()
    server = os.getpid()

    def end(*_: object) -> None:
        """End it here, whatever is going on: an import would swallow an exception."""
        if os.getpid() == server:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            _end_all(running)
            shutil.rmtree(connections, ignore_errors=True)
        os._exit(0)

    began = set(os.environ)
    # As ipykernel does: matplotlib reads it when imported.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # kernels hear it in their cells only
    signal.signal(signal.SIGTERM, end)
    _end_with_parent(runner_pid, signal.SIGTERM)
    with Connection(descriptor) as runner:
        request = _serve(runner, ahead, running)
    if request is None:
        end()
    assert request is not None
    _end_with_parent(server, signal.SIGKILL)
    for name in began - set(request["env"]):
        del os.environ[name]  # what imports have set stays, as in any kernel
    _become_kernel(**request)
    os._exit(0)  # to take down all that was imported would cost each kernel half a second


def _end_with_parent(parent: int, signum: int) -> None:
    """Let the system send this process a signal when its parent has ended, however that ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signum))
    if os.getppid() != parent:  # it was faster
        os.kill(os.getpid(), signum)


def _end_all(running: set[int]) -> None:
    """End the kernels and what they have started; first their cells may tidy up."""
    for signum in (signal.SIGINT, signal.SIGKILL):
        for pid in running:
            for kill in (os.killpg, os.kill):  # it may lead no group yet
                with contextlib.suppress(ProcessLookupError):
                    kill(pid, signum)
        if signum == signal.SIGINT and running:
            time.sleep(_INTERRUPTED_SEC)


def _serve(runner: Connection, ahead: Modules, running: set[int]) -> dict[str, Any] | None:
    """Answer requests, and import between them. Return None at the end; in a child, its request.

    A request is a kernel's `notebook`, `arguments`, `env` and `cwd`, answered by its pid; or a pid,
    answered by the exit status (None as long as it runs). `running` holds the kernels' pids.
    """
    todo = [name for modules in ahead.values() for name in modules]
    with contextlib.suppress(EOFError, ConnectionError):
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
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                os.setsid()
                return request
            running.add(pid)
            runner.send(pid)
    return None


def _import(name: str) -> None:
    with contextlib.suppress(ImportError):  # the notebook that needs it will say so
        importlib.import_module(name)


def tells_more_than_the_end(record: logging.LogRecord) -> bool:
    """Filter what a kernel logs: one that ends may flush after its thread has closed the socket.

    Parameters
    ----------
    record : logging.LogRecord
        Of tornado's log.

    Returns
    -------
    bool
        False for such a flush, which loses nothing.
    """
    import zmq

    raised = record.exc_info[1] if record.exc_info else None
    return not (isinstance(raised, zmq.ZMQError) and raised.errno == zmq.ENOTSOCK)


def _become_kernel(arguments: list[str], env: dict[str, str], cwd: str | None) -> None:
    """Do what `python -m ipykernel_launcher` does, in a session of its own."""
    import ipykernel_launcher  # type: ignore[import-untyped]
    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

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
    logging.getLogger("tornado.general").addFilter(tells_more_than_the_end)
    # ipykernel was imported before the fork, and read the variable then.
    try:
        IPKernelApp.launch_instance([*arguments, f"--IPKernelApp.parent_handle={parent}"])
    except Exception as error:  # noqa: BLE001 - a full disk, say; the runner tells of the death
        os.write(2, f"The kernel could not start: {type(error).__name__}: {error}\n".encode())
        os._exit(1)
    atexit._run_exitfuncs()  # as multiprocessing ends its forks


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
