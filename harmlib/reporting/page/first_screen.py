"""The first screen as HTML: one look that decides. Its style is `first_screen.css`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from html import escape

from IPython.display import HTML

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import html
from harmlib.reporting.text.coded_findings import Finding, in_order
from harmlib.reporting.text.first_screen_cards import Card, Tile
from harmlib.reporting.text.first_screen_states import BADGES, Chip
from harmlib.reporting.text.markdown import inline_html


def first_screen(
    source: str,
    chips: Sequence[Chip],
    cards: Iterable[tuple[Card, str]],
    found: Iterable[Finding],
    notes: Iterable[str] = (),
    mute: Collection[str] = (),
) -> HTML:
    """Put together what a reader sees first, and what print puts on page one.

    Parameters
    ----------
    source : str
        Which run, of which day, from which data; like every text here it may hold cited numbers.
    chips : sequence of Chip
        The states of the run.
    cards : iterable of (Card, str)
        What is recommended for each section, and the HTML of its figure.
    found : iterable of Finding
        All findings; they are folded away below the cards.
    notes : iterable of str
        Sentences on what the numbers are, below the findings.
    mute : collection of str
        Codes of findings to leave out.

    Returns
    -------
    HTML
        One `div`.

    Examples
    --------
    >>> first_screen("실행 demo", [Chip("ok", "모든 파일 사용", "files")], [], []).data
    '<div class="first"><p class="source">실행 demo</p><ul class="chips" aria-label="상태"><li
    class="state-ok"><a href="#files"><b>양호</b> 모든 파일 사용</a></li></ul><div
    class="cards"></div></div>'
    """
    drawn = "".join(_card(card, figure) for card, figure in cards)
    return HTML(
        f'<div class="first"><p class="source">{html(source)}</p>'
        f'<ul class="chips" aria-label="{written("States", "상태")}">'
        f"{''.join(map(_chip, chips))}</ul>"
        f'<div class="cards">{drawn}</div>'
        f"{_findings([one for one in in_order(found) if one.code not in mute], list(notes))}</div>"
    )


def _chip(chip: Chip) -> str:
    text = f"<b>{escape(chip.badge)}</b> {html(chip.text)}"
    if chip.anchor:
        text = f'<a href="#{escape(chip.anchor)}">{text}</a>'
    return f'<li class="state-{chip.state}">{text}</li>'


def _card(card: Card, figure: str) -> str:
    verdict = written("Recommended", "추천") if card.recommended else written("On hold", "보류")
    state = "recommended" if card.recommended else "held"
    return (
        f'<section class="card {state}"><h2><span class="section">{html(card.section)}</span>'
        f'<span class="stamp">{verdict}</span></h2>'
        f'<p class="headline">{html(card.headline)}</p><p class="reason">{html(card.reason)}</p>'
        f'<dl class="tiles">{"".join(map(_tile, card.tiles))}</dl>{figure}'
        f'<p class="judged">{html(card.judged)}</p></section>'
    )


def _tile(tile: Tile) -> str:
    return (
        f"<div><dt>{html(tile.name)}</dt><dd><strong>{html(tile.value)}</strong>"
        f"<small>{html(tile.more)}</small></dd></div>"
    )


def _findings(found: Sequence[Finding], notes: Sequence[str]) -> str:
    """The findings with their codes, and notes, behind one line."""
    if not found and not notes:
        return ""
    title = written(
        f"{len(found)} findings with their codes, and what the numbers are",
        f"발견 사항 {len(found)}개와 코드, 수치를 구한 방법",
    )
    items = "".join(
        f'<li class="state-{one.severity}"><b>{escape(BADGES[one.severity])}</b> '
        f"<code>{escape(one.code)}</code> {inline_html(one.sentence)}</li>"
        for one in found
    )
    more = "".join(f"<p>{inline_html(note)}</p>" for note in notes)
    items = f"<ul>{items}</ul>" if items else ""
    return f'<details class="findings"><summary>{title}</summary>{items}{more}</details>'
