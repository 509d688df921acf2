"""Sections of a table of scores: each category and modality is analysed by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

ALL = "all"  # the one section of a table without categories and modalities
_MODALITIES = {
    "image": "image", "images": "image", "picture": "image", "photo": "image", "이미지": "image",
    "사진": "image", "video": "video", "videos": "video", "비디오": "video", "동영상": "video",
    "영상": "video",
}  # fmt: skip
LEFT_OUT_COLUMNS = ("section", "harmful", "safe", "reason")
_FEWEST = 2  # groups of each class in each split; intervals need more, and say so themselves


def in_sections(units: pd.DataFrame) -> pd.DataFrame:
    """Say which sections each unit is in.

    Parameters
    ----------
    units : DataFrame
        Columns unit, label, category and modality (texts, empty where there is none). A unit is
        what gets one label: an item, or an item and a category.

    Returns
    -------
    DataFrame
        Columns unit, section. The section is the modality, the category, or both with a hyphen,
        as a name that can be a part of a file's name; ``all`` where there is neither. A safe unit
        without a category is in the sections of all categories: it is safe in each. A harmful one
        without a category is in none of them, but in ``uncategorized``.

    Examples
    --------
    >>> units = pd.DataFrame({"unit": [0, 1, 2], "label": [1, 1, 0], "modality": "",
    ...                       "category": ["gun", "fire", ""]})
    >>> in_sections(units).groupby("section")["unit"].apply(list).to_dict()
    {'fire': [1, 2], 'gun': [0, 2]}
    """
    known = {m: _MODALITIES.get(m.lower(), m) for m in units["modality"].unique()}
    modality = units["modality"].replace(known)
    category = units["category"]
    if (category == "").all():
        return _named(units["unit"], modality.replace("", ALL))
    everywhere = (category == "") & (units["label"] == 0)
    category = category.mask((category == "") & ~everywhere, "uncategorized")
    own = units.assign(modality=modality, category=category)
    names = own.loc[~everywhere, ["modality", "category"]].drop_duplicates()
    shared = own[everywhere].drop(columns="category").merge(names, on="modality")
    own = pd.concat([own[~everywhere], shared], ignore_index=True)
    joined = own["category"].where(own["modality"] == "", own["modality"] + "-" + own["category"])
    return _named(own["unit"], joined)


def _named(unit: pd.Series, section: pd.Series) -> pd.DataFrame:
    names = distinct_plain_names(sorted(section.unique()))
    return pd.DataFrame({"unit": unit, "section": section.map(names)})


def distinct_plain_names(names: Iterable[str]) -> dict[str, str]:
    """Give each name one that can be a part of a file's name, no two the same.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    dict of str to str
        Letters of any script, digits, ``_``, ``-`` and ``.`` stay.

    Examples
    --------
    >>> distinct_plain_names(["총기/칼", "총기 칼"])
    {'총기/칼': '총기_칼', '총기 칼': '총기_칼_'}
    """
    plain: dict[str, str] = {}
    for name in names:
        safe = re.sub(r"[^\w.-]+", "_", name).strip(".")[:80] or "_"
        while safe in plain.values():
            safe += "_"
        plain[name] = safe
    return plain


def too_small(items: pd.DataFrame) -> pd.DataFrame:
    """List the sections in which there is nothing to choose or to judge.

    Parameters
    ----------
    items : DataFrame
        Columns section, label, group, split.

    Returns
    -------
    DataFrame
        `LEFT_OUT_COLUMNS`; a section with fewer than 2 groups of a class in validation or test.

    Examples
    --------
    >>> items = pd.DataFrame({"section": "gun", "label": [1, 0, 0], "group": list("abc"),
    ...                       "split": ["val", "val", "test"]})
    >>> too_small(items)["reason"].tolist()
    ['1 group(s) with harmful items in val, 0 in test; 1 with safe items in val, 1 in test']
    """
    rows = []
    for section, own in items.groupby("section", sort=False):
        groups = {
            (label, split): own.loc[
                (own["label"] == label) & (own["split"] == split), "group"
            ].nunique()
            for label in (1, 0) for split in ("val", "test")
        }  # fmt: skip
        if min(groups.values()) < _FEWEST:
            rows.append(
                {
                    "section": section,
                    "harmful": int((own["label"] == 1).sum()),
                    "safe": int((own["label"] == 0).sum()),
                    "reason": f"{groups[1, 'val']} group(s) with harmful items in val, "
                    f"{groups[1, 'test']} in test; {groups[0, 'val']} with safe items in val, "
                    f"{groups[0, 'test']} in test",
                }
            )
    return pd.DataFrame(rows, columns=list(LEFT_OUT_COLUMNS))
