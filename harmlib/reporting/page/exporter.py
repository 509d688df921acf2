"""An executed notebook's cells as HTML: nbconvert, which lets nothing but words through from Markdown.

HTML in an output of kind ``text/html`` is what this package made, with names escaped where it was
made. Markdown is another matter: any cell may put a file's name into it.
"""

from __future__ import annotations

import re
import sys
from html import escape
from typing import Any

import nbformat
from nbconvert import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from harmlib.language import written

# Kinds of outputs that a page shows. Scripts, and drawings that could hold some, are not among them.
_KINDS = ("text/html", "text/markdown", "image/png", "image/jpeg", "text/plain")

_CLOSES_ITSELF = re.compile(r"<((?!br\b|hr\b|img\b)(\w+)\b[^<>]*?) ?/>")
_LETTER = re.compile(r"&#([1-9]\d{2,6});")
_FOLD = re.compile(r"(<details><summary>)([^<>]*)(</summary>)|</details>")


def body_html(notebook: nbformat.NotebookNode, *, exclude_input: bool) -> str:
    """Write a notebook's cells as HTML, without the frame of a page.

    Parameters
    ----------
    notebook : NotebookNode
        An executed notebook of nbformat 4.
    exclude_input : bool
        Leave the code out.

    Returns
    -------
    str

    Examples
    --------
    >>> from nbformat.v4 import new_markdown_cell, new_notebook
    >>> cell = new_markdown_cell("<b>*x*</b> [y](javascript:z)")
    >>> body_html(new_notebook(cells=[cell]), exclude_input=True)
    '<div ...<p>&lt;b&gt;<em>x</em>&lt;/b&gt; <a href="#harmful-link">y</a></p>...'
    """
    exporter = HTMLExporter(
        template_name="basic",
        exclude_input=exclude_input,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    exporter.register_filter("markdown2html", _words_only)
    exporter.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3"))
    # Not HTMLExporter's own, which reads the whole page once more to look for pictures without
    # words: seconds, and the page that it writes has names of SVG in small letters.
    body: str = TemplateExporter.from_notebook_node(exporter, _without_scripts(notebook))[0]
    return body


def _without_scripts(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    cells = []
    for cell in map(_in_the_pages_language, notebook.cells):
        outputs = [_shown(output) for output in cell.get("outputs", [])]
        kept = {"outputs": [one for one in outputs if one.get("data", True)]}
        cells.append(nbformat.from_dict(cell | (kept if outputs else {})))
    whole: nbformat.NotebookNode = nbformat.from_dict(notebook | {"cells": cells})
    return whole


def _in_the_pages_language(cell: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A cell of text may hold its English wording in its metadata, under ``en``."""
    if cell.cell_type != "markdown":
        return cell
    source = written(cell.metadata.get("en", cell.source), cell.source)
    spoken: nbformat.NotebookNode = nbformat.from_dict(cell | {"source": source})
    return spoken


def _shown(output: dict[str, Any]) -> dict[str, Any]:
    if "data" not in output:
        return output
    return output | {"data": {kind: x for kind, x in output["data"].items() if kind in _KINDS}}


def _words_only(source: str) -> str:
    """Markdown as HTML: tags in it are text, and no link runs a script."""
    renderer = _Words(escape=True, allow_harmful_protocols=False, anchor_link_text="")
    html: str = MarkdownWithMath(renderer=renderer).render(source)
    # nbconvert writes headings as XML in ASCII: in HTML, an element that closes itself stays open.
    html = _CLOSES_ITSELF.sub(r"<\1></\2>", html)
    return _LETTER.sub(_letter, html)


def _letter(number: re.Match[str]) -> str:
    """The letter that a number stands for.

    What ASCII has stays a number: it may be a tag's beginning. So does what is no letter at all.
    """
    code = int(number[1])
    is_letter = 128 <= code <= sys.maxunicode and not 0xD800 <= code <= 0xDFFF  # surrogates
    return chr(code) if is_letter else number[0]


class _Words(IPythonRenderer):
    """The base class writes diagrams of Mermaid as they are; here they are code like any other."""

    def block_html(self, html: str) -> str:
        """Escape what is not exactly the beginning or the end of a folded part."""
        fold = _FOLD.fullmatch(html.strip())
        if fold is None:
            escaped: str = super().block_html(html)
            return escaped
        before, title, behind = fold.groups()
        return f"{before}{escape(title)}{behind}" if before else fold[0]

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre><code>{self.escape_html(code)}</code></pre>"
