"""Which column of somebody's table is which: a stated list of names, or what the params say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmlib.address import Address
from harmlib.tables.complaint import TableError
from harmlib.tables.headers import check_names, fold

# The role of a column, and the names by which it is known, the likeliest first. Compared as
# `harmlib.tables.headers.fold` does.
ALIASES: Mapping[str, Sequence[str]] = {
    "score": (
        "score", "probability", "prob", "proba", "confidence", "likelihood", "logit", "severity",
        "level", "점수", "확률", "위험도", "신뢰도", "등급",
    ),
    "label": (
        "label", "truth", "ground_truth", "gt", "target", "y_true", "y", "annotation", "harmful",
        "is_harmful", "unsafe", "라벨", "레이블", "정답", "유해", "유해여부", "유해 여부",
    ),
    "label2": (
        "label2", "label_2", "second_label", "rater2", "rater_2", "annotator2", "annotator_2",
        "라벨2", "라벨 2", "두 번째 라벨", "두번째 라벨",
    ),
    "item": (
        "item", "item_id", "id", "content_id", "path", "file", "filename", "file_name", "image",
        "url", "uri", "항목", "아이디", "경로", "파일", "파일명",
    ),
    "model": (
        "model", "model_id", "variant", "detector", "classifier", "system", "provider", "api",
        "모델", "탐지기", "시스템",
    ),
    "category": (
        "category", "harm", "harm_type", "policy", "범주", "카테고리", "유해 유형", "유형",
    ),
    "modality": ("modality", "media", "media_type", "매체", "종류"),
    "group": (
        "group", "source", "origin", "camera", "channel", "account", "uploader", "user", "site",
        "그룹", "출처", "원본", "카메라", "채널", "계정",
    ),
    "split": ("split", "subset", "partition", "분할"),
    "date": ("date", "day", "datetime", "timestamp", "time", "created", "created_at",
             "날짜", "일시", "시각"),
    "count": ("count", "n", "개수", "건수"),
}  # fmt: skip
NEEDED = ("score", "label")
# Names of the reader's own columns: no slice can have one of them.
RESERVED = (
    "item_id", "group", "category", "modality", "model", "split", "date", "label", "label2",
    "native", "unit", "section", "path", "medium", "seed", "fold", "epoch", "variant",
)  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """Which column is read as what.

    Attributes
    ----------
    roles : dict of str to str
        Role of `ALIASES` (but score) and the column that plays it.
    scores : tuple of str
        The columns of scores: one, or one for each model.
    slices : tuple of str
        All others, in the order of the table.
    """

    roles: dict[str, str]
    scores: tuple[str, ...]
    slices: tuple[str, ...]

    @property
    def is_wide(self) -> bool:
        """Whether each model has a column of its own."""
        return len(self.scores) > 1


def find_columns(
    names: Sequence[str],
    given: Mapping[Any, str | list[str]],
    path: Path | Address,
    *,
    needs_label: bool = True,
) -> Columns:
    """Find out which column is which.

    Parameters
    ----------
    names : sequence of str
        The table's columns, folded.
    given : mapping of str to str or list of str
        What the params say: a role, and its column. ``score`` may have several columns, one for
        each model.
    path : Path
        The table's file, for messages.
    needs_label : bool
        Refuse a table without a column of labels.

    Returns
    -------
    Columns
        Without a word in `given` a role is played by the column that has one of its `ALIASES`.
        Where no column has a name of a score, all that begin with ``score_`` or end in ``_score``
        are scores, each of a model.

    Raises
    ------
    TableError
        No score or label, a given column that isn't there, one column for two roles, two columns
        that may both be the score or both the label, or a slice with one of the names `RESERVED`.

    Examples
    --------
    >>> found = find_columns(["id", "확률", "label", "camera", "light"], {}, Path("a.csv"))
    >>> found.roles["group"], found.scores, found.slices
    ('camera', ('확률',), ('light',))
    """
    _check_given(names, given, path)
    roles, scores = {}, _score_columns(names, given, path)
    taken = set(scores) | {fold(c) for c in given.values() if isinstance(c, str)}
    for role, aliases in ALIASES.items():
        if role == "score":
            continue
        if role in given:
            roles[role] = fold(str(given[role]))
            continue
        found = [name for name in aliases if name in names and name not in taken]
        if role == "label" and len(found) > 1:
            raise TableError(_either(path, role, found))
        if found:
            roles[role] = found[0]
            taken.add(found[0])
    if needs_label and "label" not in roles:
        check_names(names, (), ALIASES["label"][:6], path)  # a misspelt one has a better message
        raise TableError(_none(path, "label", names))
    slices = tuple(n for n in names if n not in {*roles.values(), *scores})
    for name in slices:
        if name in RESERVED:
            raise TableError(_reserved(path, name))
    return Columns(roles, scores, slices)


def _check_given(
    names: Sequence[str], given: Mapping[Any, str | list[str]], path: Path | Address
) -> None:
    seen: dict[str, str] = {}
    for role, columns in given.items():
        for column in [columns] if isinstance(columns, str) else columns:
            if fold(column) not in names:
                check_names(names, [fold(column)], (), path)
            if fold(column) in seen:
                raise TableError(
                    f"{path}: the params give column {column!r} as {seen[fold(column)]} and as "
                    f"{role}; a column is read as one thing"
                )
            seen[fold(column)] = role


def _score_columns(
    names: Sequence[str], given: Mapping[Any, str | list[str]], path: Path | Address
) -> tuple[str, ...]:
    if "score" in given:
        columns = given["score"]
        return tuple(map(fold, [columns] if isinstance(columns, str) else columns))
    elsewhere = {fold(c) for c in given.values() if isinstance(c, str)}
    found = [name for name in ALIASES["score"] if name in names and name not in elsewhere]
    if len(found) > 1:
        raise TableError(_either(path, "score", found))
    wide = [n for n in names if n.startswith("score_") or n.endswith("_score")]
    if not found and not wide:
        check_names(names, (), ALIASES["score"][:4], path)
        raise TableError(_none(path, "score", names))
    return tuple(found or wide)


def _either(path: Path | Address, role: str, found: Sequence[str]) -> str:
    shown = " and ".join(map(repr, found))
    return (
        f"{path}: {shown} may each be the {role}; say which one: "
        f"columns: {{{role}: {found[0]}}} in the params, or --column {role}={found[0]}"
    )


def _reserved(path: Path | Address, name: str) -> str:
    roles = [role for role, aliases in ALIASES.items() if name in aliases]
    text = (
        f"{path}: column {name!r} would be one to slice by, but the analysis has a column of that "
        "name itself; rename it in the table"
    )
    for role in roles:
        text += (
            f", or say that it is the {role}: columns: {{{role}: {name}}} in the params, or "
            f"--column {role}={name}"
        )
    return text


def _none(path: Path | Address, role: str, names: Sequence[str]) -> str:
    return (
        f"{path}: no column is known as the {role}; it has {', '.join(names)}. Say which one "
        f"it is: columns: {{{role}: …}} in the params, or --column {role}=…. Known names: "
        f"{', '.join(ALIASES[role])}"
    )
