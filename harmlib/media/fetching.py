"""Files at addresses as files of this machine, for as long as something reads them.

Decoders need real files: they are hashed, mapped and sought in, in processes that may reach
nothing else. A copy is fetched when it is wanted, kept for the passes that follow, and removed
when others need the room. Each process has a folder of its own below the temporary one.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from fsspec.callbacks import Callback

from harmlib.address import FULL, Address, AddressError, Listed, Unreachable, asking, look_up
from harmlib.media.ledger import Unusable
from harmlib.media.whole_file import remove_ownerless, temporary_prefix

IDLE_BYTES = 4 << 30  # of copies that nobody reads right now
# Files that are fetched before their turn. A core decodes a small picture in less time than a
# store takes to answer: each needs a few under way, up to what one machine's line bears.
AHEAD = min(64, max(8, 4 * (os.cpu_count() or 1)))
AHEAD_BYTES = 2 << 30  # of these files together, but for one: of videos few fill the disk
_LONGEST_SUFFIX = 16


@dataclass
class _Copy:
    """One file that is, or is to be, on this machine."""

    listed: Listed
    users: int = 0
    path: Path | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Copies:
    """Copies of files at addresses, in a folder that is bounded.

    Parameters
    ----------
    folder : Path
        An existing one, for these copies alone.
    idle_bytes : int
        Of copies that nobody reads. Those that are read come on top; and the one that was read
        last stays, whatever its size: a file is mostly read several times in a row.
    """

    def __init__(self, folder: Path, idle_bytes: int = IDLE_BYTES) -> None:
        self.folder, self._idle_bytes = folder, idle_bytes
        self._copies: OrderedDict[tuple[Address, Listed], _Copy] = OrderedDict()  # last used last
        self._kept: dict[str, Listed] = {}  # address to the last of its copies
        self._made = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def held(self, where: Address, ended: threading.Event | None = None) -> Iterator[Path]:
        """Give a copy that stays as long as the block runs; it is fetched where there is none.

        Of an address without `listed` a copy that is kept will do: what was found out from it
        still holds for it. With `listed` the content is what was listed, also when it is fetched
        for the second time. Raises FileNotFoundError, Unreachable (of a content that has changed,
        too, and when `ended` was set meanwhile) and AddressError as `harmlib.address.asking` does.
        """
        kept = self._kept.get(where.text)
        if kept and (where.listed is None or kept.may_be(where.listed)):
            listed = kept
        else:
            listed = where.listed or look_up(where)
        key = (where, listed)
        with self._lock:
            self._kept[where.text] = listed
            copy = self._copies.setdefault(key, _Copy(listed))
            copy.users += 1
            self._copies.move_to_end(key)
        try:
            with copy.lock:
                if copy.path is None:
                    copy.path = self._fetch(where, listed, ended)
            yield copy.path
        finally:
            with self._lock:
                copy.users -= 1
                self._copies.move_to_end(key)
                self._make_room()

    def _fetch(self, where: Address, listed: Listed, ended: threading.Event | None) -> Path:
        with self._lock:
            self._made += 1
            number = self._made
        suffix = where.suffix if len(where.suffix) <= _LONGEST_SUFFIX else ""
        path = self.folder / f"{number}{suffix}"
        try:
            with asking(where) as (system, remote):
                system.get_file(remote, str(path), callback=_Until(ended))
                size = path.stat().st_size
                if size != listed.size:
                    raise OSError(f"{size:,} bytes came, {listed.size:,} were listed")
                # Asked afterwards, of each file: nothing slips between. That is one more request,
                # but a listing's age proves nothing, and a content that is taken for the one that
                # was listed may get its decision, or its vector, for good.
                if not look_up(where).may_be(listed):
                    raise Unreachable(f"{where}: its content has changed since it was listed")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def _make_room(self) -> None:
        """Remove what nobody reads, longest unused first, until the rest is within the bound."""
        idle = []
        for key, copy in list(self._copies.items()):
            if not copy.users and copy.path is None:  # it could not be fetched
                self._forget(key)
            elif not copy.users and copy.path is not None:
                idle.append((key, copy.path, copy.listed.size))
        held = sum(size for _, _, size in idle)
        for key, path, size in idle[:-1]:
            if held > self._idle_bytes:
                held -= size
                path.unlink(missing_ok=True)
                self._forget(key)

    def _forget(self, key: tuple[Address, Listed]) -> None:
        where, listed = key
        del self._copies[key]
        if self._kept.get(where.text) == listed:
            del self._kept[where.text]


class _Until(Callback):  # type: ignore[misc]
    """Ends a transfer, at its next piece, once an event is set."""

    def __init__(self, ended: threading.Event | None) -> None:
        super().__init__()
        self._ended = ended

    def call(self, *_: Any, **__: Any) -> None:
        """Be told of a piece."""
        if self._ended is not None and self._ended.is_set():
            raise InterruptedError("nobody wants it any more")


@contextlib.contextmanager
def local_file(where: Path | Address, ended: threading.Event | None = None) -> Iterator[Path]:
    """Give a file of this machine with the content of a file anywhere.

    Parameters
    ----------
    where : Path or Address
        Of an address with `listed`, the content is the one that was listed.
    ended : threading.Event, optional
        Once it is set, what is being fetched is given up.

    Yields
    ------
    Path
        `where` itself, or a copy with the same ending, to be read while the block runs.

    Raises
    ------
    FileNotFoundError, Unreachable, AddressError
        Of an address, as `harmlib.address.asking` does; Unreachable, too, where its content is
        another than was listed.

    Examples
    --------
    >>> import fsspec
    >>> from harmlib.address import address
    >>> fsspec.filesystem("memory").pipe("/fetching/a.txt", b"words")
    >>> with local_file(address("memory://fetching/a.txt")) as path:
    ...     path.read_text(), path.suffix
    ('words', '.txt')
    """
    if isinstance(where, Path):
        yield where
        return
    with _copies(os.getpid()).held(where, ended) as path:
        yield path


@lru_cache(maxsize=1)
def _copies(pid: int) -> Copies:
    """The copies of this process; of one that was forked, others than its parent's."""
    remove_ownerless()
    folder = Path(tempfile.mkdtemp(prefix=temporary_prefix("fetched")))
    atexit.register(_remove, folder, pid)
    return Copies(folder)


def _remove(folder: Path, pid: int) -> None:
    if pid == os.getpid():  # a forked process ends with its parent's duties, too
        shutil.rmtree(folder, ignore_errors=True)


def fetched_ahead(
    found: Iterable[Path | Address | Unusable], ahead: int = AHEAD
) -> Iterator[Path | Address | Unusable]:
    """Fetch files before their turn, some at a time.

    Parameters
    ----------
    found : iterable of Path, Address or Unusable
        As `harmlib.media.find.find_files` yields them.
    ahead : int
        How many at most.

    Yields
    ------
    Path, Address or Unusable
        What was found, in the same order; an address with what its store tells of it. What can't
        be fetched is unusable, with step ``fetch``.

    Raises
    ------
    OSError
        If this machine has no room for a copy.

    Examples
    --------
    >>> [str(one) for one in fetched_ahead([Path("a.jpg"), Path("b.jpg")])]
    ['a.jpg', 'b.jpg']
    """
    waiting: deque[_Waiting] = deque()
    ended = threading.Event()
    with ThreadPoolExecutor(ahead, thread_name_prefix="fetch") as pool:
        try:
            for one in found:
                if isinstance(one, Address):
                    size = one.listed.size if one.listed else 0
                    waiting.append(_Waiting(pool.submit(_fetch, one, ended), size))
                else:
                    waiting.append(_Waiting(one))
                while waiting and _is_time(waiting, ahead):
                    yield from _arrived(waiting.popleft().one)
            while waiting:
                yield from _arrived(waiting.popleft().one)
        finally:
            ended.set()  # else whoever gives up waits for what is half fetched
            for left, _ in waiting:
                if isinstance(left, Future) and not left.cancel() and not left.exception():
                    left.result()[1].close()


_Fetched = tuple[Address | Unusable, contextlib.ExitStack]  # the stack holds the copy


class _Waiting(NamedTuple):
    """What was found, or is being fetched, and how many bytes that takes here."""

    one: Path | Unusable | Future[_Fetched]
    size: int = 0


def _is_time(waiting: deque[_Waiting], ahead: int) -> bool:
    """Whether the first is to go before another is fetched; files of this machine always do."""
    if len(waiting) >= ahead or not isinstance(waiting[0].one, Future):
        return True
    return sum(size for _, size in waiting) > AHEAD_BYTES


def _fetch(where: Address, ended: threading.Event) -> _Fetched:
    with contextlib.ExitStack() as stack:
        try:
            known = Address(where.text, where.listed or look_up(where))
            stack.enter_context(local_file(known, ended))
        except (OSError, AddressError) as error:
            if isinstance(error, OSError) and error.errno in FULL:
                raise  # no file's fault: all that follow would be lost
            reason = str(error).removeprefix(f"{where}: ")
            return Unusable(str(where), reason, "fetch"), stack.pop_all()
        return known, stack.pop_all()


def _arrived(one: Path | Unusable | Future[_Fetched]) -> Iterator[Path | Address | Unusable]:
    if isinstance(one, Future):
        found, copy = one.result()
        with copy:  # it stays until the next file is asked for, and mostly longer
            yield found
    else:
        yield one
