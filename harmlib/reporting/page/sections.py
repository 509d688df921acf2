"""How a page holds more than it shows at once: folded parts, and tabs.

Both need no script: a fold is the browser's own, and without a script all panels of tabs stand below
each other with their headings, as they do on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from harmlib.reporting.text.markdown import inline_html


def fold_html(anchor: str, title: str, brief: str, body: str) -> str:
    """Fold a part away behind its heading and one sentence that says what it holds.

    Parameters
    ----------
    anchor : str
        What links lead to: `#anchor`, in letters, digits and hyphens.
    title : str
        The heading, plain text.
    brief : str
        The sentence, as `harmlib.reporting.text.markdown.inline_html` takes it.
    body : str
        HTML of what is folded.

    Returns
    -------
    str
        A `details` element; the heading in its summary bears the anchor.

    Examples
    --------
    >>> fold_html("floors", "Recall 하한", "하한 0.90을 지킵니다.", "<p>표</p>")
    '<details class="fold"><summary><h3 id="floors">Recall 하한</h3><span class="brief">하한 0.90을
    지킵니다.</span></summary><div class="folded"><p>표</p></div></details>'
    """
    return (
        f'<details class="fold"><summary><h3 id="{escape(anchor)}">{escape(title)}</h3>'
        f'<span class="brief">{inline_html(brief)}</span></summary>'
        f'<div class="folded">{body}</div></details>'
    )


def tabs_html(label: str, panels: Sequence[tuple[str, str]]) -> str:
    """Put panels side by side, of which a reader sees one at a time.

    Parameters
    ----------
    label : str
        What the panels are of, for screen readers.
    panels : sequence of (str, str)
        Name and HTML of each; one alone stands without a tab.

    Returns
    -------
    str
        A `div` of sections with headings, which `tabs.js` turns into tabs; empty without panels.

    Examples
    --------
    >>> tabs_html("결과", [("비디오", "<p>1</p>"), ("이미지", "<p>2</p>")])
    '<div class="tabs" role="group" aria-label="결과"><section class="panel"><h4>비디오</h4><p>1</p></section>...'
    >>> tabs_html("결과", [("비디오", "<p>1</p>")])
    '<p>1</p>'
    """
    if len(panels) < 2:
        return "".join(body for _, body in panels)
    sections = "".join(
        f'<section class="panel"><h4>{escape(name)}</h4>{body}</section>' for name, body in panels
    )
    return f'<div class="tabs" role="group" aria-label="{escape(label)}">{sections}</div>'
