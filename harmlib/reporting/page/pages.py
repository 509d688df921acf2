"""HTML pages: each one a self-contained file, most of them made from an executed notebook."""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path

import nbformat

from harmlib.media.whole_file import write_text_whole
from harmlib.reporting.figures.fonts import FAMILY, embedded_font
from harmlib.reporting.page.policy import content_security_policy, page_script

_HERE = Path(__file__).parent
_STYLES = ("page.css",)  # of every page, one topic a file
_PAGE_CHARACTERS = "".join(map(chr, range(0x20, 0x7F))) + "–—−·…“”‘’←→↑↓×≥≤±%"


def write_page(notebook: Path, out: Path, title: str) -> Path:
    """Write the executed report as a page: code hidden, with a table of contents.

    Parameters
    ----------
    notebook : Path
        The executed notebook; its level-2 headings become the contents.
    out : Path
        The HTML file to write; it asks no network for anything.
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
    return write_html(body, out, title, _contents(body))


def write_notebook_page(notebook: Path, out: Path, title: str) -> Path:
    """Write an executed notebook as a page with its code; each cell is an anchor, `#cell-id=…`.

    Parameters and errors are those of `write_page`.

    Parameters
    ----------
    notebook : Path
        The executed notebook.
    out : Path
        The HTML file to write.
    title : str
        The page's title, plain text.

    Returns
    -------
    Path
        `out`.
    """
    return write_html(_body(notebook, exclude_input=False), out, title)


def write_html(body: str, out: Path, title: str, contents: str = "") -> Path:
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
        HTML of the table of contents; none by default.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    FontError
        The embedded font has no glyph for a character of the page; nothing is written.
    """
    words = re.sub(r"<(style|script)\b.*?</\1>", "", body, flags=re.S)
    text = _PAGE_CHARACTERS + unescape(re.sub(r"<[^>]*>", "", words)) + title
    page = (_HERE / "page.html").read_text(encoding="utf-8")
    filled = {
        "TITLE": escape(title),
        "POLICY": content_security_policy(body),
        "SCRIPT": page_script(),
        "STYLE": "".join((_HERE / name).read_text(encoding="utf-8") for name in _STYLES),
        "FONT_FAMILY": FAMILY,
        "FONT": embedded_font(text),
        "FONT_BOLD": embedded_font(text, bold=True),
        "CONTENTS": contents,
        "BODY": body,
    }
    # In one pass, since a value may itself hold two braces.
    page = re.sub(r"\{\{(\w+)\}\}", lambda name: filled[name[1]], page)
    write_text_whole(out, page)
    return out


def _body(notebook: Path, exclude_input: bool) -> str:
    """The notebook's cells as HTML, without the frame of a page."""
    from harmlib.reporting.page.exporter import body_html  # as slow to import as pandas

    return body_html(nbformat.read(notebook, as_version=4), exclude_input=exclude_input)


def _contents(body: str) -> str:
    """The page's sections as a list of links; folded where it would push the page down."""
    heads = re.findall(r'<h2[^>]*id="([^"]+)"[^>]*>(.*?)</h2>', body, flags=re.S)
    links = "".join(
        f'<li><a href="#{name}">{re.sub(r"<a.*?</a>|<[^>]*>", "", head).strip()}</a></li>'
        for name, head in heads
    )
    return (
        '<nav aria-label="목차"><details open><summary>목차</summary>'
        f"<ol>{links}</ol></details></nav>"
    )
