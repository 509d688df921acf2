"""Find the weights of a backbone: the official file, a file of your own, or none at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from filelock import FileLock

from harmlib.language import told

TIMEOUT_SEC = (10, 60)  # to connect, and between two chunks of the body
NO_WEIGHTS = "no weights"  # label and key of a backbone that has none
CHUNK_BYTES = 1 << 16  # a broken connection loses at most this much of what had arrived

DownloadProgress = Callable[[int, int | None], None]  # bytes there, bytes in all (None: unknown)


class WeightsError(ValueError):
    """The weights are missing, or they are not what was asked for."""


class OfficialFile(NamedTuple):
    """The weights that ``pretrained`` means for one architecture.

    Attributes
    ----------
    architecture : str
        The architecture that they belong to, such as ``ViT-B/32``.
    source : str or Path
        The address to download them from, or the path of a file that an installed package brings.
    sha256 : str
        Hash of the file's content, 64 hex digits.
    """

    architecture: str
    source: str | Path
    sha256: str

    @property
    def file_name(self) -> str:
        """The file's name, under which a download is kept."""
        return str(self.source).rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Weights:
    """Which weights a backbone gets.

    Attributes
    ----------
    kind : str
        ``pretrained`` (the official file), ``file`` (a file of your own), ``untrained``, or
        ``none`` for a backbone that has no weights.
    path : Path or None
        The file; None for ``untrained`` and ``none``.
    sha256 : str or None
        Hash of the file's content, 64 hex digits; None for ``untrained`` and ``none``.
    seed : int or None
        Seed of the initialisation; only for ``untrained``.
    architecture : str or None
        What they belong to, such as ``ViT-B/32``; only for ``pretrained`` and ``untrained``.

    Examples
    --------
    >>> Weights("untrained", path=None, sha256=None, seed=0, architecture="ViT-B/32").label
    'untrained ViT-B/32 (seed 0)'
    >>> Weights("file", Path("/models/mine.pt"), "0" * 64, seed=None).label
    'file mine.pt (sha256 00000000…)'
    """

    kind: Literal["pretrained", "file", "untrained", "none"]
    path: Path | None
    sha256: str | None
    seed: int | None
    architecture: str | None = None

    @property
    def label(self) -> str:
        """Short text for reports."""
        if self.kind == "none":
            return NO_WEIGHTS
        if self.path is None or self.sha256 is None:
            return f"untrained {self.architecture} (seed {self.seed})"
        return f"{self.kind} {self.architecture or self.path.name} (sha256 {self.sha256[:8]}…)"

    @property
    def key(self) -> str:
        """Text for cache keys: equal for two weights of one backbone if they are the same."""
        if self.kind == "none":
            return NO_WEIGHTS
        return f"untrained:{self.seed}" if self.sha256 is None else f"sha256:{self.sha256}"

    def require_unchanged(self) -> None:
        """Raise WeightsError if the file's content isn't that of `sha256` any more."""
        if self.path is not None and _sha256(self.path) != self.sha256:
            raise WeightsError(
                f"{self.path} changed while it was read; run again when nothing writes to it"
            )


def resolve_weights(
    spec: str,
    official: OfficialFile | None,
    *,
    cache_dir: Path,
    progress: DownloadProgress | None = None,
) -> Weights:
    """Find the weights that `spec` asks for, and download the official file if it is missing.

    Parameters
    ----------
    spec : str
        ``pretrained`` for the official file, or the path of a file. ``~`` is expanded, variables
        are not.
    official : OfficialFile or None
        What ``pretrained`` means; None where nobody publishes weights.
    cache_dir : Path
        Where downloaded files are kept.
    progress : callable, optional
        Called during a download with (bytes there, bytes in all or None if unknown).

    Returns
    -------
    Weights
        With a file whose content was verified.

    Raises
    ------
    WeightsError
        If the file is missing or unreadable, has the wrong hash, or cannot be downloaded.

    Notes
    -----
    The file is hashed at every call, so a changed file is always noticed (0.3 to 1 s for CLIP's
    350 MB). The next call resumes an interrupted download. If several processes want the same
    file, one downloads it and the others wait.

    Examples
    --------
    >>> vit = OfficialFile("ViT-B/32", "https://example.org/ViT-B-32.pt", "0" * 64)
    >>> resolve_weights("mine.pt", vit, cache_dir=Path("weights"))
    Traceback (most recent call last):
    ...
    harmlib.features.weights.WeightsError: weights 'mine.pt': there is no file at ...
    """
    if spec == "pretrained":
        assert official is not None  # the params refuse this
        path = _fetch(official, Path(cache_dir), progress)
        return Weights("pretrained", path, official.sha256, None, official.architecture)
    path = Path(os.path.expanduser(spec)).absolute()  # noqa: PTH111 (Path fails without a home)
    if not path.is_file():
        raise WeightsError(
            told(
                f"weights {spec!r}: there is no file at {path}. "
                "Give 'pretrained', 'untrained', or the path of an existing weights file",
                f"weights {spec!r}: {path}에 파일이 없습니다. 'pretrained', 'untrained', 또는 "
                "있는 가중치 파일의 경로를 적으십시오",
            )
        )
    return Weights("file", path, _sha256(path), None)


def _fetch(official: OfficialFile, cache_dir: Path, progress: DownloadProgress | None) -> Path:
    """Path of the verified official file."""
    if isinstance(official.source, Path):
        path = official.source
    else:
        path = cache_dir.absolute() / official.file_name
        if not path.exists():
            _fill_cache(official, official.source, path, progress)
    found = _sha256(path)
    if found != official.sha256:
        raise WeightsError(
            told(
                f"{path} is not the official file of {official.architecture}: expected sha256 "
                f"{official.sha256}, got {found}. Move it away and run again to get the official "
                "one; to use it as it is, give its path as the weights",
                f"{path}: {official.architecture}의 공식 파일이 아닙니다(sha256: 공식 "
                f"{official.sha256}, 이 파일 {found}). 공식 파일을 받으려면 옮겨 놓고 다시 "
                "실행하고, 이 파일을 그대로 쓰려면 weights에 경로를 적으십시오",
            )
        )
    return path


def _fill_cache(
    official: OfficialFile, url: str, target: Path, progress: DownloadProgress | None
) -> None:
    """Download the official file to `target`: complete and verified, or not at all."""
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{part}.lock"):
            if not target.exists():  # another process may have downloaded it meanwhile
                _download(url, part, progress)
                _verify_download(official, part)
                part.replace(target)
    except OSError as error:  # includes requests' own errors
        raise WeightsError(_offline_message(official, target, part, error)) from error


def _download(url: str, part: Path, progress: DownloadProgress | None) -> None:
    """Append what is missing to `part`; start over if the server cannot send only the rest."""
    import requests  # which nothing else needs

    kept_bytes = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"}  # ranges and lengths must count the file's bytes
    if kept_bytes:
        headers["Range"] = f"bytes={kept_bytes}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SEC) as response:
        if kept_bytes and response.status_code == requests.codes.range_not_satisfiable:
            part.unlink()
            _download(url, part, progress)
            return
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            kept_bytes = 0
        length = response.headers.get("Content-Length")
        total_bytes = kept_bytes + int(length) if length else None
        with part.open("ab" if kept_bytes else "wb") as sink:
            for chunk in response.iter_content(CHUNK_BYTES):
                sink.write(chunk)
                if progress:
                    progress(sink.tell(), total_bytes)


def _verify_download(official: OfficialFile, part: Path) -> None:
    found = _sha256(part)
    if found != official.sha256:
        part.unlink()
        raise WeightsError(
            f"the download from {official.source} is not the official file: expected sha256 "
            f"{official.sha256}, got {found}. It was deleted. Run again to download anew; if that "
            "does not help, something on the way (a proxy, a login page) answers in its place"
        )


def _offline_message(official: OfficialFile, target: Path, part: Path, error: OSError) -> str:
    kept_bytes = part.stat().st_size if part.exists() else 0
    return told(
        f"cannot download the weights of {official.architecture}\n"
        f"  from:   {official.source}\n"
        f"  to:     {target}\n"
        f"  sha256: {official.sha256}\n"
        f"  reason: {error}\n"
        f"Run again to go on ({kept_bytes:,} bytes are kept), or copy the file there yourself, "
        "or set the weights to 'untrained' or to the path of another file",
        f"{official.architecture}의 가중치를 내려받지 못했습니다\n"
        f"  주소:   {official.source}\n"
        f"  위치:   {target}\n"
        f"  sha256: {official.sha256}\n"
        f"  이유:   {error}\n"
        f"다시 실행하면 이어서 받습니다({kept_bytes:,}바이트 받아 둠). 파일을 그 위치에 직접 "
        "복사하거나, weights를 'untrained' 또는 다른 파일의 경로로 정해도 됩니다",
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"cannot read the weights file {path}: {error}") from error
