"""Kernels that start warm: forked from one process that has imported what notebooks import."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Mapping
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from harmlib.media.whole_file import remove_ownerless, temporary_prefix

# macOS has fork too, but its system libraries don't survive one.
CAN_FORK = sys.platform == "linux"
END_SEC = 1.0
DEADLINE_SEC = 48 * 3600.0
LONGEST_NAME = 20  # letters of a socket's name, with a number at its end
LAUNCHER = ("-m", "ipykernel_launcher")


class KernelServer:
    """Starts `kernel_server` with the first kernel that is asked for. A context manager.

    When it is left, and when this process dies, the server and all its kernels end too.

    Parameters
    ----------
    ahead : mapping of str to list of str
        The notebooks that will be executed, in order, and the modules that each needs.
    deadline_sec : float
        How long one notebook may keep its kernel.
    """

    def __init__(self, ahead: Mapping[str, list[str]], deadline_sec: float = DEADLINE_SEC) -> None:
        self.ahead, self.deadline_sec = dict(ahead), deadline_sec
        self.closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe_lock = threading.Lock()  # kernels run side by side in threads
        self._lock = threading.RLock()
        self._connections: Path | None = None
        self._holds_sockets: bool | None = None
        self._ordinary: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> KernelServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the server, which begins with the imports, unless it runs already.

        It ends with the thread that starts it, too: call this from one that stays.
        """
        with self._lock:
            if self._process is not None or not CAN_FORK:
                return
            self._require_open()
            connections = str(self._folder())
            self._pipe, theirs = Pipe()
            with theirs:
                server = ["-m", "harmlib.workflow.kernel_server"]
                self._process = subprocess.Popen(
                    [
                        sys.executable,
                        *server,
                        str(theirs.fileno()),
                        json.dumps(self.ahead),
                        connections,
                        str(os.getpid()),
                    ],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C is for the runner, which ends the server
                )

    def close(self) -> None:
        """End the server and its kernels, even while a thread waits for an answer."""
        self.closed = True
        with self._lock:  # no start is half-way
            process, folder = self._process, self._connections
            for ordinary in self._ordinary:
                end_group(ordinary.pid, signal.SIGKILL)
        try:
            if process is not None:
                self._end(process)
        finally:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(END_SEC)
        except subprocess.TimeoutExpired:
            process.kill()  # its kernels end with it
            process.wait()
        with self._pipe_lock:
            self._pipe.close()

    def _require_open(self) -> None:
        if self.closed:
            raise RuntimeError("the run is ending: no kernel starts any more")

    def adopt(self, ordinary: subprocess.Popen[bytes]) -> None:
        """End a kernel that was started without the server with the others."""
        with self._lock:
            self._ordinary.append(ordinary)
            if self.closed:
                end_group(ordinary.pid, signal.SIGKILL)
                self._require_open()

    def connection_file(self) -> str:
        """Return where the next kernel's connection file goes: it holds the kernel's key.

        They lie in a folder of our own, which is removed at the end, by the server if need be.
        """
        with self._lock:
            self._require_open()
            return str(self._folder() / f"{uuid.uuid4().hex[:12]}.json")

    def holds_sockets(self) -> bool:
        """Whether kernels can open sockets beside their connection files: tried once."""
        with self._lock:
            self._require_open()
            if self._holds_sockets is None:
                self._holds_sockets = _holds_sockets(self._folder())
            return self._holds_sockets

    def _folder(self) -> Path:
        if self._connections is None:
            remove_ownerless()
            self._connections = Path(tempfile.mkdtemp(prefix=temporary_prefix("kernels")))
        return self._connections

    def ask(self, request: dict[str, Any] | int) -> int | None:
        """Return the server's answer to a request. Raises OSError or EOFError when it is gone."""
        with self._pipe_lock:
            self._pipe.send(request)
            answer: int | None = self._pipe.recv()
        return answer

    def manager_class(self, notebook: str) -> type[WarmKernelManager]:
        """Return a class for nbclient whose kernels come from this server.

        Parameters
        ----------
        notebook : str
            The name of the notebook: its modules are imported before the fork.
        """
        own = {"server": self, "notebook": notebook, "launched": []}
        return type("WarmKernelManager", (WarmKernelManager,), own)


def _holds_sockets(folder: Path) -> bool:
    """Whether a folder's file system can; some mounts can't, and some paths are too long."""
    if not CAN_FORK:
        return False
    tried = folder / ("x" * LONGEST_NAME)
    try:
        with socket.socket(socket.AF_UNIX) as unheard:
            unheard.bind(str(tried))
    except OSError:
        return False
    tried.unlink()
    return True


def end_group(pid: int, signum: int) -> None:
    """Send a signal to a kernel and to what it has started; it may be gone already.

    Parameters
    ----------
    pid : int
        The kernel's process, which leads a group.
    signum : int
        The signal.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signum)


class WarmKernelManager(AsyncKernelManager):
    """What nbclient starts a kernel with; `KernelServer.manager_class` makes one per notebook."""

    server: KernelServer
    notebook: str
    launched: list[Any]  # the kernels' processes

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.connection_file = self.server.connection_file()
        sockets = self.connection_file.removesuffix(".json")
        if self.server.holds_sockets():
            # Ports are chosen before they are opened: another program may be faster.
            self.transport, self.ip = "ipc", sockets
        self.provisioner = _WarmProvisioner(kernel_spec=self.kernel_spec, parent=self)

    @property
    def kernel_spec(self) -> KernelSpec:
        """Our own Python, whatever this machine has under the notebook's name `python3`."""
        launch = [sys.executable, *LAUNCHER, "-f", "{connection_file}"]
        return KernelSpec(argv=launch, display_name="Python 3", language="python")


class _WarmProvisioner(LocalProvisioner):
    """Forks a kernel of this Python; starts it in the usual way where that is impossible."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        manager = cast("WarmKernelManager", self.parent)
        server = manager.server
        if not CAN_FORK:
            return await self._launch_ordinary(cmd, **options)
        server.start()
        request = {
            "notebook": manager.notebook,
            "arguments": cmd[1 + len(LAUNCHER) :],
            "env": options["env"],
            "cwd": options.get("cwd"),
        }
        try:
            pid = server.ask(request)
        except (OSError, EOFError):
            return await self._launch_ordinary(cmd, **options)
        assert pid is not None
        self.process = cast("subprocess.Popen[bytes]", _ForkedKernel(server, pid))
        manager.launched.append(self.process)
        self.pid = self.pgid = pid  # it leads a session of its own
        self.cwd = options.get("cwd") or str(Path.cwd())
        return self.connection_info

    async def _launch_ordinary(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Start a kernel in the usual way, unless the run is ending; it ends with the others."""
        manager = cast("WarmKernelManager", self.parent)
        manager.server._require_open()
        info = await super().launch_kernel(cmd, **options)
        assert self.process is not None
        manager.server.adopt(self.process)
        manager.launched.append(self.process)
        return info


class _ForkedKernel:
    """A process that isn't our child, with what `LocalProvisioner` needs of `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, server: KernelServer, pid: int) -> None:
        self.server, self.pid = server, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            try:
                self.returncode = self.server.ask(self.pid)
            except (OSError, EOFError):  # it took its kernels with it
                self.returncode = -9
        return self.returncode

    def wait(self) -> int:
        """Return the exit status; called after `poll` has told the end."""
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)
