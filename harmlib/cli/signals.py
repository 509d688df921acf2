"""Ctrl-C, SIGTERM and a closed terminal end this process in order, and soon."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

from harmlib.language import told

LIMIT_SEC = 1.4  # so much time has what is going on to tidy up
_TWICE_SEC = 0.5  # a second signal so soon after is the first one, sent by two senders
_NAMES = {
    "SIGINT": ("Ctrl-C", "Ctrl-C"),
    "SIGTERM": ("SIGTERM", "SIGTERM"),
    "SIGHUP": ("the terminal's end", "터미널 종료"),
}


class Ended(KeyboardInterrupt):
    """A signal asks this process to end.

    Parameters
    ----------
    signum : int
        Its number.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


@contextlib.contextmanager
def ended_in_order() -> Iterator[None]:
    """Let signals raise `Ended` in the block, say one line, and end the process.

    What is not done in `LIMIT_SEC` is left: work in a library that doesn't come back, or that
    swallows the exception, must not keep the process. A second signal ends it at once. The exit
    status is the one that shells give, 128 and the signal's number. A signal that the process was
    started to ignore (``nohup``) stays ignored.

    Yields
    ------
    None
        While signals are heard.
    """
    watch = _Watch()
    try:
        with watch:
            yield
    except KeyboardInterrupt as error:
        watch.exit(error.signum if isinstance(error, Ended) else signal.SIGINT)


class _Watch:
    """Hears the signals, in the main thread and, should that be busy, in one of its own."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        self._leaving = threading.Lock()
        self._before: dict[int, object] = {}

    def __enter__(self) -> _Watch:
        # The system writes a signal's number into this pipe even while the main thread computes.
        self._heard, wakes = os.pipe()
        os.set_blocking(wakes, False)
        self._wakeup = signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        for name in _NAMES:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._raise)
        threading.Thread(target=self._follow, daemon=True, name="signals").start()
        os.register_at_fork(after_in_child=self._forget)
        return self

    def __exit__(self, *_: object) -> None:
        if self._first is None:
            signal.set_wakeup_fd(self._wakeup)
            for number, handler in self._before.items():
                signal.signal(number, handler)  # type: ignore[arg-type]
            self._before.clear()

    def _raise(self, signum: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = signum, now
            raise Ended(signum)
        if now - self._first[1] > _TWICE_SEC:
            self.exit(self._first[0])

    def _follow(self) -> None:
        while True:
            signum = os.read(self._heard, 1)[0]
            if signum in self._before:
                time.sleep(LIMIT_SEC)
                self.exit(signum)

    def exit(self, signum: int) -> None:
        """Say one line and end the process, whatever its threads do."""
        if not self._leaving.acquire(blocking=False):
            return  # another thread is at it
        english, korean = _NAMES[signal.Signals(signum).name]
        line = told(
            f"harmlib: ended by {english}; finished work is kept, start again to go on\n",
            f"harmlib: 중단했습니다({korean}). 끝난 작업은 남아 있으며, 다시 실행하면 이어집니다\n",
        )
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        with contextlib.suppress(OSError):
            os.write(2, line.encode())
        os._exit(128 + signum)

    def _forget(self) -> None:
        """In a forked child, signals are not for us: it ends as any process does."""
        if self._before:
            signal.set_wakeup_fd(-1)
            for number in self._before:
                signal.signal(number, signal.SIG_DFL)
            self._before.clear()
