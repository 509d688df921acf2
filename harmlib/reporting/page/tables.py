"""Tables in, HTML tables out: headers with scopes, Korean column names, numbers aligned."""

from __future__ import annotations

from html import escape

import pandas as pd

from harmlib.reporting.text.cited_numbers import html, plain
from harmlib.reporting.text.korean import (
    BASELINE_NAME,
    COLUMNS,
    LABEL,
    MODALITY,
    SPLIT,
    model_name,
    number,
)

_DIGITS = {"threshold": 2, "best_threshold": 2, "seconds": 2, "learning_rate": 5}
_VALUES = {"modality": MODALITY, "split": SPLIT, "label": LABEL}


def table_html(table: pd.DataFrame, caption: str, highlight: pd.Series | None = None) -> str:
    """An accessible table: a caption, column headers, and the first column as row headers.

    Known columns get their Korean name and number format; others keep theirs.
    highlight : True for the rows to stress, aligned with `table`
    """
    head = "".join(_head(name, table[name]) for name in table)
    marked = [False] * len(table) if highlight is None else highlight.tolist()
    rows = []
    for values, mark in zip(table.itertuples(index=False), marked, strict=True):
        cells = [_cell(name, value) for name, value in zip(table.columns, values, strict=True)]
        first, rest = cells[0], cells[1:]
        body = f'<th scope="row">{first[0]}</th>' + "".join(
            f'<td class="{kind}">{text}</td>' for text, kind in rest
        )
        rows.append(f"<tr{' class=best' if mark else ''}>{body}</tr>")
    return (
        f'<div class="table" tabindex="0" role="group" aria-label="{escape(plain(caption), quote=True)}">'
        f"<table><caption>{html(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _head(name: str, values: pd.Series) -> str:
    """A column header, to the right above numbers."""
    kinds = {_cell(name, value)[1] for value in values if not pd.isna(value)}
    return f'<th scope="col" class="{"number" if kinds == {"number"} else "text"}">{escape(COLUMNS.get(name, str(name)))}</th>'


def _cell(column: str, value: object) -> tuple[str, str]:
    """The text of a cell, and its class: `number` or `text`."""
    if pd.isna(value):
        return "–", "number"
    if column in ("variant", "a", "b"):
        return escape(BASELINE_NAME if value == "baseline" else model_name(str(value))), "text"
    if column in _VALUES:
        return escape(str(_VALUES[column].get(value, value))), "text"
    if isinstance(value, bool):
        return ("예" if value else "아니요"), "text"
    if isinstance(value, float):
        return number(value, _DIGITS.get(column, 4)), "number"
    if isinstance(value, int) or hasattr(value, "__index__"):
        return f"{int(value):,}", "number"
    return escape(str(value)), "text"
