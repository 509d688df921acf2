"""Addresses of files beyond this machine (``s3://``, ``gs://``): told from paths, shown, opened.

Which file systems there are, fsspec knows. Credentials come from where each of them looks for
them, as the environment or its own configuration. An address holds none: it is written into
tables, logs and pages.
"""

from __future__ import annotations

import calendar
import contextlib
import datetime
import errno
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import url2pathname

import fsspec

from harmlib.language import told

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")  # one letter alone is a drive
_USER = re.compile(r"(?<=://)[^/\s]*@")
# A query of http says who asks; elsewhere a name may hold a "?", but hardly "?name=value".
_QUERY = re.compile(r"(?<=\S)\?[^\s'\"?]*=[^\s'\"]*|(?<=http)(s?://[^\s'\"?#]*)[?#][^\s'\"]*")
_SECRET_NAME = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|ACCESS_KEY|API_KEY", re.I)
_SHORTEST_SECRET = 8  # letters; shorter values are words such as "true"
FULL = {errno.ENOSPC, errno.EDQUOT}  # no room on this machine
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "md5", "sha256", "ino")
_VERSIONS = ("VersionId", "version_id", "generation")
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "modified", "created")


class AddressError(ValueError):
    """An address that can't be used; the message shows no credentials."""


class Unreachable(OSError):
    """What lies at an address can't be read or written; the message shows no credentials."""


class Listed(NamedTuple):
    """What a file system tells of a file without reading it.

    Attributes
    ----------
    size : int
        Bytes.
    mtime_ns : int
        Last change, nanoseconds since 1970; 0 where it isn't known.
    tag : str
        The store's own mark of the content and its version; empty where there is none.
    """

    size: int
    mtime_ns: int
    tag: str


@dataclass(frozen=True, order=True)
class Address:
    """Where a file or a folder lies that is not on this machine; it has what `Path` names so.

    Attributes
    ----------
    text : str
        Protocol and path, such as ``s3://bucket/media/a.jpg``; no credentials.
    listed : Listed, optional
        What a listing told of the file, so that nobody has to ask again.

    Examples
    --------
    >>> root = address("s3://bucket/media/")
    >>> str(root / "safe/a.jpg"), (root / "safe/a.jpg").name, (root / "safe").parent == root
    ('s3://bucket/media/safe/a.jpg', 'a.jpg', True)
    """

    text: str
    listed: Listed | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.text

    def __truediv__(self, name: str) -> Address:
        return Address(f"{self.text}/{name}") if name not in ("", ".") else self

    @property
    def protocol(self) -> str:
        """What stands before ``://``."""
        return self.text.partition("://")[0]

    @property
    def name(self) -> str:
        """The last part."""
        return self.text.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot."""
        return Path(self.name).suffix

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return Path(self.name).stem

    @property
    def parent(self) -> Address:
        """The folder; of a bucket, the bucket."""
        above = self.text.rpartition("/")[0]
        return self if above.endswith(("/", ":")) else Address(above)

    def relative_to(self, root: Address) -> str:
        """The part below `root`; raises ValueError where it doesn't lie there."""
        if not self.text.startswith(f"{root.text}/"):
            raise ValueError(f"{self} does not lie below {root}")
        return self.text.removeprefix(f"{root.text}/")


def is_address(text: object) -> bool:
    """Whether a text, or what its text is, is an address rather than a path of this machine.

    Parameters
    ----------
    text : object

    Returns
    -------
    bool

    Examples
    --------
    >>> is_address("s3://bucket/a"), is_address("s3/a"), is_address("file:///tmp/a")
    (True, False, False)
    """
    match = _SCHEME.match(str(text))
    return match is not None and match[1].lower() not in ("file", "local")


def address(text: str) -> Address:
    """Read an address.

    Parameters
    ----------
    text : str
        With a protocol that fsspec knows.

    Returns
    -------
    Address

    Raises
    ------
    AddressError
        If it holds credentials: they would be written wherever it is.

    Examples
    --------
    >>> address("s3://key:secret@bucket/a")
    Traceback (most recent call last):
    harmlib.address.AddressError: s3://bucket/a: this address came with credentials...
    """
    clean = without_secrets(text).rstrip("/")
    if clean != text.rstrip("/"):
        raise AddressError(
            told(
                f"{clean}: this address came with credentials or a query, which would be written "
                "wherever it is; leave them out, and give credentials to the environment or the "
                "file system's own configuration",
                f"{clean}: 주소에 인증 정보나 쿼리가 들어 있습니다. 주소가 적히는 곳마다 남으므로 "
                "빼고, 인증 정보는 환경 변수나 파일 시스템의 설정에 두십시오",
            )
        )
    head, rest = text.split("://", 1)
    return Address(f"{head.lower()}://{rest.rstrip('/')}")


def place(text: str | Path | Address) -> Path | Address:
    """Make a path or an address of a text.

    Parameters
    ----------
    text : str, Path or Address
        ``file://`` means a path.

    Returns
    -------
    Path or Address

    Raises
    ------
    AddressError
        As `address` does.

    Examples
    --------
    >>> place("file:///media/a%20b.jpg").as_posix(), place("s3://bucket/a") == address("s3://bucket/a")
    ('/media/a b.jpg', True)
    """
    if isinstance(text, Path | Address):
        return text
    if is_address(text):
        return address(text)
    match = _SCHEME.match(text)
    return Path(url2pathname(text[match.end() :])) if match else Path(text)


def located(root: Path | Address, path: str) -> Path | Address:
    """Find what a list names.

    Parameters
    ----------
    root : Path or Address
        Where relative paths begin.
    path : str
        Relative, absolute, or an address.

    Returns
    -------
    Path or Address

    Raises
    ------
    AddressError
        As `address` does.

    Examples
    --------
    >>> str(located(address("s3://bucket/media"), "safe/a.jpg"))
    's3://bucket/media/safe/a.jpg'
    >>> located(address("s3://bucket/media"), "/data/a.jpg") == Path("/data/a.jpg")
    True
    """
    is_whole = _SCHEME.match(path) or path.startswith("/")
    return place(path) if is_whole else root / path


def without_secrets(text: str) -> str:
    """Leave out of a text what may be credentials.

    Parameters
    ----------
    text : str
        An address, or a message of a file system.

    Returns
    -------
    str
        Without what stands before ``@`` in addresses, without queries, and without the values of
        environment variables that are named as secrets.

    Examples
    --------
    >>> without_secrets("GET s3://me:pw@bucket/a and https://host/a?sig=1 failed")
    'GET s3://bucket/a and https://host/a failed'
    """
    text = _QUERY.sub(lambda match: match[1] or "", _USER.sub("", text))
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name):
            text = text.replace(value, "***")
    return text


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
    >>> with asking(address("memory://nowhere")) as (system, path):
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
