"""Find the weights of a backbone: the official file, a file of your own, or none at all."""

import difflib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import requests
from filelock import FileLock

TIMEOUT_SEC = (10, 60)  # to connect, and between two pieces of the body
CHUNK_BYTES = 1 << 16  # a broken connection loses at most this much of what had arrived


class WeightsError(ValueError):
    """The weights that were asked for are not there, or are not what they should be."""


class OfficialFile(NamedTuple):
    url: str
    sha256: str

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[1]


_CLIP = "https://openaipublic.azureedge.net/clip/models"
_ULTRALYTICS = "https://github.com/ultralytics/assets/releases/download/v8.4.0"
_PYTORCHVIDEO = "https://dl.fbaipublicfiles.com/pytorchvideo/model_zoo/kinetics"

_VIT_B_32 = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
_VIT_B_16 = "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"
_VIT_L_14 = "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"

# CLIP's addresses carry the hash. Ultralytics and PyTorchVideo publish none: theirs are the ones
# that several independent public projects recorded for these very addresses (yolov8n.pt is
# 6,549,796 bytes, yolo11n.pt 5,613,764, SLOWFAST_8x8_R50.pyth 277,138,115).
OFFICIAL_FILES = {
    "clip/ViT-B/32": OfficialFile(f"{_CLIP}/{_VIT_B_32}/ViT-B-32.pt", _VIT_B_32),
    "clip/ViT-B/16": OfficialFile(f"{_CLIP}/{_VIT_B_16}/ViT-B-16.pt", _VIT_B_16),
    "clip/ViT-L/14": OfficialFile(f"{_CLIP}/{_VIT_L_14}/ViT-L-14.pt", _VIT_L_14),
    "yolo/yolov8n": OfficialFile(
        f"{_ULTRALYTICS}/yolov8n.pt",
        "f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36",
    ),
    "yolo/yolo11n": OfficialFile(
        f"{_ULTRALYTICS}/yolo11n.pt",
        "0ebbc80d4a7680d14987a577cd21342b65ecfd94632bd9a8da63ae6417644ee1",
    ),
    "slowfast/slowfast_r50_8x8": OfficialFile(
        f"{_PYTORCHVIDEO}/SLOWFAST_8x8_R50.pyth",
        "454f39e1c1f985df2bee2aa27887ed53ff56e74ed8b8cca11203a1a1264d7cc2",
    ),
}


@dataclass(frozen=True)
class Weights:
    """Which weights a backbone gets.

    kind: 'pretrained', 'file' or 'untrained'.
    path, sha256: the file and its content's hash (64 hex digits); None for 'untrained'.
    seed: of the initialisation; 'untrained' only.
    official: the name in OFFICIAL_FILES; 'pretrained' only.
    """

    kind: str
    path: Path | None
    sha256: str | None
    seed: int | None
    official: str | None = None

    @property
    def label(self) -> str:
        """Short text for reports, such as 'pretrained ViT-B/32 (sha256 40d36571…)'."""
        if self.kind == "untrained":
            return f"untrained (seed {self.seed})"
        name = self.official.partition("/")[2] if self.official else self.path.name
        return f"{self.kind} {name} (sha256 {self.sha256[:8]}…)"

    @property
    def key(self) -> str:
        """Text for cache keys of one backbone: the same if and only if the weights are."""
        return f"untrained:{self.seed}" if self.kind == "untrained" else f"sha256:{self.sha256}"


def resolve_weights(
    spec: str,
    official: str,
    *,
    cache_dir: Path,
    seed: int = 0,
    progress: Callable[[int, int | None], None] | None = None,
) -> Weights:
    """Find the weights that `spec` asks for, downloading the official file if need be.

    spec: 'pretrained' (the official file: from `cache_dir`, else downloaded into it), 'untrained'
        (initialise with `seed`), or the path of a file ('~' is expanded, variables are not).
    official: which official file 'pretrained' means, a key of OFFICIAL_FILES.
    progress: called during a download with (bytes there, bytes in all or None if unknown).

    The hash of a file is computed at every call, so a file that changed is never missed (0.3 to
    1 s for CLIP's 350 MB). An interrupted download goes on where it stopped at the next call.
    Of several processes that want the same file, one downloads and the others wait.

    Raises ValueError for an unknown `official`; WeightsError where the file is missing or
    unreadable, has the wrong hash, or cannot be downloaded.
    """
    if official not in OFFICIAL_FILES:
        nearest = difflib.get_close_matches(official, OFFICIAL_FILES, n=1, cutoff=0)[0]
        raise ValueError(
            f"no official weights are called {official!r}; the nearest is {nearest!r}. "
            f"Known: {', '.join(OFFICIAL_FILES)}"
        )
    if spec == "untrained":
        return Weights("untrained", path=None, sha256=None, seed=seed)
    if spec == "pretrained":
        path = _fetch(official, Path(cache_dir), progress)
        return Weights("pretrained", path, OFFICIAL_FILES[official].sha256, None, official)
    path = Path(os.path.expanduser(spec)).absolute()
    if not path.is_file():
        raise WeightsError(
            f"weights {spec!r}: there is no file at {path}. "
            "Give 'pretrained', 'untrained', or the path of a weights file that exists"
        )
    return Weights("file", path, _sha256(path), None)


def _fetch(official: str, cache_dir: Path, progress) -> Path:
    """Path of the verified official file."""
    file = OFFICIAL_FILES[official]
    target = cache_dir.absolute() / file.name
    part = target.with_name(f"{file.name}.part")
    if not target.exists():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{part}.lock"):
                if not target.exists():  # another process may have brought it meanwhile
                    _download(file.url, part, progress)
                    _verify_download(file, part)
                    part.replace(target)
        except OSError as error:  # requests' own errors are OSErrors too
            raise WeightsError(_offline_message(official, target, part, error)) from error
    found = _sha256(target)
    if found != file.sha256:
        raise WeightsError(
            f"{target} is not the official file of {official}: expected sha256 {file.sha256}, "
            f"got {found}. Move it away and run again to download the official one; to use it "
            "as it is, give its path as the weights"
        )
    return target


def _download(url: str, part: Path, progress) -> None:
    """Append to `part` what it lacks; start over where the server cannot send only the rest."""
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


def _verify_download(file: OfficialFile, part: Path) -> None:
    found = _sha256(part)
    if found != file.sha256:
        part.unlink()
        raise WeightsError(
            f"what came from {file.url} is not the official file: expected sha256 {file.sha256}, "
            f"got {found}. It was deleted. Run again to download anew; if that does not help, "
            "something between here and there (a proxy, a login page) answers in its place"
        )


def _offline_message(official: str, target: Path, part: Path, error: OSError) -> str:
    file = OFFICIAL_FILES[official]
    kept_bytes = part.stat().st_size if part.exists() else 0
    return (
        f"cannot download the weights of {official}\n"
        f"  from:   {file.url}\n"
        f"  to:     {target}\n"
        f"  sha256: {file.sha256}\n"
        f"  reason: {error}\n"
        f"Run again to go on ({kept_bytes:,} bytes are kept), or bring the file there yourself, "
        "or set the weights to 'untrained' or to the path of another file"
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"cannot read the weights file {path}: {error}") from error
