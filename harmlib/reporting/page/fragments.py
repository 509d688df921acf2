"""HTML that a notebook's cell and the page show alike: tables."""

from __future__ import annotations

from html import escape

import pandas as pd

from harmlib.analysis.baseline import BASELINE
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import html, plain
from harmlib.reporting.text.korean import (
    COLUMNS,
    LABEL,
    MODALITY,
    SPLIT,
    baseline_name,
    model_name,
    number,
)

# Of a row to stress. The style goes along: a notebook shows the table without the page's style sheet.
_BEST = ' class=best style="font-weight:700;background:var(--mark, var(--jp-layout-color2))"'
_DIGITS = {
    "threshold": 2,
    "best_threshold": 2,
    "seconds": 2,
    "learning_rate": 5,
    "groups_needed": 0,
}
_VALUES = {"modality": MODALITY, "split": SPLIT, "label": LABEL}


def table_html(
    table: pd.DataFrame, caption: str, highlight: pd.Series | None = None, digits: int = 4
) -> str:
    """Write a table as accessible HTML: a caption, column headers, the first column as row headers.

    Parameters
    ----------
    table : DataFrame
        At least one column. Known columns get their Korean name and number format; others keep
        theirs.
    caption : str
        Plain text, which may hold cited numbers (see `cited_numbers`).
    highlight : Series of bool, optional
        True for each row to stress; as long as `table` and in its order.
    digits : int
        Digits behind the point, of the columns that have no format of their own.

    Returns
    -------
    str
        A `div` that holds the table and scrolls sideways where it is too wide.

    Examples
    --------
    >>> import pandas as pd
    >>> table_html(pd.DataFrame({"variant": ["model2"], "f1": [0.84255]}), "시험")
    '<div class="table" ...<caption>시험</caption>...<th scope="col" class="number">F1</th>...<th
    scope="row">Model 2</th><td class="number">0.8426</td>...</div>'
    """
    head = "".join(_head(name, table[name]) for name in table)
    marked = [False] * len(table) if highlight is None else highlight.tolist()
    rows = []
    for values, mark in zip(table.itertuples(index=False), marked, strict=True):
        cells = [_cell(name, value, digits) for name, value in zip(table, values, strict=True)]
        first, rest = cells[0], cells[1:]
        body = f'<th scope="row">{first[0]}</th>' + "".join(
            f'<td class="{kind}">{text}</td>' for text, kind in rest
        )
        rows.append(f"<tr{_BEST if mark else ''}>{body}</tr>")
    return (
        f'<div class="table" tabindex="0" role="group" aria-label="{escape(plain(caption), quote=True)}">'
        f"<table><caption>{html(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _head(name: str, values: pd.Series) -> str:
    """A column header, to the right above numbers."""
    kinds = {_cell(name, value)[1] for value in values if not pd.isna(value)}
    return f'<th scope="col" class="{"number" if kinds == {"number"} else "text"}">{escape(COLUMNS.get(name, str(name)))}</th>'


def _cell(column: str, value: object, digits: int = 4) -> tuple[str, str]:
    """The text of a cell, and its class: `number` or `text`."""
    if pd.isna(value):
        return "–", "number"
    if column in ("variant", "a", "b"):
        return escape(baseline_name() if value == BASELINE else model_name(str(value))), "text"
    if column in _VALUES:
        return escape(str(_VALUES[column].get(value, value))), "text"
    if isinstance(value, bool):
        return (written("yes", "예") if value else written("no", "아니요")), "text"
    if isinstance(value, float):
        return number(value, _DIGITS.get(column, digits)), "number"
    if isinstance(value, int) or hasattr(value, "__index__"):
        return f"{int(value):,}", "number"
    return escape(str(value)), "text"
