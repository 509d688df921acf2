"""The ledger beside a table of predictions: the unusable files of all calls, each once."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any

from harmlib.media.ledger import LEDGER_COLUMNS, Unusable
from harmlib.media.whole_file import set_aside, written_whole
from harmlib.predict.table_file import printable
from harmlib.tables.csv_output import RowWriter, from_text


class KeptLedger:
    """A ledger that later calls add to. Rows are in the file as soon as they are added.

    Parameters
    ----------
    path : Path
        The CSV file; it need not exist yet. A row that a kill cut off is dropped: its file is
        looked at again. A file of something else is set aside, in a line.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ledger = KeptLedger(Path(folder, "a.ledger.csv"))
    ...     ledger.add(Unusable("a.jpg", "empty file", "identify"))
    ...     ledger.add(Unusable("b.jpg", "empty file", "identify"))
    ...     ledger.settle("a.jpg")
    ...     ledger.write()
    ...     list(KeptLedger(Path(folder, "a.ledger.csv")).rows)
    ['b.jpg']
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows, is_whole = _read(path)  # by path as it is written
        self.settled = 0  # files of earlier calls that are used by now
        if not is_whole:
            self.write()

    def add(self, unusable: Unusable) -> None:
        """Add a row, in place of an earlier one on the same path."""
        row = unusable.row()
        self.rows.pop(printable(unusable.path), None)
        self.rows[printable(unusable.path)] = row
        is_new = not self.path.exists()
        if is_new:
            self.write()
            return
        with self.path.open("a", encoding="utf-8", newline="") as file:
            RowWriter(file, LEDGER_COLUMNS, header=False).write(row)

    def settle(self, path: str) -> None:
        """Take a file out that is used now."""
        if self.rows.pop(printable(path), None) is not None:
            self.settled += 1

    def keep_only(self, paths: Collection[str]) -> None:
        """Take out the files that are not among these."""
        wanted = set(map(printable, paths))
        self.rows = {path: row for path, row in self.rows.items() if path in wanted}

    def write(self) -> None:
        """Write all rows anew, whole or not at all."""
        with (
            written_whole(self.path) as part,
            part.open("w", encoding="utf-8-sig", newline="") as f,
        ):
            writer = RowWriter(f, LEDGER_COLUMNS)
            for row in self.rows.values():
                writer.write(row)


def _read(path: Path) -> tuple[dict[str, dict[str, Any]], bool]:
    """The rows, and whether the file needs no repair."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except FileNotFoundError:
        return {}, True
    except (UnicodeDecodeError, csv.Error) as error:
        set_aside({path: f"damaged: {error}"})
        return {}, True
    if not lines or tuple(lines[0]) != LEDGER_COLUMNS:
        set_aside({path: "not a ledger of this version"})
        return {}, True
    whole = [line for line in lines[1:] if len(line) == len(LEDGER_COLUMNS)]
    if not text.endswith("\n") and whole and whole[-1] is lines[-1]:
        whole.pop()
    rows = [dict(zip(LEDGER_COLUMNS, map(from_text, line), strict=True)) for line in whole]
    return {row["path"]: row for row in rows}, text.endswith("\n") and len(whole) == len(lines) - 1
