"""Hangul that is there wherever the page is read: in figures, and as a small font in the page."""

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

FAMILY = "NanumGothic"


class FontError(RuntimeError):
    """The Korean font that the dependencies bring isn't where it should be."""


def font_file(bold: bool = False) -> Path:
    """The font's file inside koreanize-matplotlib, whose import would need a removed module."""
    spec = importlib.util.find_spec("koreanize_matplotlib")
    name = "NanumGothicBold.ttf" if bold else "NanumGothic.ttf"
    path = Path(spec.submodule_search_locations[0], "fonts", name) if spec else None
    if path is None or not path.exists():
        raise FontError(f"{name} was not found; reinstall the environment: ./run_all.sh test")
    return path


def use_korean_fonts() -> None:
    """Make matplotlib write Hangul; from now on a character without a glyph is an error."""
    for bold in (False, True):
        font_manager.fontManager.addfont(font_file(bold))
    matplotlib.rcParams["font.family"] = [FAMILY, "DejaVu Sans"]  # the second has U+2212 and ticks
    warnings.filterwarnings("error", message=r"Glyph \d+ .*missing from font")


def embedded_font(text: str, bold: bool = False) -> str:
    """The glyphs that `text` needs, as a base64 WOFF2 file to put into a page.

    Raises FontError for Hangul that the font lacks: a page never shows boxes.
    """
    font = TTFont(font_file(bold))
    known = font.getBestCmap()
    boxes = sorted({c for c in text if _is_hangul(c) and ord(c) not in known})
    if boxes:
        raise FontError(f"{FAMILY} has no glyph for {', '.join(boxes)}; please write it otherwise")
    return _subset("".join(sorted(set(text))), bold)


@cache  # the pages of trainings hold the same characters
def _subset(characters: str, bold: bool) -> str:
    font = TTFont(font_file(bold))
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
