"""The table rows that a page's numbers come from, in the page itself: `source_rows.js` shows them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

from harmlib.analysis.baseline import BASELINE
from harmlib.language import written
from harmlib.reporting.text.column_names import column_name
from harmlib.reporting.text.korean import (
    LABEL,
    MODALITY,
    SPLIT,
    baseline_name,
    model_name,
    number,
)

SHOWN = 12  # rows of one citation: a count may cite hundreds
_CITED = re.compile(r'<data\b[^>]*\bdata-cell="([^"]*)"')
# A file of the run's folder tables/: a name without a slash leads nowhere else.
_ROWS = re.compile(r"(tables/(?!\.)[^/\\\[\]()]+\.csv)\[(\d+(?:,\d+)*)\]")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_VALUES = {"modality": MODALITY, "split": SPLIT}


def source_rows_html(body: str, folder: Path) -> str:
    """Write the cited rows, and the words around them, as data for the page's script.

    Parameters
    ----------
    body : str
        HTML of the page's main part; its `data` elements cite cells (see `cited_numbers`).
    folder : Path
        The run's folder. What it lacks is left out: the page then shows the cell's name alone.

    Returns
    -------
    str
        A `script` element that holds JSON and runs nothing; empty where no row is there.

    Examples
    --------
    >>> source_rows_html("<p>no numbers</p>", Path())
    ''
    """
    wanted: dict[str, set[int]] = {}
    for cell in map(unescape, _CITED.findall(body)):
        for table, rows in _ROWS.findall(cell):
            wanted.setdefault(table, set()).update(map(int, rows.split(",")[:SHOWN]))
    tables = {name: _rows(folder / name, wanted[name]) for name in sorted(wanted)}
    tables = {name: found for name, found in tables.items() if found["rows"]}
    if not tables:
        return ""
    content = json.dumps({"words": _words(), "tables": tables}, ensure_ascii=False)
    content = content.replace("<", "\\u003c")  # nothing in it ends the element
    return f'<script type="application/json" id="source-rows">{content}</script>'


def _words() -> dict[str, str]:
    return {
        "title": written("Where this number comes from", "이 수치의 출처"),
        "exact": written("Exact value", "정확한 값"),
        "column": written("Column", "열"),
        "row": written("row", "행"),
        "more": written("and more rows", "그 밖의 행도 있습니다"),
        "file": written("The whole table (CSV)", "표 전체(CSV)"),
        "close": written("Close", "닫기"),
    }


def _rows(path: Path, wanted: set[int]) -> dict[str, Any]:
    """Names and keys of the columns, and the wanted rows as a reader sees them."""
    if not path.is_file():
        return {"rows": {}}
    with path.open(encoding="utf-8-sig", newline="") as file:
        keys, *rows = list(csv.reader(file)) or [[]]
    shown = {i: [_shown(*cell) for cell in _cells(keys, rows, i)] for i in sorted(wanted)}
    return {
        "keys": keys,
        "names": list(map(column_name, keys)),
        "rows": {i: values for i, values in shown.items() if values},
    }


def _cells(keys: list[str], rows: list[list[str]], i: int) -> Iterator[tuple[str, str]]:
    """The row's cells with their columns; none where the file has no such row."""
    return zip(keys, rows[i] if i < len(rows) else [], strict=False)


def _shown(column: str, text: str) -> str:
    """A cell's text as the page's tables write it; whole numbers as they stand in the file."""
    if not text:
        return "–"
    if column in ("variant", "a", "b", "other"):
        return baseline_name() if text == BASELINE else model_name(text)
    if column in _VALUES:
        return _VALUES[column].get(text, text)
    if column == "label":
        return LABEL.get(int(text), text) if text.isdigit() else text
    if text in ("True", "False"):
        return written("yes", "예") if text == "True" else written("no", "아니요")
    if _NUMBER.fullmatch(text) and not text.lstrip("-").isdigit():
        return number(float(text)).replace("-", "−")
    return text
