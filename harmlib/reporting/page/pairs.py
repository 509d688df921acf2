"""Pairs of files that look alike, side by side, each picture blurred until a person asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import pandas as pd

from harmlib.language import Wordings, written
from harmlib.reporting.page.veiled_pictures import (
    how_to_look,
    left_out,
    no_picture,
    reach_choice,
    veil_all,
    veiled_picture,
    veiled_script,
    veiled_style,
)
from harmlib.reporting.text.cited_numbers import Row, html, plain, rows
from harmlib.reporting.text.korean import LABEL, SPLIT

_HERE = Path(__file__).parent
_RULES = Wordings(
    {
        "hash": ("hash", "해시"),
        "cosine": ("vector", "벡터"),
        "both": ("hash and vector", "해시와 벡터"),
    }
)


def pairs_html(pairs: pd.DataFrame, pictures: Mapping[str, bytes] | None, title: str) -> str:
    """Write pairs as an HTML fragment with its own style and script.

    Parameters
    ----------
    pairs : DataFrame
        Rows of `harmlib.analysis.near_duplicates.near_duplicates`; their numbers cite their cells.
    pictures : mapping of str to bytes, or None
        JPEG bytes by item_id. An item without any gets a line of text instead. None leaves all
        pictures out, and the fragment says so.
    title : str
        Becomes a heading of level 4.

    Returns
    -------
    str
        A `section`; empty where there are no pairs.

    Examples
    --------
    >>> pairs = pd.DataFrame({"item_a": ["a.jpg"], "item_b": ["b.jpg"], "split_a": ["test"],
    ...     "split_b": ["train"], "label_a": [1], "label_b": [0], "group_a": ["a"],
    ...     "group_b": ["b"], "hash_distance": [2.0], "cosine": [0.97], "rule": ["both"]})
    >>> pairs_html(pairs, None, "이미지")
    '<section class="veiled-pictures looking-alike wide"...<strong>라벨이 다른 쌍</strong>...<dd>2/256비트</dd>...'
    """
    if pairs.empty:
        return ""
    intro, script = left_out() if pictures is None else "", ""
    if pictures:
        intro = (
            f'{how_to_look()}<div class="choices">{reach_choice()}</div>'
            f'<div class="toolbar">{veil_all()}</div>'
            '<p role="status" class="unseen"></p>'
        )
        script = f"<script>{veiled_script()}</script>"
    cards = "".join(f"<li>{_pair(row, pictures)}</li>" for row in rows(pairs))
    style = veiled_style() + (_HERE / "pairs.css").read_text(encoding="utf-8")
    return (
        f'<section class="veiled-pictures looking-alike wide" lang="{written("en", "ko")}" '
        f'aria-label="{escape(plain(title))}"><style>{style}</style><h4>{html(title)}</h4>{intro}'
        f'<ul class="cards" role="list">{cards}</ul>{script}</section>'
    )


def _pair(row: Row, pictures: Mapping[str, bytes] | None) -> str:
    """Two figures, since each button belongs to the picture of its own, and what both share."""
    kind = written("Pair with the same label", "라벨이 같은 쌍")
    if float(row.label_a) != float(row.label_b):
        kind = written("Pair with different labels", "라벨이 다른 쌍")
    distance = "–"
    if not pd.isna(row.hash_distance):
        bits = f"{row.hash_distance:.3g}/256"
        distance = written(f"{bits} bits", f"{bits}비트")
    facts = {
        written("Hash distance", "해시 거리"): distance,
        written("Cosine", "코사인"): "–" if pd.isna(row.cosine) else f"{row.cosine:.3f}",
        written("Found by", "찾은 규칙"): _RULES[row.rule],
    }
    listed = "".join(f"<dt>{name}</dt><dd>{html(value)}</dd>" for name, value in facts.items())
    sides = "".join(_side(row, side, pictures) for side in ("a", "b"))
    return f'<p><strong>{kind}</strong></p><dl class="shared">{listed}</dl><div class="sides">{sides}</div>'


def _side(row: Row, side: str, pictures: Mapping[str, bytes] | None) -> str:
    item, label = str(row[f"item_{side}"]), LABEL[int(row[f"label_{side}"])]
    split = SPLIT[row[f"split_{side}"]]
    picture = ""
    if pictures is not None:
        picture = no_picture()
        if item in pictures:
            picture = veiled_picture(pictures[item], item, f"{split}, {label}")
    facts = {
        written("Split", "분할"): split,
        written("Label", "라벨"): label,
        written("Item", "항목"): item,
        written("Group", "그룹"): str(row[f"group_{side}"]),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{html(value)}</dd>" for name, value in facts.items())
    return f"<figure>{picture}<figcaption><dl>{listed}</dl></figcaption></figure>"
