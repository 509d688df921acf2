"""Outputs at an address: written in a folder of this machine, brought there and back."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harmlib.address import Address, asking
from harmlib.media.whole_file import temporary_prefix

# Beside a table; an earlier call's are gone on with
_CONTINUED = (".decisions.jsonl", ".decisions.jsonl.head", ".ledger.csv")
_OF_THIS_MACHINE = (".lock", ".part")


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
        `out` itself; for an address a file in a temporary folder, beside the log and the ledger
        that an earlier call has left there. When the block ends, however it does, what is in the
        folder is uploaded: first what lies beside the table, then the table.

    Raises
    ------
    FileNotFoundError, Unreachable, AddressError
        As `harmlib.address.asking` does.

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
    with tempfile.TemporaryDirectory(prefix=temporary_prefix("outputs")) as folder:
        near = Path(folder, out.name)
        for ending in _CONTINUED:
            _download(beside(out, ending), near.with_suffix(ending))
        try:
            yield near
        finally:
            _upload(near, out)


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
    beside = [path for path in sorted(near.parent.rglob("*")) if path.is_file() and path != near]
    for path in [*beside, *([near] if near.exists() else [])]:
        if path.suffix not in _OF_THIS_MACHINE:
            where = out.parent / path.relative_to(near.parent).as_posix()
            with asking(where) as (system, remote):
                system.put_file(str(path), remote)
