"""Pictures that stay blurred until a person asks for each: first in grey, then in colour.

They are made for people who look at harmful material all day. The HTML by itself shows a grey picture
of a few pixels, the veil, so nothing becomes clear without CSS, without JavaScript, in print or on
hovering; CSS blurs the veil further. The clear picture is in a data attribute, and the script shows
it on request, in grey before it shows it in colour. How far one press goes is the reader's choice,
which the browser remembers.
"""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path

from PIL import Image

from harmlib.language import Wordings, written

VEIL_HEIGHT = 12  # pixels at most
VEIL_SHRINK = 10  # at least this many times smaller: a low panorama must not stay readable
# What the script says, and what the buttons say that they will do.
WORDS = Wordings(
    {
        "grey": ("Show in grey", "흑백으로 보기"),
        "colour": ("Show in colour", "컬러로 보기"),
        "veil": ("Veil again", "다시 가리기"),
        "enlarge": ("Enlarge", "크게 보기"),
        "veiled-picture": ("Veiled picture", "가려진 사진"),
        "grey-picture": ("Picture in grey", "흑백 사진"),
        "colour-picture": ("Picture in colour", "컬러 사진"),
        "all-veiled": ("All pictures are veiled again.", "모든 사진을 다시 가렸습니다."),
        "enlarged": ("Enlarged picture", "확대한 사진"),
        "previous": ("Previous", "이전"),
        "next": ("Next", "다음"),
        "close": ("Close", "닫기"),
        "position": ("{at} of {of}", "{of}장 중 {at}번째"),
    }
)
_HERE = Path(__file__).parent


def how_to_look() -> str:
    """Say how the pictures are seen, and when they are veiled again.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> how_to_look()
    '<p class="on-screen">사진은 ...</p><noscript>...</noscript>'
    """
    how = written(
        "Pictures are blurred. A button shows only its own picture, first in grey, then in colour, and "
        "says what its next press does. The left and right arrow keys go from picture to picture. Esc, closing an enlarged "
        "picture and leaving this tab veil everything again; in print everything is veiled.",
        "사진은 흐리게 가려져 있습니다. 버튼을 누른 사진만 흑백으로, 다시 누르면 컬러로 보이며, 버튼에는 "
        "다음에 일어날 일이 적혀 있습니다. 왼쪽과 오른쪽 화살표 키로 사진 사이를 옮겨 갑니다. Esc 키를 "
        "누르거나 확대한 사진을 닫거나 이 탭을 떠나면 모두 다시 가려지고, 인쇄물에는 늘 가려진 채로 나옵니다.",
    )
    no_script = written(
        "JavaScript is off in this browser: the pictures stay veiled.",
        "이 브라우저에서는 JavaScript가 꺼져 있어 사진이 가려진 채로 남습니다.",
    )
    return f'<p class="on-screen">{how}</p><noscript><p>{no_script}</p></noscript>'


def left_out() -> str:
    """Say that the page holds no pictures.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> left_out()
    '<p>설정에 따라 사진은 싣지 않았습니다.</p>'
    """
    text = written(
        "The params leave the pictures out.",
        "설정에 따라 사진은 싣지 않았습니다.",
    )
    return f"<p>{text}</p>"


def no_picture() -> str:
    """Say in a picture's place that there is none.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> no_picture()
    '<div class="none">이 항목의 사진이 없습니다.</div>'
    """
    text = written("There is no picture of this item.", "이 항목의 사진이 없습니다.")
    return f'<div class="none">{text}</div>'


def reach_choice() -> str:
    """Write the choice of how far one press goes.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> reach_choice()
    '<label>한 번 누르면 <select class="reach" ...>흑백까지</option>...</select></label>'
    """
    one_press = written("One press shows", "한 번 누르면")
    choices = Wordings({"grey": ("grey", "흑백까지"), "colour": ("colour", "컬러까지")})
    options = "".join(f'<option value="{key}">{text}</option>' for key, text in choices.items())
    return f'<label>{one_press} <select class="reach" autocomplete="off">{options}</select></label>'


def veil_all() -> str:
    """Write the way back for all pictures of the page, and the words that the script needs.

    Returns
    -------
    str
        HTML; the section needs a `[role=status]` beside.

    Examples
    --------
    >>> veil_all()
    '<button type="button" class="veil-all">모든 사진 다시 가리기</button><template class="words">...'
    """
    words = "".join(f'<i data-word="{key}">{escape(text)}</i>' for key, text in WORDS.items())
    return (
        '<button type="button" class="veil-all">'
        f"{written('Veil all pictures again', '모든 사진 다시 가리기')}</button>"
        f'<template class="words">{words}</template>'
    )


def veiled_picture(jpeg: bytes, name: str, about: str, *, embedded: bool = True) -> str:
    """Write a picture that stays blurred until somebody presses its button.

    It needs a `figure` around it, and around that a section of the class `veiled-pictures` with
    `veil_all`, the style and the script.

    Parameters
    ----------
    jpeg : bytes
        The clear picture.
    name : str
        Whose it is, for those who hear the page; with `embedded` the key of the picture.
    about : str
        What is said of the picture besides how it is shown; plain text.
    embedded : bool
        False where an earlier picture of this name in the same section holds the clear one already.

    Returns
    -------
    str
        HTML of the picture and its buttons.

    Raises
    ------
    ValueError
        `jpeg` is no JPEG.
    """
    grey = opened(name, jpeg)
    width, height = grey.size
    clear = f' data-clear="{_base64(jpeg)}"' if embedded else ""
    alt = f"{WORDS['veiled-picture']}, {about}"
    buttons = "".join(
        f'<button type="button" class="{kind}"><span class="does">{WORDS[word]}</span>'
        f'<span class="unseen">: {escape(name)}</span></button>'
        for kind, word in (("reveal", "grey"), ("enlarge", "enlarge"))
    )
    return (
        f'<div class="frame" style="max-width:{width}px;aspect-ratio:{width}/{height}">'
        f'<img class="veil" width="{width}" height="{height}" alt="{escape(alt)}" '
        f'src="data:image/png;base64,{_base64(_veil(grey))}" data-about="{escape(about)}" '
        f'data-picture="{escape(name)}"{clear}></div><div class="of-picture">{buttons}</div>'
    )


def opened(name: str, jpeg: bytes) -> Image.Image:
    """Open a picture in levels of grey.

    Parameters
    ----------
    name : str
        Whose it is, for the error.
    jpeg : bytes
        The picture.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    ValueError
        `jpeg` is no JPEG.

    Examples
    --------
    >>> opened("a.png", b"GIF89a")
    Traceback (most recent call last):
        ...
    ValueError: the picture of 'a.png' is no JPEG: ...
    """
    try:
        return Image.open(io.BytesIO(jpeg), formats=["JPEG"]).convert("L")
    except OSError as error:
        raise ValueError(f"the picture of {name!r} is no JPEG: {error}") from None


def veiled_style() -> str:
    """Return the style of veiled pictures.

    Returns
    -------
    str
        What stands between its tags.

    Examples
    --------
    >>> "</style" in veiled_style()
    False
    """
    return (_HERE / "veiled_pictures.css").read_text(encoding="utf-8")


def veiled_script() -> str:
    """Return the script of veiled pictures, for the page's Content-Security-Policy.

    Returns
    -------
    str
        What stands between its tags.

    Examples
    --------
    >>> "</script" in veiled_script()
    False
    """
    return (_HERE / "veiled_pictures.js").read_text(encoding="utf-8")


def _veil(grey: Image.Image) -> bytes:
    """A PNG of so few pixels that it tells light from dark and no more."""
    shrink = max(VEIL_SHRINK, grey.height / VEIL_HEIGHT)
    size = [max(1, int(side / shrink)) for side in grey.size]
    buffer = io.BytesIO()
    grey.resize(size, Image.Resampling.BOX).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
