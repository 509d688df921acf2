"""Hangul in figures, and a small font with the glyphs that a page needs."""

from __future__ import annotations

import base64
import importlib.util
import io
import warnings
from functools import cache
from pathlib import Path

import matplotlib
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib import font_manager

from harmlib.params import PROJECT_ROOT

FAMILY = "NanumGothic"


class FontError(RuntimeError):
    """The Korean font is not where the dependencies put it, or lacks a glyph."""


def font_file(bold: bool = False) -> Path:
    """Find the font's file inside koreanize-matplotlib.

    Parameters
    ----------
    bold : bool
        The bold face instead of the regular one.

    Returns
    -------
    Path

    Raises
    ------
    FontError
        The file is not there.

    Notes
    -----
    Importing that package would need distutils, which Python no longer has.

    Examples
    --------
    >>> font_file(bold=True).name
    'NanumGothicBold.ttf'
    """
    spec = importlib.util.find_spec("koreanize_matplotlib")
    name = "NanumGothicBold.ttf" if bold else "NanumGothic.ttf"
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        if (path := Path(folder, "fonts", name)).exists():
            return path
    raise FontError(f"{name} was not found; reinstall the environment: ./run_all.sh test")


def use_korean_fonts() -> None:
    """Make matplotlib write Hangul; from now on a character without a glyph is an error.

    Raises
    ------
    FontError
        The font's file is not there.

    Examples
    --------
    >>> with matplotlib.rc_context(), warnings.catch_warnings():
    ...     use_korean_fonts()
    ...     matplotlib.rcParams["font.family"][0]
    'NanumGothic'
    """
    fonts = font_manager.fontManager
    # Fonts of the same names that somebody installed draw other shapes; matplotlib's own stays.
    own = str(matplotlib.get_data_path())
    fonts.ttflist = [
        font
        for font in fonts.ttflist
        if font.name not in (FAMILY, "DejaVu Sans") or font.fname.startswith(own)
    ]
    for bold in (False, True):
        fonts.addfont(font_file(bold))
    matplotlib.rcParams["font.family"] = [FAMILY, "DejaVu Sans"]  # the second has U+2212 and ticks
    warnings.filterwarnings("error", message=r"Glyph \d+ .*missing from font")


def embedded_font(text: str, bold: bool = False) -> str:
    """Take the glyphs that a text needs from the font, to put them into a page.

    Parameters
    ----------
    text : str
        All characters that the page shows, in any order.
    bold : bool
        The bold face instead of the regular one.

    Returns
    -------
    str
        A WOFF2 file in base64.

    Raises
    ------
    FontError
        The text has Hangul that the font lacks: a page never shows boxes.

    Examples
    --------
    >>> embedded_font("가나다")[:8]  # every WOFF2 file begins so
    'd09GMgAB'
    """
    font = TTFont(font_file(bold))
    known = font.getBestCmap()
    boxes = sorted({c for c in text if _is_hangul(c) and ord(c) not in known})
    if boxes:
        raise FontError(f"{FAMILY} has no glyph for {', '.join(boxes)}; please write it otherwise")
    return _subset("".join(sorted(set(text))), bold)


@cache
def usual_characters() -> str:
    """All characters of the project's own texts.

    With these in every page's font most pages have the same one, whose glyphs are compressed once.

    Returns
    -------
    str
        Each once, in order.

    Examples
    --------
    >>> set("유해 threshold") <= set(usual_characters())
    True
    """
    package = Path(__file__).parents[2].rglob("*.py")
    notebooks = (PROJECT_ROOT / "notebooks").glob("*.ipynb")
    found = {c for path in (*package, *notebooks) for c in path.read_text(encoding="utf-8")}
    return "".join(sorted(c for c in found if c.isprintable()))


@cache  # most pages show no other characters than the usual ones
def _subset(characters: str, bold: bool) -> str:
    font = TTFont(font_file(bold), recalcTimestamp=False)  # the same page has the same bytes
    options = subset.Options(flavor="woff2", layout_features=["kern"])
    options.drop_tables += [
        name for name in sorted(font.keys()) if name.startswith("TSI")
    ]  # design sources
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    font.flavor = "woff2"
    buffer = io.BytesIO()
    font.save(buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _is_hangul(character: str) -> bool:
    """A whole syllable or a letter by itself; not the parts of a decomposed file name."""
    return "가" <= character <= "힣" or "ㄱ" <= character <= "ㆎ"
