"""List the files below an address, a page at a time, whatever their number."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fsspec.utils import glob_translate

from harmlib.address import Address, asking, listed_as, look_up

_PAGE = 1000  # files
_MAGIC = re.compile(r"[*?[]")


def files_at(where: Address) -> Iterator[Address]:
    """Yield the files that an address leads to, each with what its listing tells.

    Parameters
    ----------
    where : Address
        Of a file; of a folder, which is searched to the bottom; or a pattern (``*``, ``?``,
        ``[ab]``, and ``**`` for any depth), unless there is something of that name.

    Yields
    ------
    Address
        In the order in which the store lists them, for object stores that of their names. Names
        that begin with a dot are left out, also those of folders below the address.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    Unreachable, AddressError
        As `harmlib.address.asking` does.

    Examples
    --------
    >>> import fsspec
    >>> from harmlib.address import address
    >>> memory = fsspec.filesystem("memory")
    >>> for name in ("a.jpg", "deep/b.jpg", ".hidden/c.jpg"):
    ...     memory.pipe(f"/listing/{name}", b"")
    >>> [str(one) for one in files_at(address("memory://listing"))]
    ['memory://listing/a.jpg', 'memory://listing/deep/b.jpg']
    >>> [one.name for one in files_at(address("memory://listing/**/b.*"))]
    ['b.jpg']
    """
    try:
        yield Address(where.text, look_up(where))
        return
    except FileNotFoundError:
        pass
    is_empty = True
    with contextlib.suppress(FileNotFoundError):
        for one in _files_below(where):
            is_empty = False
            yield one
    if is_empty and _MAGIC.search(where.text):
        folder, wanted = _fixed_part(where), re.compile(glob_translate(where.text))
        for one in _files_below(folder):
            if wanted.match(one.text):
                is_empty = False
                yield one
    if is_empty:
        raise FileNotFoundError(f"{where}: there is nothing, or no visible file")


def _fixed_part(pattern: Address) -> Address:
    match = _MAGIC.search(pattern.text)
    assert match is not None
    return Address(pattern.text[: match.start()].rpartition("/")[0])


def _files_below(folder: Address) -> Iterator[Address]:
    with asking(folder) as (system, path):
        root = path.rstrip("/")
        for info in _listed(system, root):
            name = str(info["name"]).removeprefix(root).lstrip("/")
            is_visible = not any(part.startswith(".") for part in name.split("/"))
            if name and is_visible and not name.endswith("/"):  # that one stands for a folder
                yield Address(f"{folder}/{name}", listed_as(info))


def _listed(system: Any, root: str) -> Iterator[Mapping[str, Any]]:
    """What is below a folder: page by page where the file system can, else folder by folder."""
    if hasattr(system, "call_s3"):  # the only way that doesn't keep the names of a whole folder
        yield from _listed_on_s3(system, root)
        return
    folders = [root]
    while folders:
        current = folders.pop()
        system.invalidate_cache(current)
        found = sorted(system.ls(current, detail=True), key=lambda info: str(info["name"]))
        system.invalidate_cache(current)  # else it keeps the names of all folders
        yield from (info for info in found if info["type"] != "directory")
        folders += [info["name"] for info in reversed(found) if info["type"] == "directory"]


def _listed_on_s3(system: Any, root: str) -> Iterator[Mapping[str, Any]]:
    """Ask S3 itself, for one page after the other (s3fs has no listing of pages)."""
    bucket, _, prefix = root.partition("/")
    asked = {"Bucket": bucket, "Prefix": f"{prefix}/" if prefix else "", "MaxKeys": _PAGE}
    while True:
        page = system.call_s3("list_objects_v2", **asked)
        for about in page.get("Contents", ()):
            yield {**about, "name": f"{bucket}/{about['Key']}", "size": about["Size"]}
        if not page.get("IsTruncated"):
            return
        asked["ContinuationToken"] = page["NextContinuationToken"]
