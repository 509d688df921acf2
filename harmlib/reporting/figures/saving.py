"""Figures as files: laid out once, drawn once for each format."""

from __future__ import annotations

import io
from weakref import WeakKeyDictionary

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

_drawn: WeakKeyDictionary[Figure, str] = WeakKeyDictionary()


def figure_svg(figure: Figure) -> str:
    """Draw a finished figure as SVG. The run's folder and the page show the same drawing.

    Parameters
    ----------
    figure : Figure
        What is changed in it afterwards is not drawn any more.

    Returns
    -------
    str
        The whole file; the same figure gives the same text.

    Examples
    --------
    >>> "<svg" in figure_svg(Figure(figsize=(1, 1)))
    True
    """
    if figure not in _drawn:
        _lay_out(figure)
        buffer = io.StringIO()
        # `savefig` would draw everything twice: once only to measure it.
        canvas = FigureCanvasSVG(figure)
        canvas.print_svg(buffer, metadata={"Date": None})  # type: ignore[no-untyped-call]
        _drawn[figure] = buffer.getvalue()
    return _drawn[figure]


def figure_png(figure: Figure, dots_per_inch: int = 160) -> bytes:
    """Draw a finished figure as PNG.

    Parameters
    ----------
    figure : Figure
    dots_per_inch : int

    Returns
    -------
    bytes
        The whole file.

    Examples
    --------
    >>> figure_png(Figure(figsize=(1, 1)))[1:4]
    b'PNG'
    """
    _lay_out(figure)
    buffer, before = io.BytesIO(), figure.dpi
    figure.set_dpi(dots_per_inch)
    try:
        FigureCanvasAgg(figure).print_png(buffer)  # type: ignore[no-untyped-call]
    finally:
        figure.set_dpi(before)
    return buffer.getvalue()


def _lay_out(figure: Figure) -> None:
    """Give everything its place, which takes as long as drawing it; from now on it stays there."""
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.execute(figure)
        figure.set_layout_engine("none")
