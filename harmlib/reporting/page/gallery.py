"""A gallery of the errors that teach most: any model's, by kind, their pictures veiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import pandas as pd

from harmlib.analysis.misclassified import COLUMNS
from harmlib.language import written
from harmlib.reporting.page.veiled_pictures import (
    how_to_look,
    left_out,
    no_picture,
    opened,
    reach_choice,
    veil_all,
    veiled_picture,
    veiled_script,
    veiled_style,
)
from harmlib.reporting.text import gallery as says
from harmlib.reporting.text.cited_numbers import Row, html, plain, rows
from harmlib.reporting.text.korean import model_name, number

STRIP = 2.5  # times as wide as high: with a picture like a strip of frames, cards are wider
_HERE = Path(__file__).parent


class _Pictures:
    """The pictures of one gallery: whose are there, and whether the clear one is embedded yet."""

    def __init__(self, pictures: Mapping[str, bytes], names: Sequence[str]) -> None:
        self._jpegs = {name: pictures[name] for name in names if name in pictures}
        self._embedded: set[str] = set()
        sizes = [opened(name, jpeg).size for name, jpeg in self._jpegs.items()]
        self.any, self.any_strip = bool(sizes), any(w > STRIP * h for w, h in sizes)

    def html(self, error: Row) -> str:
        """The veiled picture of an error; its clear one only the first time."""
        name = error.item_id
        if name not in self._jpegs:
            return no_picture()
        about = (
            f"{says.KINDS[error.kind]}, {written('probability', '확률')} "
            f"{plain(number(error.probability))}"
        )
        is_new = name not in self._embedded
        self._embedded.add(name)
        return veiled_picture(self._jpegs[name], name, about, embedded=is_new)


def gallery_html(
    errors: pd.DataFrame,
    pictures: Mapping[str, bytes] | None,
    title: str,
    models: Sequence[str] | None = None,
) -> str:
    """Write the gallery as an HTML fragment with its own style and scripts.

    Several galleries on one page share one set of listeners.

    Parameters
    ----------
    errors : DataFrame
        One row per card, as `instructive_errors` returns them, or with `models` as
        `errors_of_models` does; a column `path` is shown where there is one. The numbers cite their
        cells (see `cited_numbers`).
    pictures : mapping of str to bytes, or None
        JPEG bytes by item_id; an item's picture is in the page once, however many models it is
        shown for. An item without any gets a line of text instead. None leaves all pictures out,
        and the gallery says so.
    title : str
        Becomes a heading of level 4, which stands below a section of level 3.
    models : sequence of str, optional
        Variants to choose from; the first is shown until a person chooses another.

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
    ...     "label": [1], "probability": [0.44], "threshold": [0.45], "distance": [0.01],
    ...     "total": [1],
    ... })
    >>> gallery_html(errors, None, "비디오 Model 4")
    '<section class="veiled-pictures error-gallery" ...<h4>비디오 Model 4</h4>...<strong>미탐 ·
    threshold와의 차이 작음</strong>...<dt>확률</dt><dd>0.4400</dd>...</section>'
    """
    _check(errors, models)
    errors = errors.astype({"item_id": str, "group": str})
    drawn = None if pictures is None else _Pictures(pictures, errors["item_id"].tolist())
    cards = (
        _kinds(errors, drawn)
        if models is None
        else "".join(_of_model(m, errors[errors["variant"] == m], drawn) for m in models)
    )
    has_pictures = drawn is not None and drawn.any
    choices = "" if models is None else _choice(models)
    back = ""
    if has_pictures:
        choices += reach_choice()
        back = f'<div class="toolbar">{veil_all()}</div>'
    scripts = [veiled_script()] * has_pictures + [gallery_script()] * (models is not None)
    wide = " wide" if drawn is not None and drawn.any_strip else ""
    return (
        f'<section class="veiled-pictures error-gallery{wide}" lang="{written("en", "ko")}" '
        f'aria-label="{escape(plain(title))}">'
        f"<style>{veiled_style()}{gallery_style()}</style><h4>{html(title)}</h4>"
        f"{left_out() if drawn is None else how_to_look() if has_pictures else ''}"
        f"<p>{says.near_and_far()}</p>"
        + (f'<div class="choices">{choices}</div>{back}' if choices else "")
        + ('<p role="status" class="unseen"></p>' if choices else "")
        + cards
        + "".join(f"<script>{script}</script>" for script in scripts)
        + "</section>"
    )


def gallery_style() -> str:
    """Return the style of the galleries, besides that of veiled pictures.

    Returns
    -------
    str
        What stands between its tags.

    Examples
    --------
    >>> "</style" in gallery_style()
    False
    """
    return (_HERE / "gallery.css").read_text(encoding="utf-8")


def gallery_script() -> str:
    """Return the script of the galleries' choices, for the page's Content-Security-Policy.

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


def _check(errors: pd.DataFrame, models: Sequence[str] | None) -> None:
    needed = [*COLUMNS] if models is None else ["variant", *COLUMNS]
    missing = [column for column in needed if column not in errors]
    if missing:
        raise ValueError(f"errors lacks {', '.join(missing)}; pass what instructive_errors returns")
    known_values = {"kind": says.KINDS, "place": says.PLACES}
    for column, known in known_values.items():
        unknown = sorted(set(errors[column]) - set(known))
        if unknown:
            raise ValueError(f"unknown {column} {unknown[0]!r}; known: {', '.join(known)}")


def _choice(models: Sequence[str]) -> str:
    """Whose errors, and of which kind."""
    of_model = "".join(
        f'<option value="{escape(m)}">{escape(model_name(m))}</option>' for m in models
    )
    of_kind = "".join(
        f'<option value="{kind}">{text}</option>' for kind, text in says.KINDS.items()
    )
    return (
        f"<label>{written('Model', '모델')} "
        f'<select class="model" autocomplete="off">{of_model}</select></label> '
        f"<label>{written('Errors', '오류')} "
        f'<select class="kind" autocomplete="off"><option value="">{written("All", "모두")}</option>'
        f"{of_kind}</select></label> "
    )


def _of_model(model: str, errors: pd.DataFrame, pictures: _Pictures | None) -> str:
    return (
        f'<div class="of-model" data-model="{escape(model)}">'
        f"<p>{html(says.model_sentence(model, errors))}</p>{_kinds(errors, pictures)}</div>"
    )


def _kinds(errors: pd.DataFrame, pictures: _Pictures | None) -> str:
    return "".join(_kind(kind, errors[errors["kind"] == kind], pictures) for kind in says.KINDS)


def _kind(kind: str, errors: pd.DataFrame, pictures: _Pictures | None) -> str:
    """The heading, count and cards of one kind of error."""
    figures = "".join(
        f"<li><figure>{'' if pictures is None else pictures.html(row)}"
        f"{_caption(row, 'path' in errors)}</figure></li>"
        for row in rows(errors)
    )
    cards = f'<ul class="cards" role="list">{figures}</ul>' if figures else ""
    return (
        f'<div class="of-kind" data-kind="{kind}"><h5>{says.MEANINGS[kind]}</h5>'
        f'<p class="told">{html(says.kind_sentence(kind, errors))}</p>{cards}</div>'
    )


def _caption(row: Row, with_path: bool) -> str:
    listed = "".join(
        f"<dt>{name}</dt><dd>{html(value)}</dd>"
        for name, value in says.facts(row, with_path).items()
    )
    return (
        f"<figcaption><strong>{says.KINDS[row.kind]} · {says.PLACES[row.place]}</strong>"
        f"<dl>{listed}</dl></figcaption>"
    )
