"""Labels as people write them: which words mean harmful, which safe."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from harmlib.tables.complaint import TableError
from harmlib.tables.headers import fold
from harmlib.tables.table import Table

HARMFUL = ("harmful", "unsafe", "nsfw", "bad", "positive", "pos", "true", "yes", "y", "1", "1.0",
           "block", "blocked", "violation", "유해", "위험", "위반", "차단", "예", "참")  # fmt: skip
SAFE = ("safe", "harmless", "sfw", "ok", "good", "benign", "clean", "normal", "negative", "neg",
        "false", "no", "n", "0", "0.0", "pass", "allowed", "none",
        "안전", "무해", "정상", "통과", "아니오", "아니요", "거짓")  # fmt: skip
UNKNOWN = ("", "na", "n/a", "#n/a", "nan", "null", "<na>", "?", "unknown", "미정", "모름")
_SHOWN = 8  # words that are listed in a message


def read_labels(
    table: Table, column: str, words: Mapping[str, str], *, needs_both: bool = True
) -> tuple[pd.Series, dict[str, int]]:
    """Read a column of labels.

    Parameters
    ----------
    table : Table
    column : str
        One of its columns.
    words : mapping of str to str
        What the params say: a word of the column, and ``harmful``, ``safe`` or ``unknown``. They
        come before the known words.
    needs_both : bool
        Refuse a column without harmful or without safe items.

    Returns
    -------
    labels : Series of float
        1 (harmful), 0 (safe) or NaN (nobody knows).
    read_as : dict of str to int
        Each word, folded, and what it was read as; -1 for nobody knows.

    Raises
    ------
    TableError
        Words that are not known; the message lists what was read as what.

    Examples
    --------
    >>> from pathlib import Path
    >>> frame = pd.DataFrame({"y": ["유해", "OK", ""]}, index=pd.Index([2, 3, 4], name="line"))
    >>> labels, read_as = read_labels(Table(Path("a.csv"), frame), "y", {})
    >>> labels.tolist(), read_as
    ([1.0, 0.0, nan], {'유해': 1, 'ok': 0, '': -1})
    """
    known = dict.fromkeys(HARMFUL, 1) | dict.fromkeys(SAFE, 0)
    known |= dict.fromkeys(UNKNOWN, -1)
    known |= {fold(word): {"harmful": 1, "safe": 0, "unknown": -1}[m] for word, m in words.items()}
    texts = as_texts(table.frame[column])
    distinct = {text: fold(text) for text in texts.unique()}
    read_as = {folded: known[folded] for folded in distinct.values() if folded in known}
    odd = texts.isin([text for text, folded in distinct.items() if folded not in known])
    if odd.any():
        others = sorted({distinct[t] for t in texts[odd].unique()})
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        told = "; ".join(f"{w!r} as {_MEANS[m]}" for w, m in list(read_as.items())[:_SHOWN])
        table.refuse(
            odd,
            f"column {column!r}: no known label: {', '.join(map(repr, others[:_SHOWN]))}{more}. "
            f"Read so far: {told or 'nothing'}. Say what they mean: "
            f"labels: {{{others[0]}: harmful}} in the params, or --label {others[0]}=harmful "
            "(harmful, safe or unknown for each)",
        )
    codes, words_there = pd.factorize(texts)
    meant = np.array([known[distinct[text]] for text in words_there], np.float64)
    labels = pd.Series(np.where(meant < 0, np.nan, meant)[codes], index=texts.index)
    lacking = [_MEANS[label] for label in (1, 0) if not (labels == label).any()]
    if lacking and needs_both:
        told = "; ".join(f"{word!r} as {_MEANS[meant]}" for word, meant in read_as.items())
        raise TableError(
            f"{table.path}: column {column!r} has no {' and no '.join(lacking)} item "
            f"(read: {told}); a threshold needs both"
        )
    return labels, read_as


_MEANS = {1: "harmful", 0: "safe", -1: "unknown"}


def as_texts(cells: pd.Series) -> pd.Series:
    """Cells of any file as they would stand in a CSV.

    Parameters
    ----------
    cells : Series
        Of texts, numbers or anything else.

    Returns
    -------
    Series of str
        Empty where there is nothing. A whole number has no point.

    Examples
    --------
    >>> as_texts(pd.Series([1.0, None])).tolist(), as_texts(pd.Series(["a", None])).tolist()
    (['1', ''], ['a', ''])
    """
    empty = cells.isna()
    if cells.dtype.kind == "f" and (cells[~empty] == cells[~empty].round()).all():
        cells = cells.astype("Int64")
    return cells.astype("str").mask(empty, "")
