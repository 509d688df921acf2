"""Outputs at an address: written in a folder of this machine, brought there and back.

The folder is the same at every call, so that one that was killed, and brought nothing there, is
gone on with on the same machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from harmlib.address import Address, asking, look_up
from harmlib.media.ledger import Unusable
from harmlib.media.owned_lock import held
from harmlib.media.remote_files import files_at
from harmlib.media.whole_file import temporary_prefix
from harmlib.params.places import portable

# Beside a table; an earlier call's are gone on with
_LOG = ".decisions.jsonl"
_CONTINUED = (_LOG, f"{_LOG}.head", ".ledger.csv")
_NOTES = ".in_hand"
_SEGMENTS = ".segments.csv"
_OF_THIS_MACHINE = (".lock", ".part")
_BLOCK = 1 << 20  # bytes
Decided = TypeVar("Decided")


@contextlib.contextmanager
def near_outputs(out: Path | Address) -> Iterator[Path]:
    """Give a file of this machine to write to, with others beside it.

    Parameters
    ----------
    out : Path or Address
        Where the file is to be.

    Yields
    ------
    Path
        `out` itself; for an address a file in a folder of this machine, beside the log, the ledger
        and the notes on files in hand that an earlier call has left there. When the block ends,
        however it does, what is in the folder is uploaded: first what lies beside the table, then
        the table. What a killed process has left in the folder is gone on with, unless the log at
        the address has gone on without it.

    Raises
    ------
    InUse
        If another process of this machine writes there.
    FileNotFoundError, Unreachable, AddressError
        As `harmlib.address.asking` does. What could not be uploaded stays on this machine, and is
        uploaded by the next call.

    Examples
    --------
    >>> from harmlib.address import address
    >>> with near_outputs(address("memory://outputs/a.csv")) as near:
    ...     _ = near.write_text("path")
    >>> with asking(address("memory://outputs/a.csv")) as (system, path):
    ...     system.cat(path)
    b'path'
    """
    if isinstance(out, Path):
        yield out
        return
    folder = _folder_of(out)
    with held(lock_of(out), f"the output {out}"):
        near = folder / out.name
        folder.mkdir(exist_ok=True)
        _go_on(near, out)
        try:
            yield near
        finally:
            _upload(near, out)
            shutil.rmtree(folder)


def lock_of(out: Path | Address) -> Path:
    """The file that is locked as long as an output is written (`harmlib.media.owned_lock`).

    Parameters
    ----------
    out : Path or Address
        Outputs that differ in their endings alone have one lock.

    Returns
    -------
    Path
        Beside the output; of an address in a folder of this machine, the same at every call.

    Examples
    --------
    >>> lock_of(Path("out/scores.csv")).as_posix()
    'out/scores.lock'
    >>> lock_of(Address("s3://bucket/a.csv")) == lock_of(Address("s3://bucket/a.parquet"))
    True
    """
    own = out if isinstance(out, Path) else _folder_of(out)
    return own.with_suffix(".lock")


def _folder_of(out: Address) -> Path:
    """The same at every call; outputs that differ in their endings alone share a log."""
    user = getattr(os, "getuid", int)()
    ours = Path(tempfile.gettempdir(), f"harmlib-unfinished-{user}")
    ours.mkdir(mode=0o700, exist_ok=True)
    if ours.is_symlink() or ours.lstat().st_uid != user:
        raise PermissionError(f"{ours} belongs to somebody else; remove it, or set TMPDIR")
    name = hashlib.blake2b(f"{out.parent / out.stem}".encode(), digest_size=16).hexdigest()
    return ours / name


def _go_on(near: Path, out: Address) -> None:
    """Bring what an earlier call has left at the address; what is here already may be further."""
    for left in (near, near.with_suffix(_SEGMENTS)):
        left.unlink(missing_ok=True)  # written at the end, of what will be known then
    with tempfile.TemporaryDirectory(prefix=temporary_prefix("outputs")) as folder:
        fetched = {ending: Path(folder, f"0{ending}") for ending in _CONTINUED}
        for ending, path in fetched.items():
            _download(beside(out, ending), path)
        is_further = _begins_with(near.with_suffix(_LOG), fetched[_LOG])
        for ending, path in fetched.items():
            here = near.with_suffix(ending)
            if not is_further:
                here.unlink(missing_ok=True)
            if path.exists() and not here.exists():
                path.replace(here)
    notes = near.with_suffix(_NOTES)
    with contextlib.suppress(FileNotFoundError):
        for note in files_at(Address(str(beside(out, _NOTES)))):
            notes.mkdir(exist_ok=True)
            if not (notes / note.name).exists():
                _download(note, notes / note.name)


def _begins_with(here: Path, there: Path) -> bool:
    """Whether a log, which is only ever added to, is there and holds all of another."""
    if not here.exists():
        return False
    if not there.exists():
        return True
    with here.open("rb") as longer, there.open("rb") as shorter:
        while block := shorter.read(_BLOCK):
            if longer.read(len(block)) != block:
                return False
    return True


def named_there(
    results: Iterable[Decided | Unusable], near: Path, out: Path | Address
) -> Iterator[Decided | Unusable]:
    """Say of reasons that name a file beside the table where it is to be found afterwards.

    Parameters
    ----------
    results : iterable of object or Unusable
        As `harmlib.predict.stream.predict_stream` yields them.
    near : Path
        The table, as `near_outputs` gives it.
    out : Path or Address
        The table.

    Yields
    ------
    object or Unusable

    Examples
    --------
    >>> lost = Unusable("a.mp4", "delete /tmp/0a/scores.in_hand/1.json", "probe")
    >>> out = Address("s3://bucket/scores.csv")
    >>> [one.reason for one in named_there([lost], Path("/tmp/0a/scores.csv"), out)]
    ['delete s3://bucket/scores.in_hand/1.json']
    """
    here, there = f"{portable(near.parent)}/", f"{out.parent}/"
    for one in results:
        if isinstance(one, Unusable) and near != out and here in one.reason:
            yield replace(one, reason=one.reason.replace(here, there))
        else:
            yield one


def beside(out: Path | Address, ending: str) -> Path | Address:
    """Name what lies beside a table.

    Parameters
    ----------
    out : Path or Address
        The table.
    ending : str
        In place of its own.

    Returns
    -------
    Path or Address

    Examples
    --------
    >>> str(beside(Address("s3://bucket/a.csv"), ".ledger.csv"))
    's3://bucket/a.ledger.csv'
    """
    return out.parent / f"{out.stem}{ending}"


def _download(where: Path | Address, path: Path) -> None:
    assert isinstance(where, Address)
    with contextlib.suppress(FileNotFoundError), asking(where) as (system, remote):
        system.get_file(remote, str(path))


def _upload(near: Path, out: Address) -> None:
    beside_it = [path for path in sorted(near.parent.rglob("*")) if path.is_file() and path != near]
    if near.exists() and not near.with_suffix(_SEGMENTS).exists():
        _remove(beside(out, _SEGMENTS))  # of an earlier table, which had some
    for path in [*beside_it, *([near] if near.exists() else [])]:
        if path.suffix not in _OF_THIS_MACHINE:
            where = out.parent / path.relative_to(near.parent).as_posix()
            with asking(where) as (system, remote):
                system.put_file(str(path), remote)


def _remove(where: Path | Address) -> None:
    assert isinstance(where, Address)
    with contextlib.suppress(FileNotFoundError):
        look_up(where)
        with asking(where) as (system, remote):
            system.rm_file(remote)
