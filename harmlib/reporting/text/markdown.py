"""The little Markdown that sentences use, as HTML: what a sentence quotes from the data is text.

Only what the report's own sentences need is known here: bold, code, links to the run's own pages,
and lists. No HTML and no address with a scheme gets through.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harmlib.reporting.text.cited_numbers import marked_up, settled

# A link leads to a file of the run: no scheme, no host, nothing above the run's folder.
_LINK = re.compile(r"\[([^\[\]]+)\]\(((?!/)(?:(?!\.\./)[\w.\-/#=%])+)\)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_CODE = re.compile(r"`([^`]+)`")


def inline_html(text: str) -> str:
    """Write one sentence as HTML.

    Parameters
    ----------
    text : str
        In which numbers may cite their cells, and names stand as `literal` puts them.

    Returns
    -------
    str

    Examples
    --------
    >>> inline_html("**F1.** <b> `x`, [02](notebooks/02.html), [a](javascript:b)")
    '<strong>F1.</strong> &lt;b&gt; <code>x</code>, <a href="notebooks/02.html">02</a>, [a](javascript:b)'
    """
    parts = _CODE.split(marked_up(text))  # every second one is code, in which nothing else counts
    for i, part in enumerate(parts):
        if i % 2:
            parts[i] = f"<code>{part}</code>"
        else:
            linked = _LINK.sub(r'<a href="\2">\1</a>', part)
            parts[i] = _BOLD.sub(r"<strong>\1</strong>", linked)
    return settled("".join(parts))


def list_html(lines: Sequence[str]) -> str:
    """Write sentences as a list; one alone as a paragraph.

    Parameters
    ----------
    lines : sequence of str
        As `inline_html` takes them.

    Returns
    -------
    str
        Empty without a line.

    Examples
    --------
    >>> list_html(["one"]), list_html(["one", "two"])
    ('<p>one</p>', '<ul><li>one</li><li>two</li></ul>')
    """
    if len(lines) < 2:
        return "".join(f"<p>{inline_html(line)}</p>" for line in lines)
    return f"<ul>{''.join(f'<li>{inline_html(line)}</li>' for line in lines)}</ul>"


def paragraphs_html(paragraphs: Sequence[str]) -> str:
    r"""Write paragraphs; one whose lines begin with a hyphen is a list.

    Parameters
    ----------
    paragraphs : sequence of str
        As `inline_html` takes them.

    Returns
    -------
    str

    Examples
    --------
    >>> paragraphs_html(["one", "- two\n- three"])
    '<p>one</p><ul><li>two</li><li>three</li></ul>'
    """
    found = ""
    for paragraph in paragraphs:
        lines = paragraph.split("\n")
        if all(line.startswith("- ") for line in lines):
            items = "".join(f"<li>{inline_html(line[2:])}</li>" for line in lines)
            found += f"<ul>{items}</ul>"
        else:
            found += f"<p>{inline_html(paragraph)}</p>"
    return found
