"""A gallery of errors whose pictures stay blurred until a person asks for each.

It is made for people who look at harmful material all day. The HTML by itself shows a grey picture
of a few pixels, the veil, so nothing becomes clear without CSS, without JavaScript, in print or on
hovering; CSS blurs the veil further. The clear picture is in a data attribute, and the script shows
it on request.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from html import escape
from pathlib import Path

import pandas as pd
from PIL import Image

from harmlib.analysis.misclassified import COLUMNS
from harmlib.reporting.text.cited_numbers import Row, count, html, plain, rows
from harmlib.reporting.text.korean import LABEL, number, particle

KINDS = {"false_alarm": "오탐", "miss": "미탐"}
MEANINGS = {"false_alarm": "안전한 것을 유해로", "miss": "유해한 것을 안전으로"}
PLACES = {"near": "선에 가까움", "far": "선에서 멂"}

VEIL_HEIGHT = 12  # pixels at most
VEIL_SHRINK = 10  # at least this many times smaller: a low panorama must not stay readable
WIDE = 240  # pixels: with a picture this wide, such as a strip of frames, cards are wider

_HERE = Path(__file__).parent
_HOW = (
    "사진은 흐리게 가려져 있고, 버튼을 누른 사진만 보입니다. 다시 누르거나 Esc 키를 누르거나 이 탭을 "
    "떠나면 다시 가려지고, 인쇄물에는 늘 가려진 채로 나옵니다."
)
_NO_SCRIPT = "이 브라우저에서는 JavaScript가 꺼져 있어 사진이 가려진 채로 남습니다."
_LEFT_OUT = "설정에 따라 사진은 싣지 않았습니다."


def gallery_html(errors: pd.DataFrame, pictures: Mapping[str, bytes] | None, title: str) -> str:
    """Write the gallery as an HTML fragment with its own style and script.

    Several galleries on one page share one set of listeners.

    Parameters
    ----------
    errors : DataFrame
        One row per card, as `instructive_errors` returns them; a column `path` is shown where
        there is one. The numbers cite their cells (see `cited_numbers`).
    pictures : mapping of str to bytes, or None
        JPEG bytes by item_id. An item without any gets a line of text instead. None leaves all
        pictures out, and the gallery says so.
    title : str
        Becomes a heading of level 4, which stands below a section of level 3.

    Returns
    -------
    str
        A `section`.

    Raises
    ------
    ValueError
        A column is missing, a kind or place is unknown, or a picture is no JPEG.

    Examples
    --------
    >>> import pandas as pd
    >>> errors = pd.DataFrame({
    ...     "kind": ["miss"], "place": ["near"], "item_id": ["a.mp4"], "group": ["camera1"],
    ...     "label": [1], "probability": [0.44], "distance": [0.01],
    ... })
    >>> gallery_html(errors, None, "비디오 Model 4")
    '<section class="error-gallery" ...<h4>비디오 Model 4</h4>...<strong>미탐 · 선에
    가까움</strong>...<dt>확률</dt><dd>0.4400</dd>...</section>'
    """
    _check(errors)
    errors = errors.astype({"item_id": str, "group": str})
    images = {i: _open(i, pictures[i]) for i in errors["item_id"] if pictures and i in pictures}
    intro = f"<p>{_LEFT_OUT}</p>" if pictures is None else ""
    script = ""
    if images:
        intro = (
            f'<p class="on-screen">{_HOW}</p><noscript><p>{_NO_SCRIPT}</p></noscript>'
            '<div class="toolbar"><button type="button">모든 사진 다시 가리기</button></div>'
            '<p role="status" class="unseen"></p>'
        )
        script = f"<script>{gallery_script()}</script>"
    wide = " wide" if any(image.width >= WIDE for image in images.values()) else ""
    kinds = ""
    for kind in KINDS:
        own = errors[errors["kind"] == kind]
        cards = [
            ("" if pictures is None else _picture(row, pictures, images))
            + _caption(row, "path" in errors)
            for row in rows(own)
        ]
        kinds += _kind(kind, own, cards)
    return (
        f'<section class="error-gallery{wide}" lang="ko" aria-label="{escape(plain(title))}">'
        f"<style>{(_HERE / 'gallery.css').read_text(encoding='utf-8')}</style>"
        f"<h4>{html(title)}</h4>{intro}{kinds}{script}</section>"
    )


def gallery_script() -> str:
    """Return the script of the galleries, for the page's Content-Security-Policy.

    Returns
    -------
    str
        What stands between its tags.

    Examples
    --------
    >>> "</script" in gallery_script()
    False
    """
    return (_HERE / "gallery.js").read_text(encoding="utf-8")


def _check(errors: pd.DataFrame) -> None:
    missing = [column for column in COLUMNS if column not in errors]
    if missing:
        raise ValueError(f"errors lacks {', '.join(missing)}; pass what instructive_errors returns")
    for column, known in (("kind", KINDS), ("place", PLACES)):
        unknown = sorted(set(errors[column]) - set(known))
        if unknown:
            raise ValueError(f"unknown {column} {unknown[0]!r}; known: {', '.join(known)}")


def _open(item_id: str, jpeg: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(jpeg), formats=["JPEG"]).convert("L")
    except OSError as error:
        raise ValueError(f"the picture of {item_id!r} is no JPEG: {error}") from None


def _kind(kind: str, errors: pd.DataFrame, cards: list[str]) -> str:
    """The heading, count and cards of one kind of error."""
    heading = f"<h5>{KINDS[kind]}({MEANINGS[kind]})</h5>"
    if errors.empty:
        return f"{heading}<p>보여 줄 {particle(KINDS[kind], '이/가')} 없습니다.</p>"
    places = ", ".join(
        f"{name} {count(errors[errors['place'] == place]):,}건" for place, name in PLACES.items()
    )
    figures = "".join(f"<li><figure>{card}</figure></li>" for card in cards)
    return (
        f"{heading}<p>{html(f'{KINDS[kind]} {count(errors):,}건을 보여 줍니다({places}).')}</p>"
        f'<ul class="cards" role="list">{figures}</ul>'
    )


def _caption(row: Row, with_path: bool) -> str:
    facts = {
        "확률": number(row.probability),
        "선까지 거리": number(row.distance),
        "라벨": LABEL[row.label],
        "그룹": str(row.group),
        "항목": str(row.item_id),
    }
    if with_path:
        facts["파일"] = str(row.path)
    listed = "".join(f"<dt>{name}</dt><dd>{html(value)}</dd>" for name, value in facts.items())
    return (
        f"<figcaption><strong>{KINDS[row.kind]} · {PLACES[row.place]}</strong>"
        f"<dl>{listed}</dl></figcaption>"
    )


def _picture(row: Row, pictures: Mapping[str, bytes], images: Mapping[str, Image.Image]) -> str:
    """The veiled picture and its button, or a line of text where there is no picture."""
    if row.item_id not in images:
        return '<div class="none">이 항목의 사진이 없습니다.</div>'
    grey, jpeg = images[row.item_id], pictures[row.item_id]
    width, height = grey.size
    alt = f"가려진 사진, {KINDS[row.kind]}, 확률 {plain(number(row.probability))}"
    return (
        f'<div class="frame" style="max-width:{width}px;aspect-ratio:{width}/{height}">'
        f'<img class="veil" width="{width}" height="{height}" alt="{alt}" '
        f'src="data:image/png;base64,{_base64(_veil(grey))}" data-clear="{_base64(jpeg)}"></div>'
        f'<button type="button" aria-pressed="false">가려진 사진 보기'
        f'<span class="unseen">: {escape(row.item_id)}</span></button>'
    )


def _veil(grey: Image.Image) -> bytes:
    """A PNG of so few pixels that it tells light from dark and no more."""
    shrink = max(VEIL_SHRINK, grey.height / VEIL_HEIGHT)
    size = [max(1, int(side / shrink)) for side in grey.size]
    buffer = io.BytesIO()
    grey.resize(size, Image.Resampling.BOX).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
