"""Addresses as text: told from paths, joined, shown; refused where they hold credentials."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.request import url2pathname

from harmlib.language import told

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")  # one letter alone is a drive
# A secret may hold slashes. Azure's containers stand where others have a user.
_USER = re.compile(
    r"(?<=://)[^/\s:@]+:[^\s@]*@|(?<!abfs://)(?<!abfss://)(?<!wasb://)(?<=://)[^/\s:]*@"
)
# A query of http says who asks; elsewhere a name may hold a "?", but hardly "?name=value".
_QUERY = re.compile(r"(?<=\S)\?[^\s'\"?]*=[^\s'\"]*|(?<=http)(s?://[^\s'\"?#]*)[?#][^\s'\"]*")
_SECRET_NAME = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|ACCESS_KEY|API_KEY", re.I)
_SECOND_NS = 10**9
_SAME_NS = 10**6  # one time, read from a number and from a text
_SHORTEST_SECRET = 8  # letters; shorter values are words such as "true"


class AddressError(ValueError):
    """An address that can't be used; the message shows no credentials."""


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

    def may_be(self, other: Listed) -> bool:
        """Whether both tell of one content, as far as both tell.

        A listing may leave out the version that an answer on one file has, or parts of a second.
        """
        if self.size != other.size:
            return False
        mine, others = set(self.tag.split()), set(other.tag.split())
        if mine and others:
            return mine <= others or others <= mine
        times = self.mtime_ns, other.mtime_ns
        if 0 in times or abs(times[0] - times[1]) < _SAME_NS:
            return True
        is_cut = any(time % _SECOND_NS == 0 for time in times)
        return is_cut and times[0] // _SECOND_NS == times[1] // _SECOND_NS


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
    harmlib.address.text.AddressError: s3://bucket/a: this address came with credentials...
    """
    if has_credentials(text):
        clean = without_secrets(text).rstrip("/")
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
    return Path(local_text(text))


def local_text(text: str) -> str:
    """Write a ``file://`` address as the path that it means.

    Parameters
    ----------
    text : str
        A path, or an address.

    Returns
    -------
    str
        Whatever begins otherwise, as it is: also a path that is no name of a file, as ``-``.

    Examples
    --------
    >>> local_text("file:///media/a%20b/*.jpg"), local_text("s3://bucket/a"), local_text("-")
    ('/media/a b/*.jpg', 's3://bucket/a', '-')
    """
    match = _SCHEME.match(text)
    return url2pathname(text[match.end() :]) if match and not is_address(text) else text


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


def has_credentials(text: str) -> bool:
    """Whether an address comes with a user or a query.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool

    Examples
    --------
    >>> has_credentials("s3://bucket/a@b.jpg"), has_credentials("https://host/a?sig=1")
    (False, True)
    """
    return _bare(text) != text


def _bare(text: str) -> str:
    return _QUERY.sub(lambda match: match[1] or "", _USER.sub("", text))


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
    text = _bare(text)
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name):
            text = text.replace(value, "***")
    return text
