"""Read a table of scores that `harmlib predict` wrote, with labels that people may have added."""

from __future__ import annotations

from pathlib import Path, PurePath

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.media.ledger import LABELS

BY_FOLDER = "folder"
_READERS = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
    ".jsonl": lambda path: pd.read_json(path, lines=True),
}
# How a label may be written; a column with empty cells holds its numbers as 1.0 and 0.0.
_LABELS = LABELS | {"1": 1, "0": 0, "1.0": 1, "0.0": 0}


def read_scores(path: Path, modality: str) -> pd.DataFrame:
    """Return the rows of one modality of a table of scores.

    Parameters
    ----------
    path : Path
        A table with at least the columns modality and probability: ``.csv``, ``.parquet`` or
        ``.jsonl``.
    modality : {"image", "video"}

    Returns
    -------
    pandas.DataFrame
        The columns of the table. A column ``label`` holds 1 (harmful), 0 (safe) or NaN (unknown).

    Raises
    ------
    ValueError
        For another suffix, a table without the needed columns, or a label of another name.
    """
    if path.suffix not in _READERS:
        raise ValueError(f"{path}: must end in one of {', '.join(_READERS)}")
    table = _READERS[path.suffix](path)
    missing = {"modality", "probability"} - set(table)
    if missing:
        raise ValueError(
            f"{path}: no column {', '.join(sorted(missing))}; give a table of `harmlib predict`"
        )
    table = table[table["modality"] == modality]
    if "label" in table:
        table = table.assign(label=_as_numbers(table["label"], path))
    return table


def with_sources(scores: pd.DataFrame, by: str | None = None) -> tuple[pd.DataFrame, str]:
    """Give each row the source that it comes from, as a column ``group``, where that can be told.

    Rows of one source (clips of one camera, copies of one file) are not independent.

    Parameters
    ----------
    scores : pandas.DataFrame
        As `read_scores` returns it.
    by : str, optional
        A column that names the source (``path``: each file is its own), or ``folder`` for the
        parent folder of ``path``. None: the column ``group`` where there is one, else the parent
        folders where there are at least MIN_GROUPS.

    Returns
    -------
    scores : pandas.DataFrame
        Without a column ``group`` where sources are unknown.
    told_by : str
        The column, ``folder``, or empty where sources are unknown. Near-duplicates in several
        folders are not looked for: that takes the media.

    Raises
    ------
    ValueError
        A column that the table lacks, or that has empty cells.
    """
    if by is None and "group" in scores:
        by = "group"
    if by not in (None, BY_FOLDER):
        if by not in scores:
            raise ValueError(f"no column {by} in the table of scores; it has {', '.join(scores)}")
        if scores[by].isna().any():
            raise ValueError(f"column {by} has {scores[by].isna().sum()} empty cells; name each")
        return scores.assign(group=scores[by]), by
    if "path" not in scores:
        if by:
            raise ValueError("no column path in the table of scores: folders are unknown")
        return scores, ""
    folders = scores["path"].map(lambda path: str(PurePath(path).parent))
    if by == BY_FOLDER or folders.nunique() >= MIN_GROUPS:
        return scores.assign(group=folders), BY_FOLDER
    return scores, ""


def _as_numbers(labels: pd.Series, path: Path) -> pd.Series:
    known = labels.notna()
    numbers = labels.astype(str).map(_LABELS).where(known)
    odd = labels[known & numbers.isna()]
    if len(odd):
        raise ValueError(
            f"{path}: label {odd.iloc[0]!r}; use harmful or safe, 1 or 0, or leave it empty"
        )
    return numbers
