"""HTML pages: each one self-contained file made from an executed notebook."""

from __future__ import annotations

import io
import re
from html import escape, unescape
from pathlib import Path

import nbformat
from IPython.display import HTML
from matplotlib.figure import Figure

from harmlib.reporting.figures.fonts import FAMILY, embedded_font
from harmlib.reporting.text.cited_numbers import html, plain

_HERE = Path(__file__).parent
_PAGE_CHARACTERS = "".join(map(chr, range(0x20, 0x7F))) + "–—−·…“”‘’←→↑↓×≥≤±%"


def figure_html(figure: Figure, alt: str, caption: str) -> HTML:
    """A figure for a notebook and the page: the drawing as SVG, its words for screen readers.

    alt : what the figure shows, with its numbers
    caption : what it shows, how to read it, what follows
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


def first_screen(intro: str, sentences: list[str], tables: list[str], figure: HTML) -> HTML:
    """What a reader sees first: the verdicts, then the tables beside one figure if there is room.

    intro : what was compared; sentences : the verdicts; both with their numbers bound
    tables : of `table_html`; figure : of `figure_html`
    """
    verdicts = "".join(f"<p>{html(sentence)}</p>" for sentence in sentences)
    return HTML(
        f'<div class="first"><p class="intro">{html(intro)}</p>'
        f'<div class="verdict">{verdicts}</div>'
        f"<div>{''.join(tables)}</div>{figure.data}</div>"
    )


def write_page(notebook: Path, out: Path, title: str) -> Path:
    """Turn the executed report into `out`: code hidden, no request to any network."""
    body = _body(notebook, exclude_input=True)
    return write_html(body, out, title, _contents(body))


def write_notebook_page(notebook: Path, out: Path, title: str) -> Path:
    """An executed notebook as a page, code and all; each cell is an anchor, `#cell-id=…`."""
    return write_html(_body(notebook, exclude_input=False), out, title)


def write_html(body: str, out: Path, title: str, contents: str = "") -> Path:
    """`body` in the frame of every page, with the font that it needs; whole or not at all."""
    words = re.sub(r"<(style|script)\b.*?</\1>", "", body, flags=re.S)
    text = _PAGE_CHARACTERS + unescape(re.sub(r"<[^>]*>", "", words)) + title
    page = (_HERE / "page.html").read_text(encoding="utf-8")
    filled = {
        "TITLE": escape(title),
        "STYLE": (_HERE / "page.css").read_text(encoding="utf-8"),
        "FONT_FAMILY": FAMILY,
        "FONT": embedded_font(text),
        "FONT_BOLD": embedded_font(text, bold=True),
        "CONTENTS": contents,
        "BODY": body,
    }
    # In one pass: what is put in may itself hold two braces.
    page = re.sub(r"\{\{(\w+)\}\}", lambda name: filled[name[1]], page)
    part = out.with_suffix(".part")
    part.write_text(page, encoding="utf-8")
    part.replace(out)
    return out


def _body(notebook: Path, exclude_input: bool) -> str:
    from nbconvert import HTMLExporter  # as slow to import as pandas, and notebooks don't need it

    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=exclude_input,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    exporter.anchor_link_text = ""
    body, _ = exporter.from_notebook_node(nbformat.read(notebook, as_version=4))
    return body


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
