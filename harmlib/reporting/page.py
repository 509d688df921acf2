"""The HTML page: one self-contained file made from the executed report notebook."""

from __future__ import annotations

import base64
import io
import re
from html import escape, unescape
from pathlib import Path

import nbformat
from IPython.display import HTML
from matplotlib.figure import Figure
from nbconvert import HTMLExporter

from harmlib.reporting.fonts import FAMILY, embedded_font

_HERE = Path(__file__).parent
_PAGE_CHARACTERS = "".join(map(chr, range(0x20, 0x7F))) + "–—−·…“”‘’←→↑↓×≥≤±%"


def figure_html(figure: Figure, alt: str, caption: str) -> HTML:
    """A figure for a notebook and the page: the drawing as SVG, its words for screen readers.

    alt : what the figure shows, with its numbers
    caption : what it shows, how to read it, what follows
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    source = base64.b64encode(buffer.getvalue()).decode("ascii")
    return HTML(
        f'<figure><img src="data:image/svg+xml;base64,{source}" alt="{escape(alt, quote=True)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def write_page(notebook: Path, out: Path, title: str) -> Path:
    """Turn the executed notebook into `out`: code hidden, no request to any network."""
    node = nbformat.read(notebook, as_version=4)
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    exporter.anchor_link_text = ""
    body, _ = exporter.from_notebook_node(node)
    body = re.sub(r"<style.*?</style>", "", body, flags=re.S)
    text = _PAGE_CHARACTERS + unescape(re.sub(r"<[^>]*>", "", body)) + title
    page = (_HERE / "page.html").read_text(encoding="utf-8")
    filled = {
        "TITLE": escape(title),
        "STYLE": (_HERE / "page.css").read_text(encoding="utf-8"),
        "FONT_FAMILY": FAMILY,
        "FONT": embedded_font(text),
        "FONT_BOLD": embedded_font(text, bold=True),
        "CONTENTS": _contents(body),
        "BODY": body,
    }
    for name, value in filled.items():
        page = page.replace(f"{{{{{name}}}}}", value)
    part = out.with_suffix(".part")
    part.write_text(page, encoding="utf-8")
    part.replace(out)
    return out


def _contents(body: str) -> str:
    """A list of links to the page's sections."""
    heads = re.findall(r'<h2[^>]*id="([^"]+)"[^>]*>(.*?)</h2>', body, flags=re.S)
    links = [
        f'<li><a href="#{name}">{re.sub(r"<a.*?</a>|<[^>]*>", "", head).strip()}</a></li>'
        for name, head in heads
    ]
    return f"<ol>{''.join(links)}</ol>"
