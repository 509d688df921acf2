"""A page on which people label a sample: pictures stay blurred, labels come out as a CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from html import escape
from pathlib import Path

import pandas as pd

from harmlib.language import written
from harmlib.reporting.page.veiled_pictures import (
    how_to_look,
    reach_choice,
    veil_all,
    veiled_picture,
    veiled_script,
    veiled_style,
)
from harmlib.tables.csv_output import as_text

CHOICES = {"harmful": "유해", "safe": "안전", "unknown": "모름"}
_HERE = Path(__file__).parent
_HOW = (
    "항목마다 유해, 안전, 모름 가운데 하나를 고르십시오. 보아도 알 수 없으면 비워 두지 말고 모름을 "
    "고르십시오. 항목은 무작위 순서로 놓여 있습니다. 도중에 멈춰도 되지만, 골라서 건너뛰면 추정이 "
    "틀어집니다."
)
_KEYS = "키보드: 1 유해, 2 안전, 3 모름, 0 지우기, J 다음, K 이전, Esc 모든 사진 가리기."
_KEPT = "고른 라벨은 이 브라우저에만 남습니다. 끝나면 CSV를 내려받아 harmlib estimate에 넘기십시오."
_NO_SCRIPT = (
    "이 브라우저에서는 JavaScript가 꺼져 있습니다. 표본 CSV의 label 열에 harmful, safe, unknown을 직접 "
    "적으십시오."
)


def labelling_html(sample: pd.DataFrame, pictures: Mapping[str, bytes], file: str) -> str:
    """Write the main part of the page.

    What the model decided is not shown before the label: who sees it, follows it.

    Parameters
    ----------
    sample : DataFrame
        As `harmlib.analysis.audit_sample.drawing.draw_sample` returns it; label is its last column.
    pictures : mapping of str to bytes
        JPEG bytes by item_id; an item without any is shown by its name.
    file : str
        Name of the CSV that is downloaded.

    Returns
    -------
    str
        HTML for `harmlib.reporting.page.pages.write_html`.

    Raises
    ------
    ValueError
        A picture is no JPEG.

    Examples
    --------
    >>> sample = pd.DataFrame({"item_id": ["=a.jpg"], "category": "", "sample_id": "0f", "label": ""})
    >>> labelling_html(sample, {}, "labels.csv")
    '<h1>...data-header="item_id,category,sample_id,label"...data-row="&#x27;=a.jpg,,0f"...'
    """
    header = _line(list(sample))
    cards = "".join(
        _card(place, row, pictures.get(str(row["item_id"])))
        for place, row in enumerate(sample.to_dict("records"), 1)
    )
    return (
        "<h1>표본 판정</h1>"
        f'<section class="veiled-pictures audit-sample" lang="ko" aria-label="표본" '
        f'data-sample="{escape(str(sample["sample_id"].iloc[0]))}" data-file="{escape(file)}" '
        f'data-header="{escape(header)}"><style>{veiled_style()}{_style()}</style>'
        f'<p>{_HOW}</p><p class="on-screen">{_KEPT}</p><p class="on-screen">{_KEYS}</p>{how_to_look()}'
        f"<noscript><p>{_NO_SCRIPT}</p></noscript>"
        f'<div class="toolbar"><progress max="{len(sample)}" value="0" aria-label="진행"></progress>'
        f'<p class="told" aria-live="polite"></p>'
        '<button type="button" class="download">라벨 CSV 내려받기</button>'
        f"{reach_choice()}{veil_all()}</div>"
        '<p role="status" class="unseen"></p>'
        f'<ul class="cards" role="list">{cards}</ul>'
        f"<script>{veiled_script()}</script><script>{labelling_script()}</script></section>"
    )


def labelling_script() -> str:
    """Return the script of the page, for its Content-Security-Policy.

    Returns
    -------
    str
        What stands between its tags.

    Examples
    --------
    >>> "</script" in labelling_script()
    False
    """
    return (_HERE / "labelling.js").read_text(encoding="utf-8")


def _style() -> str:
    return (_HERE / "labelling.css").read_text(encoding="utf-8")


def _card(place: int, row: Mapping[str, object], jpeg: bytes | None) -> str:
    name = str(row["item_id"])
    category = f" · {row['category']}" if row.get("category") else ""
    picture = '<div class="none">사진이 없습니다. 항목 이름으로 찾아보십시오.</div>'
    if jpeg is not None:
        picture = veiled_picture(jpeg, name, written(f"item {place}", f"항목 {place}"))
    choices = "".join(
        f'<label><input type="radio" name="label{place}" value="{value}">{text}</label>'
        for value, text in CHOICES.items()
    )
    line = _line([cell for column, cell in row.items() if column != "label"])
    return (
        f'<li tabindex="-1" aria-label="항목 {place}" data-row="{escape(line)}"><figure>{picture}'
        f"<figcaption><strong>{place}</strong>{escape(category)}<br>{escape(name)}</figcaption>"
        f'<fieldset><legend class="unseen">항목 {place}의 라벨</legend>{choices}</fieldset>'
        "</figure></li>"
    )


def _line(cells: list[object]) -> str:
    """One row of a CSV, as `harmlib.tables.csv_output` writes it."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow([as_text(cell) if isinstance(cell, str) else cell for cell in cells])
    return text.getvalue().removesuffix("\r\n")
