"""The state of the media that a run reads, without reading them: cheap enough for every start."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from harmlib.address import Address, AddressError, located
from harmlib.media.fetching import local_file
from harmlib.media.file_state import file_state
from harmlib.media.ledger import Unusable, plain_label
from harmlib.media.remote_files import files_at
from harmlib.media.remote_media import looked_up
from harmlib.media.whole_file import set_aside, write_text_whole
from harmlib.params import Modality, Params

ABSENT = "absent"


class MediaState:
    """Which files the media of a run are, and in which `FileState` each of them is.

    Media that a CSV lists may lie anywhere. To read such a list takes seconds, so the paths that
    were last found in it are kept in the run's folder, and are good as long as the CSV is the same.

    Parameters
    ----------
    params : Params
        The run's params.
    """

    def __init__(self, params: Params) -> None:
        self.params = params
        self._known: dict[str, str] = {}

    def forget(self) -> None:
        """Look at the files again when asked next."""
        self._known.clear()

    def of(self, modality: Modality) -> str:
        """Return a text that changes whenever a file of the modality does, or comes, or goes.

        Parameters
        ----------
        modality : {"image", "video"}

        Returns
        -------
        str
            `ABSENT` where the media can't be listed.
        """
        if modality not in self._known:
            csv = self.params.data.csv(modality)
            lines = self._of_list(modality) if csv else self._of_folders(modality)
            self._known[modality] = ABSENT if lines is None else _digest(lines)
        return self._known[modality]

    def list_anew(self) -> None:
        """Read the CSV lists, and keep what they say; those that can't be read are left out."""
        from harmlib.media.folders import DataError
        from harmlib.media.listing import list_media  # pandas alone takes a second

        self.forget()
        for modality in self.params.modalities:
            csv = self._csv(modality)
            if csv is None:
                continue
            before = _sha256(csv)
            try:
                paths = list_media(self.params.data, modality)["path"].to_list()
            except (DataError, OSError):
                continue
            text = json.dumps(paths)
            write_text_whole(self._kept(modality), f"{before} {_digest([text])}\n{text}")

    def _csv(self, modality: Modality) -> Path | Address | None:
        return self.params.data.csv_file(modality)

    def _kept(self, modality: Modality) -> Path:
        return self.params.run_dir / f".listed_{modality}.json"

    def _of_list(self, modality: Modality) -> list[str] | None:
        csv = self._csv(modality)
        assert csv is not None
        root, sha256 = self.params.data.root, _sha256(csv)
        paths = self._listed(modality, sha256)
        return None if paths is None else [sha256, *_lines(located(root, path) for path in paths)]

    def _of_folders(self, modality: Modality) -> list[str] | None:
        root = self.params.data.root
        if isinstance(root, Address):
            return _of_address(root, modality)
        tops = [root / f"{modality}s"]
        if not (root / "images").is_dir() and not (root / "videos").is_dir() and root.is_dir():
            tops = sorted(path for path in root.iterdir() if plain_label(path.name))
        tops = [top for top in tops if top.is_dir()]
        if not tops:
            return None
        visible = (
            path
            for top in tops
            for path in sorted(top.rglob("*"))
            if not any(part.startswith(".") for part in path.relative_to(top).parts)
        )
        return list(_lines(path for path in visible if path.is_symlink() or not path.is_dir()))

    def _listed(self, modality: Modality, csv_sha256: str) -> list[str] | None:
        """Return the paths that were found in the CSV when it had this hash."""
        kept = self._kept(modality)
        try:
            head, _, text = kept.read_text(encoding="utf-8").partition("\n")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            set_aside({kept: f"can't be read: {error}"})
            return None
        sha256, _, checksum = head.partition(" ")
        if _digest([text]) != checksum:
            set_aside({kept: "damaged: its content is not that of its checksum"})
            return None
        paths: list[str] = json.loads(text)
        return paths if sha256 == csv_sha256 else None


def _of_address(root: Address, modality: Modality) -> list[str] | None:
    """Return a line for each file; also of the other kind, where both lie together."""
    other = root / ("videos" if modality == "image" else "images")
    try:
        files = [one for one in files_at(root) if not one.text.startswith(f"{other}/")]
    except (OSError, AddressError):
        return None
    return [f"{one} {file_state(one)}" for one in files]


def _lines(paths: Iterable[Path | Address]) -> Iterator[str]:
    for path in looked_up(paths):
        state = None if isinstance(path, Unusable) else file_state(path)
        if not isinstance(path, Path):
            yield f"{path} {state or ABSENT}"
        elif state is None:  # it may come under another spelling of its name
            folder = next((above for above in path.parents if above.is_dir()), path)
            yield f"{path} {ABSENT} {file_state(folder)}"
        else:
            yield f"{path} {state}"


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _sha256(path: Path | Address) -> str:
    try:
        with local_file(path) as near:
            return hashlib.sha256(near.read_bytes()).hexdigest()
    except (OSError, AddressError):
        return ABSENT
