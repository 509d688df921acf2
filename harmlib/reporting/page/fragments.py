"""HTML fragments that a notebook's cell and the page show alike: tables, figures, the first screen."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd
from IPython.display import HTML
from matplotlib.figure import Figure

from harmlib.analysis.baseline import BASELINE
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
_VALUES: dict[str, dict[Any, str]] = {"modality": MODALITY, "split": SPLIT, "label": LABEL}


def table_html(table: pd.DataFrame, caption: str, highlight: pd.Series | None = None) -> str:
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
        return escape(BASELINE_NAME if value == BASELINE else model_name(str(value))), "text"
    if column in _VALUES:
        return escape(str(_VALUES[column].get(value, value))), "text"
    if isinstance(value, bool):
        return ("예" if value else "아니요"), "text"
    if isinstance(value, float):
        return number(value, _DIGITS.get(column, 4)), "number"
    if isinstance(value, int) or hasattr(value, "__index__"):
        return f"{int(value):,}", "number"
    return escape(str(value)), "text"


def figure_html(figure: Figure, alt: str, caption: str) -> HTML:
    """Write a figure as HTML: the drawing as SVG, and its words for screen readers.

    Parameters
    ----------
    figure : Figure
        Shown at 100 pixels per inch.
    alt : str
        What the figure shows, with its numbers; citations of cells are removed.
    caption : str
        What the figure shows, how to read it, what follows; citations of cells are kept.

    Returns
    -------
    HTML
        A `figure` element that needs no other file; its text is in `data`.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure_html(Figure(figsize=(3, 2)), alt="빈 그림", caption="설명").data
    '<figure><div class="picture"><img src="data:image/svg+xml,..." width="300" height="200"
    alt="빈 그림"></div><figcaption>설명</figcaption></figure>'
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    width, height = (round(inches * 100) for inches in figure.get_size_inches())
    return HTML(
        f'<figure><div class="picture"><img src="{_data_uri(buffer.getvalue())}" width="{width}" '
        f'height="{height}" alt="{escape(plain(alt), quote=True)}"></div>'
        f"<figcaption>{html(caption)}</figcaption></figure>"
    )


def _data_uri(svg: str) -> str:
    """The drawing for an attribute: a third smaller than base64, coordinates to 0.01 points."""
    svg = svg[svg.index("<svg") :].replace('"', "'")
    short = re.compile(r"(\.\d\d)\d+")
    svg = re.sub(r"(?<= d=')[^']*", lambda path: short.sub(r"\1", path[0]), svg)
    svg = re.sub(r"\s+", " ", svg).replace("> <", "><")
    for character in "%#<>":
        svg = svg.replace(character, f"%{ord(character):02X}")
    return f"data:image/svg+xml,{svg}"


def folded(summary: str, figures: Sequence[HTML]) -> HTML:
    """Fold figures away behind one line, for the readers who look for them.

    Parameters
    ----------
    summary : str
        The line that unfolds them; plain text.
    figures : sequence of HTML
        Of `figure_html`.

    Returns
    -------
    HTML
        A `details` element.

    Examples
    --------
    >>> from IPython.display import HTML
    >>> folded("더 보기", [HTML("<figure></figure>")]).data
    '<details class="figures"><summary>더 보기</summary><figure></figure></details>'
    """
    drawn = "".join(figure.data for figure in figures)
    return HTML(f'<details class="figures"><summary>{escape(summary)}</summary>{drawn}</details>')


def first_screen(intro: str, sentences: Sequence[str], tables: Sequence[str], figure: HTML) -> HTML:
    """Put together what a reader sees first: verdicts, then tables beside one figure.

    On a narrow screen the figure stands below the tables.

    Parameters
    ----------
    intro : str
        What was compared; like `sentences`, it may hold cited numbers.
    sentences : sequence of str
        The verdicts, one paragraph each.
    tables : sequence of str
        HTML of `table_html`.
    figure : HTML
        Of `figure_html`.

    Returns
    -------
    HTML
        One `div`.

    Examples
    --------
    >>> from IPython.display import HTML
    >>> first_screen("두 모델을 비교", ["Model 4가 낫습니다."], [], HTML("<figure></figure>")).data
    '<div class="first"><p class="intro">두 모델을 비교</p><div class="verdict"><p>Model 4가
    낫습니다.</p></div><div></div><figure></figure></div>'
    """
    verdicts = "".join(f"<p>{html(sentence)}</p>" for sentence in sentences)
    return HTML(
        f'<div class="first"><p class="intro">{html(intro)}</p>'
        f'<div class="verdict">{verdicts}</div>'
        f"<div>{''.join(tables)}</div>{figure.data}</div>"
    )
