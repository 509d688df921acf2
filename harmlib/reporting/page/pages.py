"""HTML pages: each one a self-contained file, most of them made from an executed notebook."""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path

import nbformat

from harmlib.language import written
from harmlib.media.whole_file import write_text_whole
from harmlib.reporting.figures.fonts import FAMILY, embedded_font, usual_characters
from harmlib.reporting.page.contents import contents_html, pages_html
from harmlib.reporting.page.policy import content_security_policy, page_script
from harmlib.reporting.page.source_rows import source_rows_html

_HERE = Path(__file__).parent
_STYLES = (  # of every page, one topic a file
    "page.css", "first_screen.css", "contents.css", "tables.css", "source_rows.css", "figures.css", "tabs.css", "folds.css", "print.css",
)  # fmt: skip
_PAGE_CHARACTERS = "".join(map(chr, range(0x20, 0x7F))) + "–—−·…“”‘’←→↑↓×≥≤±%"


def write_page(notebook: Path, out: Path, title: str) -> Path:
    """Write the executed report as a page: code hidden, with a table of contents.

    Parameters
    ----------
    notebook : Path
        The executed notebook; its headings become the contents.
    out : Path
        The HTML file to write, in the run's folder: the rows of `tables/` that its numbers cite go
        into it. It asks no network for anything.
    title : str
        The page's title, plain text.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    FontError
        The embedded font has no glyph for a character of the page; nothing is written.
    """
    body = _body(notebook, exclude_input=True)
    return write_html(body, out, title, contents_html(body), source_rows_html(body, out.parent))


def write_notebook_page(
    notebook: Path, out: Path, title: str, before: str = "", after: str = ""
) -> Path:
    """Write an executed notebook as a page with its code; each cell is an anchor, `#cell-id=…`.

    Parameters and errors are those of `write_page`.

    Parameters
    ----------
    notebook : Path
        The executed notebook.
    out : Path
        The HTML file to write, in a folder below that of the report.
    title : str
        The page's title, plain text.
    before, after : str, optional
        Names of the run's executed notebooks before and behind this one, to which links lead.

    Returns
    -------
    Path
        `out`.
    """
    body = _body(notebook, exclude_input=False)
    return write_html(body, out, title, pages_html(before, after) + contents_html(body))


def write_html(body: str, out: Path, title: str, contents: str = "", data: str = "") -> Path:
    """Write `body` in the frame that all pages share, with the glyphs that it needs.

    `out` is replaced in one step: a reader sees the old page or the whole new one.

    Parameters
    ----------
    body : str
        HTML of the main part.
    out : Path
        The HTML file to write.
    title : str
        The page's title, plain text.
    contents : str, optional
        HTML of what leads to other places, before the main part; none by default.
    data : str, optional
        HTML of what the page's scripts read and show, behind the main part; none by default.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    FontError
        The embedded font has no glyph for a character of the page; nothing is written.
    """
    page = (_HERE / "page.html").read_text(encoding="utf-8")
    style = "".join((_HERE / name).read_text(encoding="utf-8") for name in _STYLES)
    skip = written("Skip to the report", "본문으로 건너뛰기")
    text = f"{_PAGE_CHARACTERS}{title}{skip}{_words(contents + body)}{data}{_words_of_style(style)}"
    text += usual_characters()
    filled = {
        "LANGUAGE": written("en", "ko"),
        "TITLE": escape(title),
        "POLICY": content_security_policy(body),
        "SCRIPT": page_script(),
        "STYLE": style,
        "FONT_FAMILY": FAMILY,
        "FONT": embedded_font(text),
        "FONT_BOLD": embedded_font(text, bold=True),
        "SKIP": skip,
        "CONTENTS": contents,
        "BODY": body,
        "DATA": data,
    }
    # In one pass, since a value may itself hold two braces.
    page = re.sub(r"\{\{(\w+)\}\}", lambda name: filled[name[1]], page)
    write_text_whole(out, page)
    return out


def _body(notebook: Path, exclude_input: bool) -> str:
    """The notebook's cells as HTML, without the frame of a page."""
    from harmlib.reporting.page.exporter import body_html  # as slow to import as pandas

    return body_html(nbformat.read(notebook, as_version=4), exclude_input=exclude_input)


def _words(html: str) -> str:
    """What a reader sees of it."""
    html = re.sub(r"<(style|script)\b.*?</\1>", "", html, flags=re.S)
    return unescape(re.sub(r"<[^>]*>", "", html))


def _words_of_style(style: str) -> str:
    return "".join(re.findall(r'content: "([^"]*)"', style))
