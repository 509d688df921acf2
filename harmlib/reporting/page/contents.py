"""The contents list of a page, and the way from one page of a run to the next."""

from __future__ import annotations

import re
from html import escape

from harmlib.language import written

_HEAD = re.compile(r'<h([23])\b[^>]*\bid="([^"]+)"[^>]*>(.*?)</h\1>', flags=re.S)
_MARKUP = re.compile(
    r"<a\b.*?</a>|<[^>]*>", flags=re.S
)  # an anchor's sign is no word of the heading


def contents_html(body: str) -> str:
    """Write the list of a page's sections and sub-sections, folded ones too.

    `contents.js` makes it a list beside the text or a bar of one line above it, and marks where the
    reader is. Without scripts it is a list at the top.

    Parameters
    ----------
    body : str
        HTML of the page's main part. Headings of the levels 2 and 3 that have an id are listed.

    Returns
    -------
    str
        A `nav` element; empty where there are fewer than two headings.

    Examples
    --------
    >>> contents_html('<h2 id="a">1. A</h2><h3 id="b">B</h3><h2 id="c">C</h2>')
    '<nav class="contents" ...<ol><li><a href="#a">1. A</a><ol><li><a href="#b">B</a></li></ol></li>...'
    >>> contents_html('<h2 id="a">alone</h2>')
    ''
    """
    heads = [(int(level), name, _words(head)) for level, name, head in _HEAD.findall(body)]
    if len(heads) < 2:
        return ""
    label = written("Contents", "목차")
    return (
        f'<nav class="contents" aria-label="{label}"><details open>'
        f'<summary>{label}<span class="here" aria-hidden="true"></span></summary>'
        f'<div class="list">{_list(heads)}{_print_button(body)}</div></details></nav>'
    )


def pages_html(before: str, after: str) -> str:
    """Write the links from an executed notebook's page to the report and to its neighbours.

    Parameters
    ----------
    before, after : str
        Names of the executed notebooks before and behind it, whose pages lie in the same folder;
        empty where there is none.

    Returns
    -------
    str
        A `nav` element.

    Examples
    --------
    >>> pages_html("00_data", "")
    '<nav class="pages" ...<a href="../index.html">↑ 보고서</a> <a rel="prev" href="00_data.html">← ...'
    """
    links = [f'<a href="../index.html">↑ {written("Report", "보고서")}</a>']
    if before:
        links.append(f'<a rel="prev" href="{escape(before)}.html">← {escape(before)}</a>')
    if after:
        links.append(f'<a rel="next" href="{escape(after)}.html">{escape(after)} →</a>')
    label = written("Pages of the run", "이 실행의 페이지")
    return f'<nav class="pages" aria-label="{label}">{" ".join(links)}</nav>'


def _words(head: str) -> str:
    return " ".join(_MARKUP.sub("", head).split())


def _list(heads: list[tuple[int, str, str]]) -> str:
    """Sub-sections stand within their section; those before the first one stand alone."""
    items: list[tuple[str, list[str]]] = []
    for level, name, words in heads:
        link = f'<a href="#{name}">{words}</a>'
        if level == 3 and items:
            items[-1][1].append(f"<li>{link}</li>")
        else:
            items.append((link, []))
    subs = [f"<ol>{''.join(own)}</ol>" if own else "" for _, own in items]
    rows = "".join(f"<li>{link}{sub}</li>" for (link, _), sub in zip(items, subs, strict=True))
    return f"<ol>{rows}</ol>"


def _print_button(body: str) -> str:
    """Without scripts it could do nothing: `print.js` shows it."""
    if "<details" not in body:
        return ""
    words = written("Print with folded parts", "접힌 부분까지 인쇄")
    return f'<button type="button" class="print-all" hidden>{words}</button>'
