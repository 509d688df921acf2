"""Figures as HTML: inline SVG whose colours are variables, so that a dark page shows dark figures."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from html import escape

from IPython.display import HTML
from matplotlib.figure import Figure

from harmlib.language import written
from harmlib.reporting.figures.saving import figure_svg
from harmlib.reporting.figures.style import COLOURS, GREY, GRID
from harmlib.reporting.text.cited_numbers import html, plain

# Variables of figures.css, by the colour that stands for each in a figure. Where a page has no such
# style, as in a notebook, a figure keeps its own colours.
VARIABLES = {
    "#ffffff": "--figure-paper",
    "#000000": "--figure-ink",
    GRID: "--figure-grid",
    GREY: "--figure-grey",
    **{colour.lower(): f"--figure-{i}" for i, colour in enumerate(COLOURS)},
}
_PAPER = re.compile(r'<g id="patch_1">.*?</g>', re.S)  # what matplotlib draws first
FITS = 640  # pixels: a figure that is no wider is shrunk to a phone's screen, a wider one scrolls

_made: Counter[str] = Counter()  # drawings of this process, by their content


def figure_html(figure: Figure, alt: str, caption: str) -> HTML:
    """Write a figure as HTML: the drawing as SVG, and its words for screen readers.

    Parameters
    ----------
    figure : Figure
        Shown at 100 pixels per inch. Colours that `VARIABLES` knows follow the page's; any other
        stays as it is.
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
    '<figure><div class="picture"><svg class="drawing" role="img" aria-label="빈 그림" width="300"
    height="200" ...</svg></div><figcaption>설명</figcaption></figure>'
    """
    return drawing_html(figure_svg(figure), alt, caption)


def drawing_html(svg: str, alt: str, caption: str) -> HTML:
    """Write a figure that is drawn already as HTML, as `figure_html` does.

    Parameters
    ----------
    svg : str
        The whole file, of `harmlib.reporting.figures.saving.figure_svg`.
    alt, caption : str
        As of `figure_html`.

    Returns
    -------
    HTML
        The same as that of the figure itself.

    Raises
    ------
    ValueError
        If matplotlib didn't draw it.

    Examples
    --------
    >>> drawing_html("<svg>", alt="", caption="")
    Traceback (most recent call last):
        ...
    ValueError: not a drawing of matplotlib: it has no size
    """
    size = re.search(r'<svg[^>]* width="([\d.]+)pt" height="([\d.]+)pt" viewBox="[^"]*"', svg)
    if size is None:
        raise ValueError("not a drawing of matplotlib: it has no size")
    width, height = (round(float(points) * 100 / 72) for points in size.groups())
    opening = (
        f'<svg class="drawing" role="img" aria-label="{escape(plain(alt), quote=True)}" '
        f'width="{width}" height="{height}"'
    )
    scrolls = ""
    if width > FITS:
        name = written("Figure that scrolls sideways", "옆으로 넘겨 보는 그림")
        scrolls = f' tabindex="0" role="group" aria-label="{name}" style="--natural:{width}px"'
    return HTML(
        f'<figure><div class="picture"{scrolls}>{opening}{_rest_of_svg(svg)}</div>'
        f"<figcaption>{html(caption)}</figcaption></figure>"
    )


def _rest_of_svg(svg: str) -> str:
    """What follows the size in the element: short, with variables and ids of its own."""
    view = re.search(r'viewBox="[^"]*"', svg)
    assert view is not None, "`drawing_html` has seen it"
    body = svg[svg.index(">", svg.index("<svg")) + 1 :]
    body = _PAPER.sub("", body, 1)  # the page's own shows through
    # What matplotlib says of itself, and of its styles: a style in a page is one of all of it.
    body = re.sub(r"<!--.*?-->|<(metadata|style)\b.*?</\1>", "", body, flags=re.S)
    body = re.sub(r"\s+", " ", body).replace("> <", "><").replace("xlink:href", "href")
    body = re.sub(r'(?<= d=")[^"]*', lambda path: _short(path[0]), body)
    body = re.sub(r'(?<= style=")[^"]*', lambda style: re.sub("([:;]) ", r"\1", style[0]), body)
    body = re.sub(r"#[0-9a-f]{6}\b", lambda colour: _variable(colour[0]), body)
    ground = f"fill:{_variable('#000000')};stroke-linejoin:round;stroke-linecap:butt"
    return f' {view[0]} style="{ground}">{_with_own_ids(body).strip()}'


def _short(path: str) -> str:
    """To 0.01 points, and without the spaces that no reader needs."""
    return re.sub(r" ?([A-Za-z]) ?", r"\1", re.sub(r"(\.\d\d)\d+", r"\1", path))


def _variable(colour: str) -> str:
    name = VARIABLES.get(colour)
    return f"var({name},{colour})" if name else colour


def _with_own_ids(body: str) -> str:
    """Ids that no other drawing of the page has, and only those that something refers to."""
    names = dict.fromkeys(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', body))
    used = {one or other: i for i, (one, other) in enumerate(names)}
    digest = hashlib.blake2s(body.encode(), digest_size=4).hexdigest()
    _made[digest] += 1  # the same drawing may stand twice in a page
    own = f"f{digest}-{_made[digest]}-"
    body = re.sub(
        r' id="([^"]*)"', lambda m: f' id="{own}{used[m[1]]}"' if m[1] in used else "", body
    )
    return re.sub(r'(url\(#|href="#)([^)"]+)', lambda m: f"{m[1]}{own}{used[m[2]]}", body)
