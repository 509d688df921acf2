"""Notes that people keep of items: one CSV file beside the run, which no run writes or removes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
from filelock import FileLock

from harmlib.media.whole_file import written_whole
from harmlib.tables.csv_output import read_csv, write_csv

FILE = "notes.csv"
COLUMNS = ("item_id", "note", "time")


class UnreadableNotes(ValueError):
    """A file of notes that can't be read, and is therefore not written over."""


class Notes:
    """The notes of a run, one for each item that has any.

    Two people, or two browsers, may keep notes at the same time: each note is written into what the
    file holds at that moment, and the file appears whole or not at all.

    Parameters
    ----------
    path : Path
        The file; it need not be there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     notes = Notes(Path(folder, FILE))
    ...     _ = notes.keep("images/a.jpg", "라벨 확인")
    ...     pd.read_csv(notes.path)["note"].tolist()
    ['라벨 확인']
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> pd.DataFrame:
        """Read all notes.

        Returns
        -------
        DataFrame
            Columns item_id, note, time (ISO 8601 with its offset, of the last change), all texts;
            in the order of their first notes.

        Raises
        ------
        UnreadableNotes
            The file is damaged or somebody else's.
        """
        try:
            notes = read_csv(self.path, dtype=str, keep_default_na=False)
        except FileNotFoundError:
            return pd.DataFrame(columns=list(COLUMNS), dtype=str)
        except (OSError, ValueError) as error:  # pandas' own errors are among the latter
            raise self._unreadable(str(error)) from None
        if not set(COLUMNS) <= set(notes):
            raise self._unreadable(f"열이 {', '.join(map(str, notes))}입니다")
        return notes

    def texts(self) -> dict[str, str]:
        """Read the note of each item that has one.

        Returns
        -------
        dict of str to str
            Note by item_id.

        Raises
        ------
        UnreadableNotes
            As `read`.
        """
        notes = self.read()
        return dict(zip(notes["item_id"], notes["note"], strict=True))

    def keep(self, item_id: str, note: str) -> str:
        """Write an item's note, in place of an earlier one; an empty note removes it.

        Parameters
        ----------
        item_id : str
            Of the manifest.
        note : str
            Blanks around it are left out.

        Returns
        -------
        str
            The time that was written down.

        Raises
        ------
        UnreadableNotes
            As `read`; the file stays as it is.
        harmlib.media.whole_file.CannotWrite
            The file can't be written; what it held stays.
        """
        note, time = note.strip(), datetime.now().astimezone().isoformat(timespec="seconds")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(f".{self.path.name}.lock")):
            notes = self.read()
            is_own = notes["item_id"] == item_id
            if note and is_own.any():
                notes.loc[is_own, ["note", "time"]] = note, time
            elif note:
                row = pd.DataFrame([{"item_id": item_id, "note": note, "time": time}])
                notes = pd.concat([notes, row], ignore_index=True).fillna("")
            else:
                notes = notes[~is_own]
            with written_whole(self.path) as part:
                write_csv(notes, part)
        return time

    def _unreadable(self, why: str) -> UnreadableNotes:
        return UnreadableNotes(
            f"{self.path.name} 파일을 메모로 읽을 수 없어 그대로 두었습니다({why}). 다른 이름으로 "
            "옮기거나 고친 뒤 다시 시도하십시오."
        )
