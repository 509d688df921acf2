"""The look of every figure: fonts, palette, shapes, and a row of panels."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harmlib.reporting.figures.fonts import use_korean_fonts

# Okabe and Ito's palette: people with any colour vision can tell its colours apart. Each series
# also has a marker or a line style of its own.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
HARMFUL, SAFE, GREY, GRID = "#D55E00", "#0072B2", "#6b7280", "#e5e7eb"
MARKERS = "osD^vP"
# Behind a small text that a line may cross.
PLATE = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.8}
DASHES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1))]


def use_style() -> None:
    """Set the fonts and the look of every figure drawn from now on.

    Nothing of the user's matplotlibrc stays, except for the backend.

    Examples
    --------
    >>> with matplotlib.rc_context():
    ...     use_style()
    ...     matplotlib.rcParams["font.family"]
    ['NanumGothic', 'DejaVu Sans']
    """
    matplotlib.rcdefaults()
    use_korean_fonts()
    matplotlib.rcParams.update(
        {
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": GRID,
            "font.size": 11,
            "axes.titlesize": 13,
            "axes.titleweight": "bold",
            "legend.frameon": False,
            "svg.hashsalt": "harmlib",  # the same figure gives the same file
            "text.parse_math": False,  # a dollar sign in a name is one
        }
    )


def panels(count: int, width: float = 5.6, height: float = 4.4) -> tuple[Figure, list[Axes]]:
    """Make a figure with panels side by side.

    Parameters
    ----------
    count : int
        How many panels, at least 1.
    width : float
        Width of one panel, in inches.
    height : float
        Height of the figure, in inches.

    Returns
    -------
    (Figure, list of Axes)
        The figure belongs to no window and to no pyplot state.

    Examples
    --------
    >>> figure, axes = panels(3, width=2, height=1)
    >>> len(axes), figure.get_size_inches().tolist()
    (3, [6.0, 1.0])
    """
    figure = Figure(figsize=(width * count, height))
    return figure, list(np.atleast_1d(figure.subplots(1, count)))


def small_multiples(count: int, height: float = 2.4) -> tuple[Figure, list[Axes]]:
    """Make a figure with small panels that share the vertical axis, at most four in a row.

    Parameters
    ----------
    count : int
        How many panels, at least 1.
    height : float
        Height of one row, in inches.

    Returns
    -------
    (Figure, list of Axes)
        The figure is no wider than the text of a page, so that its words keep their size.

    Examples
    --------
    >>> figure, axes = small_multiples(5)
    >>> len(axes), figure.get_size_inches().round(1).tolist()
    (5, [10.0, 4.8])
    """
    rows, columns = -(-count // 4), min(count, 4)
    figure = Figure(figsize=(max(4.4, 2.5 * columns), height * rows))
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel().tolist()
    for axes in grid[count:]:
        axes.remove()
    return figure, grid[:count]


def whole_numbers(axis: Axis) -> None:
    """Put the ticks of an axis at whole numbers only.

    Parameters
    ----------
    axis : Axis
        `axes.xaxis` or `axes.yaxis`.

    Examples
    --------
    >>> figure, (axes,) = panels(1)
    >>> _ = axes.set_xlim(0.5, 3.5)
    >>> whole_numbers(axes.xaxis)
    >>> axes.get_xticks().tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
