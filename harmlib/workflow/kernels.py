"""Kernels that start warm: forked from one process that has imported what notebooks import."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from multiprocessing import Pipe
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

# macOS has fork too, but its system libraries don't survive one.
CAN_FORK = sys.platform == "linux"
END_SEC = 5


class KernelServer:
    """Starts `kernel_server` with the first kernel that asks for one; a context manager.

    At its end, and when this process dies, the server and all its kernels end too.

    notebooks : names of those that will be executed, in order
    """

    def __init__(self, notebooks: Iterable[str]) -> None:
        self.notebooks = list(notebooks)
        self.closed = False
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()  # kernels run side by side in threads

    def __enter__(self) -> KernelServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Begin with the imports, unless that was done already."""
        with self._lock:
            if self._process is not None or not CAN_FORK:
                return
            self._pipe, theirs = Pipe()
            with theirs:
                command = [
                    sys.executable,
                    "-m",
                    "harmlib.workflow.kernel_server",
                    str(theirs.fileno()),
                ]
                self._process = subprocess.Popen(
                    [*command, *self.notebooks],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C is for the runner, which ends the server
                )

    def close(self) -> None:
        """End the server and its kernels. Waits for no answer that a thread is waiting for."""
        self.closed = True
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

    def ask(self, request: dict[str, Any] | int) -> int | None:
        """The server's answer; OSError or EOFError where it is gone."""
        with self._lock:
            self._pipe.send(request)
            return self._pipe.recv()

    def manager_class(self, notebook: str) -> type[AsyncKernelManager]:
        """For nbclient: its kernel comes from this server, with what the notebook imports."""
        own = {"server": self, "notebook": notebook}
        return type("WarmKernelManager", (_WarmKernelManager,), own)


class _WarmKernelManager(AsyncKernelManager):
    server: KernelServer
    notebook: str

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        if CAN_FORK:
            self.provisioner = _WarmProvisioner(kernel_spec=self.kernel_spec, parent=self)


class _WarmProvisioner(LocalProvisioner):
    """A kernel of this Python is forked; one that can't be is started in the usual way."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        if cmd[:3] != [sys.executable, "-m", "ipykernel_launcher"]:
            return await super().launch_kernel(cmd, **options)
        server: KernelServer = self.parent.server
        if server.closed:
            raise RuntimeError("the run is ending: no kernel starts any more")
        server.start()
        request = {
            "notebook": self.parent.notebook,
            "arguments": cmd[3:],
            "env": options["env"],
            "cwd": options.get("cwd"),
        }
        try:
            pid = server.ask(request)
        except (OSError, EOFError):
            return await super().launch_kernel(cmd, **options)
        self.process = _ForkedKernel(server, pid)
        self.pid = self.pgid = pid  # it leads a session of its own
        self.cwd = options.get("cwd") or os.getcwd()
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
        """Called when `poll` has told the end."""
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)
