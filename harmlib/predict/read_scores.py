"""Read a table of scores that `harmlib predict` wrote, with labels that people may have added."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from harmlib.media.ledger import LABELS

_READERS = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
    ".jsonl": lambda path: pd.read_json(path, lines=True),
}
# How a label may be written; a column with empty cells holds its numbers as 1.0 and 0.0.
_LABELS = LABELS | {"1": 1, "0": 0, "1.0": 1, "0.0": 0}


def read_scores(path: Path, modality: str) -> pd.DataFrame:
    """Return the rows of one modality of a table of scores.

    Rows of one group (clips of one source) are not independent; without a column ``group`` each
    row counts for itself.

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


def _as_numbers(labels: pd.Series, path: Path) -> pd.Series:
    known = labels.notna()
    numbers = labels.astype(str).map(_LABELS).where(known)
    odd = labels[known & numbers.isna()]
    if len(odd):
        raise ValueError(
            f"{path}: label {odd.iloc[0]!r}; use harmful or safe, 1 or 0, or leave it empty"
        )
    return numbers
