"""The media of a run at an address: folders of labels, and the paths of a list."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path, PurePosixPath

from harmlib.address import (
    Address,
    AddressError,
    asking,
    is_address,
    local_text,
    located,
    look_up,
)
from harmlib.media.formats import HEAD, recognise
from harmlib.media.ledger import LABELS, Unusable, plain_label
from harmlib.media.remote_files import files_at
from harmlib.params import Modality

_ASKING = 16  # files that are asked for at a time
_ASKED_TOGETHER = 4 * _ASKING  # until one is found


def label_files(root: Address, modality: Modality) -> dict[str, list[str]]:
    """Find the files below the folders that are named by labels.

    Parameters
    ----------
    root : Address
        Holds `images/{harmful,safe}`, `videos/{harmful,safe}`; or, where it has neither `images`
        nor `videos`, `{harmful,safe}` with files of both kinds.
    modality : {"image", "video"}

    Returns
    -------
    dict of str to list of str
        Label to paths below `root`, in the order of their names.

    Raises
    ------
    FileNotFoundError, Unreachable, AddressError
        As `harmlib.address.asking` does.

    Examples
    --------
    >>> import fsspec
    >>> from harmlib.address import address
    >>> for name in ("images/safe/a.jpg", "images/유해/b.jpg", "videos/safe/c.mp4"):
    ...     fsspec.filesystem("memory").pipe(f"/labels/{name}", b"")
    >>> label_files(address("memory://labels"), "image")
    {'harmful': ['images/유해/b.jpg'], 'safe': ['images/safe/a.jpg']}
    """
    files = [one.relative_to(root) for one in files_at(root)]
    is_mixed = not any(path.startswith(("images/", "videos/")) for path in files)
    found: dict[str, list[str]] = {label: [] for label in LABELS}
    for path in sorted(files):
        top, _, rest = path.partition("/")
        if not is_mixed:
            top, _, rest = rest.partition("/") if top == f"{modality}s" else ("", "", "")
        if rest and (label := plain_label(top)):
            found[label].append(path)
    if is_mixed:
        found = {label: _of_kind(root, own, modality) for label, own in found.items()}
    return found


def _of_kind(root: Address, paths: list[str], modality: Modality) -> list[str]:
    with ThreadPoolExecutor(_ASKING) as pool:
        kinds = list(pool.map(lambda path: _kind(root / path), paths))
    wanted = "picture" if modality == "image" else "video"
    # What is neither counts as an image: it must reach a ledger
    return [
        path
        for path, kind in zip(paths, kinds, strict=True)
        if (kind == wanted) or (kind not in ("picture", "video") and modality == "image")
    ]


def _kind(where: Address) -> str:
    """What a file is by its first bytes."""
    try:
        with asking(where) as (system, path):
            return recognise(system.cat_file(path, start=0, end=HEAD)).kind
    except OSError:
        return "other"


def names_in(folder: Address) -> list[str]:
    """The visible names in a folder at an address.

    Parameters
    ----------
    folder : Address

    Returns
    -------
    list of str

    Raises
    ------
    FileNotFoundError, Unreachable, AddressError
        As `harmlib.address.asking` does.

    Examples
    --------
    >>> import fsspec
    >>> fsspec.filesystem("memory").pipe("/names/images/a.jpg", b"")
    >>> names_in(Address("memory://names"))
    ['images']
    """
    with asking(folder) as (system, path):
        found = system.ls(path, detail=False)
    names = (str(name).rstrip("/").rpartition("/")[2] for name in found)
    return sorted(name for name in names if not name.startswith("."))


def kinds_at(places: Iterable[Address]) -> list[Modality]:
    """Tell what files at addresses are by their first bytes, many at a time.

    Parameters
    ----------
    places : iterable of Address

    Returns
    -------
    list of {"image", "video"}
        In their order, without those that their bytes tell nothing of, or that aren't there.

    Examples
    --------
    >>> kinds_at([Address("memory://nowhere/a.jpg")])
    []
    """
    known: dict[str, Modality] = {"picture": "image", "video": "video"}
    with ThreadPoolExecutor(_ASKING, thread_name_prefix="kinds") as pool:
        return [known[kind] for kind in pool.map(_kind, places) if kind in known]


def any_there(places: Iterable[Address]) -> bool:
    """Whether one of the files at addresses is there; many are asked for at a time.

    Parameters
    ----------
    places : iterable of Address

    Returns
    -------
    bool
        As soon as one is found.

    Examples
    --------
    >>> any_there([Address("memory://nowhere/a.jpg")])
    False
    """
    left = iter(places)
    while some := list(islice(left, _ASKED_TOGETHER)):
        if any(isinstance(one, Address) for one in looked_up(some)):
            return True
    return False


def looked_up(places: Iterable[Path | Address]) -> list[Path | Address | Unusable]:
    """Ask for the states of files at addresses, many at a time.

    Parameters
    ----------
    places : iterable of Path or Address

    Returns
    -------
    list of Path, Address or Unusable
        In their order: paths as they are, addresses with what their stores tell of them, and what
        can't be asked for, with step ``data``.

    Examples
    --------
    >>> from harmlib.address import address
    >>> [one.reason for one in looked_up([address("memory://no/such.jpg")])]
    ['file is missing']
    """
    places = list(places)
    unknown = [one for one in places if isinstance(one, Address) and not one.listed]
    with ThreadPoolExecutor(_ASKING, thread_name_prefix="look-up") as pool:
        asked = dict(zip(unknown, pool.map(_looked_up, unknown), strict=True))
    return [asked.get(one, one) if isinstance(one, Address) else one for one in places]


def _looked_up(where: Address) -> Address | Unusable:
    try:
        return Address(where.text, look_up(where))
    except FileNotFoundError:
        return Unusable(str(where), "file is missing", "data")
    except (OSError, AddressError) as error:
        return Unusable(str(where), str(error).removeprefix(f"{where}: "), "data")


class FilesAtAddress:
    """The paths of a list whose root is an address; the same as `FilesOnDisk`, but nobody looks.

    Parameters
    ----------
    root : Address
        What relative paths are relative to.

    Examples
    --------
    >>> files = FilesAtAddress(Address("s3://bucket/media"))
    >>> files.named("./safe//a.jpg"), files.named("s3://bucket/media/safe/a.jpg")
    ('safe/a.jpg', 'safe/a.jpg')
    """

    def __init__(self, root: Address) -> None:
        self.root = root

    def named(self, path: str) -> str:
        """The path relative to the root where the file is below it; otherwise as listed."""
        if is_address(path):
            return path.removeprefix(f"{self.root}/")
        path = local_text(path)
        return path if path.startswith("/") else str(PurePosixPath(path))

    def key(self, path: str) -> str:
        """What two paths to the same file have in common."""
        return str(located(self.root, path))

    def any_exists(self, paths: Iterable[str]) -> bool:
        """Whether one of them is there; a path of this machine counts, whoever reads it looks."""
        places = [located(self.root, path) for path in paths]
        far = [place for place in places if isinstance(place, Address)]
        return len(far) < len(places) or any_there(far)

    def hint(self, path: str) -> str:  # noqa: ARG002 - a store knows no folders to look around in
        """Say where a listed file, which is missing, may be: nobody knows."""
        return ""
