"""The process that decodes: it may crash, hang or be killed, and costs one file by that.

`harmlib.media.decoders` starts it and talks to it over a socket; it ends when that closes. A
request is a function with its arguments, answered by one value, or by one after the other; a
generator is sent what the other side says in between.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import resource
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

# Imported before the first request, which would else wait for them, or have no memory for them.
import av.subtitles.stream  # noqa: F401
from PIL import Image

import harmlib.media.probe
import harmlib.media.video  # noqa: F401
from harmlib.media.decode import MediaError, loss_reason
from harmlib.media.memory_limit import data_bytes, limit_memory, ran_short

READY = b"ready"
_PLAIN = (str, bytes, int, float, type(None))
STOP = b""  # ends a generator; anything else is a pickled value that it is sent


class Request(NamedTuple):
    """What is to be decoded.

    Attributes
    ----------
    function : callable
        Of a module.
    arguments : tuple
        Its arguments.
    max_sec : float
        After that long the system ends this process; it begins anew when a generator is sent a
        value that isn't None.
    max_bytes : int
        What the function may take in memory.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    max_sec: float
    max_bytes: int


class Answer(NamedTuple):
    """One value of a function.

    Attributes
    ----------
    value : object
        What it returned or yielded, or the exception that it raised.
    is_error : bool
        Whether that was an exception.
    is_last : bool
        Whether nothing follows.
    is_spent : bool
        Whether the process should not be asked again: it took so much memory that it couldn't tell
        whether the next file did.
    """

    value: Any
    is_error: bool = False
    is_last: bool = True
    is_spent: bool = False


def main(descriptor: int, lifeline: int) -> None:
    """Answer requests until the socket closes.

    Parameters
    ----------
    descriptor : int
        The file descriptor of this process's end of the socket.
    lifeline : int
        The reading end of a pipe into which nobody writes: it closes when the other side dies.

    Examples
    --------
    `harmlib.media.decoders` starts it so:

    >>> from harmlib.media.decoders import DecodeLimits, contained
    >>> contained(DecodeLimits(), os.getpid) == os.getpid()
    False
    """
    _end_with(lifeline)
    Image.init()  # all readers, while memory isn't bounded
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # it may have been started with it ignored
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is no news, and a core is large
    with contextlib.suppress(OSError):  # where memory runs out, not the run is to be killed
        Path("/proc/self/oom_score_adj").write_text("1000")
    own_bytes = data_bytes()
    connection, fds = Connection(descriptor), socket.socket(fileno=os.dup(descriptor))
    connection.send_bytes(READY)
    with connection, fds, contextlib.suppress(EOFError, ConnectionError):
        while True:
            request: Request = pickle.loads(connection.recv_bytes())
            limit_memory(own_bytes + request.max_bytes)
            with contextlib.closing(_answers(request)) as answers:
                _answer(answers, request.max_sec, connection, fds)


def _end_with(lifeline: int) -> None:
    """Have the system end this process when the pipe closes, even in an endless loop in C.

    Linux only; elsewhere it ends when it next reads from the socket, or at its time limit.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # it had closed before
        os._exit(0)


def _answer(
    answers: Generator[Answer, Any], max_sec: float, connection: Connection, fds: socket.socket
) -> None:
    left_sec, said = max_sec, None
    while True:
        # Nobody handles this signal: the system ends this process, whatever it is doing.
        signal.setitimer(signal.ITIMER_REAL, left_sec)
        answer = answers.send(said)
        left_sec = max(0.001, signal.setitimer(signal.ITIMER_REAL, 0)[0])
        _send(answer._replace(is_spent=ran_short()), connection, fds)
        if answer.is_last or (received := connection.recv_bytes()) == STOP:
            return
        said = pickle.loads(received)
        if said is not None:
            left_sec = max_sec


def _answers(request: Request) -> Generator[Answer, Any]:
    try:
        result = request.function(*request.arguments)
        if isinstance(result, Generator):
            yield from _conversation(result)
        else:
            yield Answer(result)
    except Exception as error:  # noqa: BLE001 - the other side raises it
        yield Answer(_plain(error), is_error=True)


def _conversation(generator: Generator[Any, Any]) -> Generator[Answer, Any]:
    said = None
    with contextlib.closing(generator):
        while True:
            try:
                value = generator.send(said)
            except StopIteration:
                break
            said = yield Answer(value, is_last=False)
    yield Answer(None)


def _plain(error: Exception) -> Exception:
    """An exception that surely arrives: some can't be made again from what they keep."""
    is_known = type(error) is MediaError or type(error).__module__ == "builtins"
    if is_known and all(isinstance(one, _PLAIN) for one in error.args):
        return error.with_traceback(None)
    return MediaError(loss_reason(error))


def _send(answer: Answer, connection: Connection, fds: socket.socket) -> None:
    """Arrays don't go through the socket: the other side gets memory that holds them."""
    arrays: list[pickle.PickleBuffer] = []
    content = pickle.dumps(answer, protocol=5, buffer_callback=arrays.append)
    raw = [array.raw() for array in arrays]
    connection.send_bytes(pickle.dumps(([one.nbytes for one in raw], content)))
    if raw:
        with _memory() as file:
            for one in raw:
                file.write(one)
            file.flush()
            socket.send_fds(fds, [b"f"], [file.fileno()])


def _memory() -> Any:
    if sys.platform == "linux":
        return open(os.memfd_create("frames"), "wb", buffering=0)  # noqa: PTH123 - no path
    return tempfile.TemporaryFile()
