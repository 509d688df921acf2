"""What notebooks display: a table, a figure, a list of findings, each with one call.

Within ``with fold(…):`` and ``with tabs(…) as tab:`` these calls fill the folded part or the panel,
which is displayed as one output when the block ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import pandas as pd
from IPython.display import HTML, display
from matplotlib.figure import Figure

from harmlib.reporting.page.drawings import drawing_html, figure_html
from harmlib.reporting.page.fragments import table_html
from harmlib.reporting.page.sections import fold_html, tabs_html
from harmlib.reporting.text.markdown import list_html, paragraphs_html
from harmlib.reporting.text.parts import EXPLANATIONS, TITLES

_open: list[list[str]] = []  # what the blocks hold that are being filled, the innermost last


def show_html(made: HTML | str) -> None:
    """Display HTML that this package made.

    Parameters
    ----------
    made : HTML or str

    Examples
    --------
    >>> show_html("<p>하나</p>")
    <IPython.core.display.HTML object>
    """
    if _open:
        _open[-1].append(made if isinstance(made, str) else str(made.data))
    else:
        display(HTML(made) if isinstance(made, str) else made)


@contextmanager
def fold(anchor: str, brief: str) -> Iterator[None]:
    """Display what the block shows as one folded part; nothing, if it shows nothing.

    Parameters
    ----------
    anchor : str
        What links lead to, `#anchor`: one of `harmlib.reporting.text.parts.TITLES`. Its explanation
        stands before what the block shows.
    brief : str
        One sentence that says what is folded; it may hold cited numbers.

    Yields
    ------
    None

    Examples
    --------
    >>> with fold("floors", "하한 0.90을 지킵니다."):
    ...     show_findings(["하나"])
    <IPython.core.display.HTML object>
    """
    with _collected() as parts:
        yield
    if parts:
        explained = paragraphs_html([EXPLANATIONS[anchor]]) if anchor in EXPLANATIONS else ""
        show_html(fold_html(anchor, TITLES[anchor], brief, explained + "".join(parts)))


@contextmanager
def tabs(label: str) -> Iterator[Callable[[str], AbstractContextManager[None]]]:
    """Display what the block shows as tabs, each filled in a block of its own.

    Parameters
    ----------
    label : str
        What the tabs are of, for screen readers.

    Yields
    ------
    callable
        `tab(name)` opens the block that fills the tab of that name.

    Examples
    --------
    >>> with tabs("결과") as tab:
    ...     with tab("비디오"):
    ...         show_findings(["하나"])
    ...     with tab("이미지"):
    ...         show_findings(["둘"])
    <IPython.core.display.HTML object>
    """
    panels: list[tuple[str, str]] = []

    @contextmanager
    def tab(name: str) -> Iterator[None]:
        with _collected() as parts:
            yield
        if parts:
            panels.append((name, "".join(parts)))

    yield tab
    if panels:
        show_html(tabs_html(label, panels))


@contextmanager
def _collected() -> Iterator[list[str]]:
    """Take what is shown within the block, instead of displaying it."""
    parts: list[str] = []
    _open.append(parts)
    try:
        yield parts
    finally:
        _open.pop()


class FigureFolder(Protocol):
    """What figures are written to: `harmlib.workflow.run.Run` is one."""

    def write_figure(self, figure: Figure, name: str) -> object:
        """Write `figure` as SVG and PNG under `name`."""


class DrawnFigures(Protocol):
    """What drawn figures are read from: `harmlib.workflow.run.Run` is one."""

    def drawn(self, name: str) -> str:
        """Return the SVG under `name`."""


def show_table(
    table: pd.DataFrame, caption: str, highlight: pd.Series | None = None, digits: int = 4
) -> None:
    """Display a table with Korean column names; a table without rows is left out.

    Parameters
    ----------
    table : DataFrame
        What to show. The columns that `harmlib.reporting.text.korean.COLUMNS` names get their
        Korean names and number formats.
    caption : str
        What the rows are; it stands above the table.
    highlight : Series of bool, optional
        True for the rows to stress, in the order of `table`.
    digits : int
        Digits behind the point.
    """
    if len(table):
        show_html(table_html(table, caption, highlight, digits))


def show_figure(
    run: FigureFolder | None, figure: Figure, name: str | None, alt: str, caption: str
) -> None:
    """Display a figure; with a name, write it into the run's `figures/` folder first.

    Parameters
    ----------
    run : Run or None
        The run that keeps the figure. None, or no name: the figure is only displayed.
    figure : Figure
        What to show.
    name : str or None
        File name without extension.
    alt : str
        What the figure shows, with its numbers, for people who don't see it.
    caption : str
        What it shows and how to read it; it stands below the figure.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> show_figure(None, Figure(figsize=(1, 1)), None, "대체 글", "설명")
    <IPython.core.display.HTML object>
    """
    if run is not None and name:
        run.write_figure(figure, name)
    show_html(figure_html(figure, alt=alt, caption=caption))


def show_drawn(run: DrawnFigures, name: str, alt: str, caption: str) -> None:
    """Display a figure that an earlier notebook has drawn and written into `figures/`.

    Parameters
    ----------
    run : Run
        The run that keeps the figure.
    name : str
        File name without extension.
    alt, caption : str
        As of `show_figure`.

    Raises
    ------
    MissingTable
        If the figure is not there; the message names the notebook that draws it.
    """
    show_html(drawing_html(run.drawn(name), alt=alt, caption=caption))


def show_findings(lines: Iterable[str]) -> None:
    """Display sentences: one as a paragraph, several as a list. Empty ones are left out.

    Parameters
    ----------
    lines : iterable of str
        Sentences in Markdown, such as `harmlib.reporting.text.findings` makes them.

    Examples
    --------
    >>> show_findings(["", ""])
    """
    found = [line for line in lines if line]
    if found:
        show_html(list_html(found))


def show_paragraphs(paragraphs: Iterable[str]) -> None:
    """Display paragraphs and, where their lines begin with a hyphen, lists.

    Parameters
    ----------
    paragraphs : iterable of str
        In Markdown, such as `harmlib.reporting.text.findings.epoch_paragraphs` makes them.

    Examples
    --------
    >>> show_paragraphs([])
    """
    found = list(paragraphs)
    if found:
        show_html(paragraphs_html(found))
