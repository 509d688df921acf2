"""Processes that decode files: one that crashes, hangs or is killed costs one file, not the run."""

from __future__ import annotations

import atexit
import contextlib
import math
import mmap
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, ParamSpec, TypeVar

from harmlib.media.decode import MediaError
from harmlib.media.decoder_process import READY, STOP, Answer, Request
from harmlib.params import MAX_DECODE_GIB, MAX_DECODE_SEC, DataParams

_START = (
    "import sys; sys.path.insert(0, sys.argv[3]); "
    "from harmlib.media.decoder_process import main; main(int(sys.argv[1]), int(sys.argv[2]))"
)
_NAMES = ("-X", f"utf8={sys.flags.utf8_mode}")  # of files must mean the same there
_ROOT = Path(__file__).parents[2]
# What comes from outside, and not from the file: a service's stop goes to all its processes.
_FROM_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
Given = ParamSpec("Given")
Found = TypeVar("Found")


@dataclass(frozen=True)
class DecodeLimits:
    """What decoding one file may take.

    Attributes
    ----------
    max_sec : float
        Seconds for each call; the process is ended after that.
    max_gib : float
        Memory in GiB, beside what the process itself takes.

    Raises
    ------
    ValueError
        For what is not a positive number.
    """

    max_sec: float = MAX_DECODE_SEC
    max_gib: float = MAX_DECODE_GIB

    def __post_init__(self) -> None:
        for name in ("max_sec", "max_gib"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be a positive number")

    @classmethod
    def of(cls, data: DataParams) -> DecodeLimits:
        """The limits that a params file sets."""
        return cls(data.max_decode_sec, data.max_decode_gib)


class DecoderDied(MediaError):
    """The process that decoded a file is gone, and with it what it knew of the file.

    Parameters
    ----------
    reason : str
        How it ended.
    is_lasting : bool
        Whether it would end so again: it crashed or took too long, and wasn't ended from outside.
    took_too_long : bool
        Whether it was ended for that.
    """

    def __init__(
        self, reason: str, is_lasting: bool = True, *, took_too_long: bool = False
    ) -> None:
        super().__init__(reason)
        self.is_lasting = is_lasting
        self.took_too_long = took_too_long


def contained(
    limits: DecodeLimits, function: Callable[Given, Found], *args: Given.args, **_: Given.kwargs
) -> Found:
    """Call a function in a process that may die.

    Parameters
    ----------
    limits : DecodeLimits
        What the call may take.
    function : callable
        Of a module, so that the process finds it.
    *args : object
        Its arguments.

    Returns
    -------
    object
        What the function returned. Arrays in it lie in memory of their own and may be written to.

    Raises
    ------
    DecoderDied
        If the process crashed, was killed, or took longer than it may.
    Exception
        What the function raised.

    Examples
    --------
    >>> contained(DecodeLimits(), divmod, 7, 2)
    (3, 1)
    """
    with _lent() as decoder:
        decoder.ask(limits, function, args)
        return decoder.answer().value  # type: ignore[no-any-return]


def contained_stream(
    limits: DecodeLimits,
    function: Callable[Given, Iterator[Found]],
    *args: Given.args,
    **_: Given.kwargs,
) -> Iterator[Found]:
    """Run a generator in a process that may die; it goes on only when the next value is wanted.

    Parameters
    ----------
    limits, function, *args : DecodeLimits, callable, object
        As for `contained`; the function yields. The time in which nothing is wanted doesn't count.

    Yields
    ------
    object
        What the function yields.

    Raises
    ------
    DecoderDied, Exception
        As `contained` does.

    Examples
    --------
    >>> list(contained_stream(DecodeLimits(), eval, "(i for i in range(3))"))
    [0, 1, 2]
    """
    with _lent() as decoder:
        decoder.ask(limits, function, args)
        while not (answer := decoder.answer()).is_last:
            try:
                yield answer.value
            except GeneratorExit:
                decoder.stop()
                raise
            decoder.go_on()


class Conversation(Generic[Found]):
    """A generator in a process that may die, which is sent values; the process is lent until then.

    Several threads may hold it, and talk to it one at a time.

    Parameters
    ----------
    limits, function, *args : DecodeLimits, callable, object
        As for `contained`; the function yields. Its time begins anew with each value that it is
        sent.

    Attributes
    ----------
    is_spent : bool
        Whether the process came near its limit on memory.

    Raises
    ------
    MediaError
        If no process could be started, or it died.

    Examples
    --------
    >>> talk = Conversation(DecodeLimits(), eval, "(lambda: (yield 1 + (yield 1)))()")
    >>> talk.say(), talk.say(20)
    (1, 21)
    >>> talk.close()
    """

    def __init__(
        self,
        limits: DecodeLimits,
        function: Callable[Given, Iterator[Found]],
        *args: Given.args,
        **_: Given.kwargs,
    ) -> None:
        self.is_spent = False
        self._decoder = _borrow()
        self._is_open, self._has_begun = True, False
        try:
            self._decoder.ask(limits, function, args)
        except BaseException:
            self._end()
            raise

    def say(self, value: object = None) -> Found:
        """Return what the generator yields next, when it is sent this value.

        The first one is None, as it is for any generator. Raises `DecoderDied`, what the generator
        raised, and EOFError once it has come to its end or was closed.
        """
        if not self._is_open:
            raise EOFError("closed")
        try:
            with _waited_for(self._decoder):
                if self._has_begun:
                    self._decoder.go_on(value)
                self._has_begun = True
                answer = self._decoder.answer()
        except BaseException:
            self._end()
            raise
        self.is_spent = answer.is_spent
        if answer.is_last:
            self._end()
            raise EOFError("nothing follows")
        return answer.value  # type: ignore[no-any-return]

    def close(self) -> None:
        """Let the generator end, and the process be lent to others."""
        if self._is_open:
            with contextlib.suppress(DecoderDied):
                self._decoder.stop()
                # What has come near its limits is not lent again.
                self._decoder.is_free = not self.is_spent
            self._end()

    def _end(self) -> None:
        self._is_open = False
        _give_back(self._decoder)


class _Decoder:
    """One process, and what is said to it."""

    def __init__(self) -> None:
        self.is_free = False  # whether nothing is open that it was asked for
        self._max_sec = 0.0
        ours, theirs = socket.socketpair()
        watched, self._lifeline = os.pipe()
        passed = [theirs.fileno(), watched]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", *_NAMES, "-c", _START, *map(str, passed), str(_ROOT)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=passed,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # they would only take memory
                start_new_session=True,  # Ctrl-C is for this process, which ends the other
            )
        except OSError as error:
            ours.close()
            os.close(self._lifeline)
            raise MediaError(f"no process could be started to decode it ({error})") from error
        finally:
            theirs.close()
            os.close(watched)
        self._fds = ours
        self._connection = Connection(os.dup(ours.fileno()))
        try:
            self.is_free = self._connection.recv_bytes() == READY
        except (EOFError, OSError):
            raise MediaError(f"no process could be started to decode it ({self.end()})") from None
        _all.add(self)

    def ask(self, limits: DecodeLimits, function: object, args: tuple[object, ...]) -> None:
        self._max_sec = limits.max_sec
        request = Request(function, args, limits.max_sec, int(limits.max_gib * (1 << 30)))  # type: ignore[arg-type]
        content = pickle.dumps(request)
        self.is_free = False
        self._send(content)

    def go_on(self, said: object = None) -> None:
        self._send(pickle.dumps(said))

    def stop(self) -> None:
        """Of a stream, that nothing more of it is wanted."""
        self._send(STOP)
        self.is_free = True

    def answer(self) -> Answer:
        """Wait for the next value. Raise what the function raised."""
        try:
            received = self._connection.recv_bytes()
        except (EOFError, OSError):
            raise self._died() from None
        sizes, content = pickle.loads(received)
        answer: Answer = pickle.loads(content, buffers=self._arrays(sizes))
        self.is_free = answer.is_last and not answer.is_spent
        if answer.is_error:
            raise answer.value
        return answer

    def _arrays(self, sizes: list[int]) -> list[memoryview]:
        if not sizes:
            return []
        _, descriptors, *_ = socket.recv_fds(self._fds, 1, 1)
        if not descriptors:
            raise self._died()
        (descriptor,) = descriptors
        try:
            whole = memoryview(mmap.mmap(descriptor, sum(sizes))) if sum(sizes) else memoryview(b"")
        finally:
            os.close(descriptor)
        ends = list(accumulate(sizes, initial=0))
        return [whole[start : start + size] for start, size in zip(ends, sizes, strict=False)]

    def _send(self, content: bytes) -> None:
        try:
            self._connection.send_bytes(content)
        except OSError:
            raise self._died() from None

    def end(self) -> int:
        """Wait a moment for a process that is ending, else kill it; return its exit status."""
        self.is_free = False
        try:
            return self._process.wait(1)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()
        finally:
            self._close()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process; whoever waits for its answer is told that it died."""
        self._process.kill()

    def forget(self) -> None:
        """After a fork: the process is another one's child."""
        self._close()
        self._process.returncode = 0

    def _close(self) -> None:
        if not self._connection.closed:
            self._connection.close()
            self._fds.close()
            os.close(self._lifeline)

    def _died(self) -> DecoderDied:
        status = self.end()
        return DecoderDied(
            self._why(status),
            is_lasting=-status not in _FROM_OUTSIDE,
            took_too_long=status == -signal.SIGALRM,
        )

    def _why(self, status: int) -> str:
        if status == -signal.SIGALRM:
            return f"decoding took longer than {self._max_sec:g} s (data.max_decode_sec)"
        if status == -signal.SIGKILL:
            return "the decoder was killed on this file (signal 9), as happens when memory runs out"
        if status < 0:
            return f"the decoder crashed on this file (signal {-status})"
        return f"the decoder ended on this file (exit status {status})"


_all: weakref.WeakSet[_Decoder] = weakref.WeakSet()
_idle: list[_Decoder] = []
_busy: dict[int, list[_Decoder]] = {}  # by the thread that waits for them
_lock = threading.RLock()  # collecting garbage may end a conversation while it is held


def _take_idle() -> _Decoder | None:
    with _lock:
        while _idle:
            decoder = _idle.pop()
            if decoder.is_alive():
                return decoder
            decoder.end()  # somebody killed it while it waited: no file's fault
    return None


def _borrow() -> _Decoder:
    return _take_idle() or _Decoder()


def _give_back(decoder: _Decoder) -> None:
    if decoder.is_free:
        with _lock:
            _idle.append(decoder)
    else:
        decoder.kill()
        decoder.end()


@contextlib.contextmanager
def _waited_for(decoder: _Decoder) -> Iterator[None]:
    mine = _busy.setdefault(threading.get_ident(), [])
    mine.append(decoder)
    try:
        yield
    finally:
        mine.remove(decoder)


@contextlib.contextmanager
def _lent() -> Iterator[_Decoder]:
    decoder = _borrow()
    try:
        with _waited_for(decoder):
            yield decoder
    finally:
        _give_back(decoder)


@contextlib.contextmanager
def decoding_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Open a pool of threads that decode; when the block is left early, it ends at once.

    Parameters
    ----------
    count : int
        How many threads.

    Yields
    ------
    concurrent.futures.ThreadPoolExecutor
        When an exception leaves the block (Ctrl-C too), what waits is cancelled, and the processes
        that its threads wait for are killed.

    Examples
    --------
    >>> with decoding_threads(2) as pool:
    ...     list(pool.map(abs, [-1, 2]))
    [1, 2]
    """
    threads: set[threading.Thread] = set()
    with ThreadPoolExecutor(
        count, initializer=lambda: threads.add(threading.current_thread())
    ) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while any(thread.is_alive() for thread in threads):  # one may just be starting its own
                for thread in threads:
                    for decoder in list(_busy.get(thread.ident or 0, ())):
                        decoder.kill()
                time.sleep(0.02)
            raise


def end_decoders() -> None:
    """End the processes that wait for work; the next call starts new ones.

    Examples
    --------
    >>> end_decoders()
    """
    with _lock:
        while _idle:
            decoder = _idle.pop()
            decoder.kill()
            decoder.end()


def _forget_decoders() -> None:
    """In a forked process: those of its parent stay the parent's."""
    global _lock
    _lock = threading.RLock()
    for decoder in list(_all):
        decoder.forget()
    _idle.clear()
    _busy.clear()


atexit.register(end_decoders)
os.register_at_fork(after_in_child=_forget_decoders)
