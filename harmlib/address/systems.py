"""The file systems of addresses: opened, asked, and their errors told without credentials."""

from __future__ import annotations

import calendar
import contextlib
import datetime
import errno
from collections.abc import Iterator, Mapping
from typing import Any

import fsspec

from harmlib.address.text import Address, AddressError, Listed, without_secrets
from harmlib.language import told

FULL = {errno.ENOSPC, errno.EDQUOT}  # no room on this machine
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "md5", "sha256", "ino")
_VERSIONS = ("VersionId", "version_id", "generation")
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")


class Unreachable(OSError):
    """What lies at an address can't be read or written; the message shows no credentials."""


def open_system(where: Address) -> tuple[Any, str]:
    """Open the file system of an address.

    Parameters
    ----------
    where : Address

    Returns
    -------
    system : fsspec.AbstractFileSystem
    path : str
        The address as this system names it.

    Raises
    ------
    AddressError
        If nothing is installed for such an address, or nothing could be.

    Examples
    --------
    >>> open_system(Address("memory://media/a.jpg"))[1]
    '/media/a.jpg'
    """
    try:
        system, path = fsspec.core.url_to_fs(where.text)
    except ImportError:
        raise AddressError(_missing(where)) from None
    except ValueError as error:
        raise AddressError(f"{where}: {without_secrets(str(error))}") from None
    except Exception as error:  # noqa: BLE001 - each file system refuses in its own way
        raise Unreachable(f"{where}: {why(error)}") from None
    return system, str(path)


def _missing(where: Address) -> str:
    extra = _EXTRAS.get(where.protocol)
    how = f'pip install "harmlib[{extra}]"' if extra else "fsspec: file system implementations"
    return told(
        f"{where}: the package for {where.protocol}:// is not installed here ({how})",
        f"{where}: {where.protocol}:// 주소에 필요한 패키지가 설치되어 있지 않습니다({how})",
    )


@contextlib.contextmanager
def asking(where: Address) -> Iterator[tuple[Any, str]]:
    """Ask the file system of an address; its errors come out without credentials.

    Parameters
    ----------
    where : Address
        What the errors name.

    Yields
    ------
    system : fsspec.AbstractFileSystem
    path : str
        As `open_system` returns them.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    Unreachable
        For whatever else the file system raises.
    AddressError
        As `open_system` does.

    Examples
    --------
    >>> with asking(Address("memory://nowhere")) as (system, path):
    ...     system.info(path)
    Traceback (most recent call last):
    FileNotFoundError: memory://nowhere: there is nothing
    """
    system, path = open_system(where)
    try:
        yield system, path
    except FileNotFoundError:
        raise FileNotFoundError(f"{where}: there is nothing") from None
    except (Unreachable, AddressError):
        raise
    except Exception as error:  # botocore, aiohttp and others have trees of errors of their own
        if isinstance(error, OSError) and error.errno in FULL:  # of this machine
            raise
        raise Unreachable(f"{where}: {why(error)}") from None


def why(error: BaseException) -> str:
    """Say in a few words why a file system refused.

    Parameters
    ----------
    error : Exception
        Whatever it raised.

    Returns
    -------
    str
        One line without credentials.

    Examples
    --------
    >>> why(PermissionError("Forbidden")), why(TimeoutError())
    ('access denied (Forbidden)', 'no answer in time (TimeoutError)')
    """
    text = " ".join(without_secrets(str(error)).split())[:300] or type(error).__name__
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, PermissionError):
        return f"access denied ({text})"
    if isinstance(error, TimeoutError):
        return f"no answer in time ({text})"
    return f"{type(error).__name__}: {text}"


def look_up(where: Address) -> Listed:
    """Ask for a file's size and state.

    Parameters
    ----------
    where : Address

    Returns
    -------
    Listed

    Raises
    ------
    FileNotFoundError, Unreachable, AddressError
        As `asking` does; FileNotFoundError of a folder, too.

    Examples
    --------
    >>> fsspec.filesystem("memory").pipe("/look-up/a.jpg", b"abc")
    >>> look_up(Address("memory://look-up/a.jpg")).size
    3
    """
    with asking(where) as (system, path):
        system.invalidate_cache(path)  # what was listed may be another content by now
        info = system.info(path)
    if info.get("type") == "directory":
        raise FileNotFoundError(f"{where}: a folder, not a file")
    return listed_as(info)


def listed_as(info: Mapping[str, Any]) -> Listed:
    """What a file system tells of a file, in the same terms for all of them.

    Parameters
    ----------
    info : mapping
        As fsspec's `info` returns it.

    Returns
    -------
    Listed

    Examples
    --------
    >>> listed_as({"size": 3, "ETag": '"ab"', "mtime": 1.5})
    Listed(size=3, mtime_ns=1500000000, tag='"ab"')
    """
    known = [str(info[name]) for names in (_TAGS, _VERSIONS) for name in names if info.get(name)]
    times = [time for name in _TIMES if (time := _nanoseconds(info.get(name)))]
    return Listed(int(info.get("size") or 0), times[0] if times else 0, " ".join(known))


def _nanoseconds(moment: Any) -> int:
    if isinstance(moment, int | float):
        return int(moment * 1e9)
    if isinstance(moment, str):
        try:
            moment = datetime.datetime.fromisoformat(moment)
        except ValueError:
            return 0
    if not isinstance(moment, datetime.datetime):
        return 0
    return calendar.timegm(moment.utctimetuple()) * 10**9 + moment.microsecond * 1000
