"""What notebooks display: a table, a figure, a list of findings, each with one call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import pandas as pd
from IPython.display import HTML, display
from matplotlib.figure import Figure

from harmlib.reporting.page.fragments import figure_html, table_html
from harmlib.reporting.text.markdown import list_html, paragraphs_html


class FigureFolder(Protocol):
    """What figures are written to: `harmlib.workflow.run.Run` is one."""

    def write_figure(self, figure: Figure, name: str) -> object:
        """Write `figure` as SVG and PNG under `name`."""


def show_table(table: pd.DataFrame, caption: str, highlight: pd.Series | None = None) -> None:
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
    """
    if len(table):
        display(HTML(table_html(table, caption, highlight)))


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
    display(figure_html(figure, alt=alt, caption=caption))


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
        display(HTML(list_html(found)))


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
        display(HTML(paragraphs_html(found)))
