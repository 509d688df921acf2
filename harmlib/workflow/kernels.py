"""Kernels that start warm: forked from one process that has imported what notebooks import."""

from __future__ import annotations

import json
import os
import shutil
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

# macOS has fork too, but its system libraries don't survive one.
CAN_FORK = sys.platform == "linux"
END_SEC = 5
LAUNCHER = ("-m", "ipykernel_launcher")


class KernelServer:
    """Starts `kernel_server` with the first kernel that is asked for. A context manager.

    When it is left, and when this process dies, the server and all its kernels end too.

    Parameters
    ----------
    ahead : mapping of str to list of str
        The notebooks that will be executed, in order, and the modules that each needs.
    """

    def __init__(self, ahead: Mapping[str, list[str]]) -> None:
        self.ahead = dict(ahead)
        self.closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # kernels run side by side in threads
        self._connections: Path | None = None

    def __enter__(self) -> KernelServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the server, which begins with the imports, unless it runs already."""
        with self._lock:
            if self._process is not None or not CAN_FORK:
                return
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
                    ],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C is for the runner, which ends the server
                )

    def close(self) -> None:
        """End the server and its kernels, even while a thread waits for an answer."""
        self.closed = True
        try:
            self._end()
        finally:
            if self._connections is not None:
                shutil.rmtree(self._connections, ignore_errors=True)

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(END_SEC)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with self._lock:
            self._pipe.close()

    def connection_file(self) -> str:
        """Return where the next kernel's connection file goes: it holds the kernel's key.

        They lie in a folder of our own, which is removed at the end, by the server if need be.
        """
        if self.closed:
            raise RuntimeError("the run is ending: no kernel starts any more")
        with self._lock:
            return str(self._folder() / f"{uuid.uuid4()}.json")

    def _folder(self) -> Path:
        if self._connections is None:
            self._connections = Path(tempfile.mkdtemp(prefix="harmlib-kernels-"))
        return self._connections

    def ask(self, request: dict[str, Any] | int) -> int | None:
        """Return the server's answer to a request. Raises OSError or EOFError when it is gone."""
        with self._lock:
            self._pipe.send(request)
            answer: int | None = self._pipe.recv()
        return answer

    def manager_class(self, notebook: str) -> type[AsyncKernelManager]:
        """Return a class for nbclient whose kernels come from this server.

        Parameters
        ----------
        notebook : str
            The name of the notebook: its modules are imported before the fork.
        """
        own = {"server": self, "notebook": notebook}
        return type("WarmKernelManager", (_WarmKernelManager,), own)


class _WarmKernelManager(AsyncKernelManager):
    server: KernelServer
    notebook: str

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.connection_file = self.server.connection_file()
        self.provisioner = _WarmProvisioner(kernel_spec=self.kernel_spec, parent=self)

    @property
    def kernel_spec(self) -> KernelSpec:
        """Our own Python, whatever this machine has under the notebook's name `python3`."""
        launch = [sys.executable, *LAUNCHER, "-f", "{connection_file}"]
        return KernelSpec(argv=launch, display_name="Python 3", language="python")


class _WarmProvisioner(LocalProvisioner):
    """Forks a kernel of this Python; starts it in the usual way where that is impossible."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        if not CAN_FORK:
            return await super().launch_kernel(cmd, **options)
        manager = cast("_WarmKernelManager", self.parent)
        server = manager.server
        if server.closed:
            raise RuntimeError("the run is ending: no kernel starts any more")
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
            return await super().launch_kernel(cmd, **options)
        assert pid is not None
        self.process = cast("subprocess.Popen[bytes]", _ForkedKernel(server, pid))
        self.pid = self.pgid = pid  # it leads a session of its own
        self.cwd = options.get("cwd") or str(Path.cwd())
        return self.connection_info


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
