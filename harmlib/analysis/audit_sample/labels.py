"""Take labels back: which rows are the sample's, and what people said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harmlib.analysis.audit_sample.drawing import SAMPLE_COLUMNS, sample_id
from harmlib.analysis.design_estimates import Strata
from harmlib.analysis.own_scores.labels import HARMFUL, SAFE, UNKNOWN, as_texts
from harmlib.tables.complaint import TableError
from harmlib.tables.csv_output import unmarked
from harmlib.tables.headers import check_names, fold
from harmlib.tables.numbers import plain_numbers
from harmlib.tables.table import Table, read_table

WORDS = {1.0: "harmful", 0.0: "safe", -1.0: "unknown"}  # as the page writes them
_ROUNDING = 1e-4  # of inclusion probabilities, which spreadsheets cut
_KEY = ["item_id", "category"]


def read_labelled(path: Path) -> pd.DataFrame:
    """Read a sample that people have labelled, and check that it is the whole sample.

    Parameters
    ----------
    path : Path
        The table of `harmlib sample`, its label column filled in, or what its page downloads.

    Returns
    -------
    DataFrame
        Its columns; label is 1 (harmful), 0 (safe), -1 (somebody looked and can't say) or NaN
        (nobody has looked yet).

    Raises
    ------
    TableError
        An unknown label, an item twice, one that was not drawn, rows that are missing, changed
        probabilities, or rows of another sample; the message names the line.

    Examples
    --------
    >>> import tempfile
    >>> row = {"item_id": "a.jpg", "category": "", "modality": "", "group": "a.jpg",
    ...        "decision": "passed", "score": "0.1", "threshold": "0.5", "stratum": "passed 1",
    ...        "stratum_size": 9, "stratum_sampled": 1, "inclusion_probability": 0.111111}
    >>> sample = pd.DataFrame([row])
    >>> sample = sample.assign(sample_id=sample_id(sample), label="모름")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sample.to_csv(Path(folder, "a.csv"), index=False)
    ...     read_labelled(Path(folder, "a.csv"))["label"].tolist()
    [-1.0]
    """
    table = read_table(path, needed=("item_id", "stratum", "label"))
    check_names(list(table.frame), SAMPLE_COLUMNS, (), path)
    if table.frame.empty:
        raise TableError(f"{path}: has no rows")
    table = Table(path, unmarked(table.frame))
    rows = table.frame
    again = rows.duplicated(_KEY)
    if again.any():
        one = rows[again].iloc[0]
        first = rows.index[(rows[_KEY] == one[_KEY]).all(axis=1)][0]
        table.refuse(
            again,
            f"item {one['item_id']!r} is labelled twice (first in line {first}); where two people "
            "labelled it, settle on one label",
        )
    strange = (rows["stratum"] == "") | (rows["sample_id"] == "")
    if strange.any():
        table.refuse(
            strange,
            f"item {table.first('item_id', strange)} was not drawn: it has no stratum. An item "
            "that somebody picked says nothing of the others; remove the row",
        )
    _check_design(table)
    return rows.assign(
        label=_labels(table),
        **{name: rows[name].astype(np.int64) for name in ("stratum_size", "stratum_sampled")},
        inclusion_probability=rows["inclusion_probability"].astype(np.float64),
    )


def _labels(table: Table) -> pd.Series:
    words = as_texts(table.frame["label"]).map(fold)
    known = dict.fromkeys(HARMFUL, 1.0) | dict.fromkeys(SAFE, 0.0) | dict.fromkeys(UNKNOWN, -1.0)
    odd = ~words.isin(list(known))
    if odd.any():
        table.refuse(
            odd,
            f"column 'label': {table.first('label', odd)}; write harmful, safe, unknown (looked "
            "at, can't say), or leave it empty (not looked at yet)",
        )
    return words.map(known | {"": np.nan})


def _check_design(table: Table) -> None:
    """Refuse rows that are not those which were drawn."""
    rows = table.frame
    for name in ("stratum_size", "stratum_sampled", "inclusion_probability"):
        plain = pd.to_numeric(plain_numbers(table, name), errors="coerce")
        whole = name == "inclusion_probability" or (plain == plain.round())
        bad = plain.isna() | (plain <= 0) | ~pd.Series(whole, index=rows.index)
        if bad.any():
            table.refuse(
                bad,
                f"column {name!r} holds {table.first(name, bad)}, which `harmlib sample` didn't "
                "write; take it from the sample's own file",
            )
    size, drawn = (rows[name].astype(float) for name in ("stratum_size", "stratum_sampled"))
    told = rows["inclusion_probability"].astype(float)
    changed = (told - drawn / size).abs() > _ROUNDING * drawn / size
    if changed.any():
        table.refuse(
            changed,
            f"the inclusion probability is {table.first('inclusion_probability', changed)}, but "
            f"{drawn[changed].iloc[0]:g} of {size[changed].iloc[0]:g} items were drawn from this "
            "stratum; take the column from the sample's own file",
        )
    if rows["sample_id"].nunique() > 1:
        odd = rows["sample_id"] != rows["sample_id"].mode().iloc[0]
        table.refuse(odd, "the row is of another sample; estimate each sample by itself")
    found = rows.groupby("stratum")["item_id"].transform("size")
    short = found != drawn
    if short.any():
        one = rows[short].iloc[0]
        more = found[short].iloc[0] > drawn[short].iloc[0]
        table.refuse(
            short,
            f"stratum {one['stratum']!r} has {found[short].iloc[0]} rows, but "
            f"{one['stratum_sampled']} items were drawn from it: "
            + (
                "items were added that were not drawn; remove them"
                if more
                else "rows are missing; leave unlabelled items in, with an empty label"
            ),
        )
    if sample_id(rows) != rows["sample_id"].iloc[0]:
        table.refuse(
            pd.Series(True, index=rows.index),
            f"the rows are not those of sample {rows['sample_id'].iloc[0]}: an item, decision, "
            "threshold or stratum was changed. Copy the labels into the sample's own file",
        )


def check_against(sample: pd.DataFrame, decisions: pd.DataFrame, path: Path) -> None:
    """Refuse a sample that was not drawn from these decisions.

    Parameters
    ----------
    sample : DataFrame
        As `read_labelled` returns it.
    decisions : DataFrame
        What is live now: item_id, category, threshold (text) and flagged.
    path : Path
        Their file, for messages.

    Raises
    ------
    TableError
        Items that aren't there, another threshold or decision, or another number of decisions.

    Examples
    --------
    >>> key = {"item_id": ["a.jpg"], "category": [""], "threshold": ["0.5"]}
    >>> sample = pd.DataFrame(key | {"decision": ["passed"], "stratum": ["passed 1"],
    ...                              "stratum_size": [1]})
    >>> check_against(sample, pd.DataFrame(key | {"flagged": [True]}), Path("a.csv"))
    Traceback (most recent call last):
    harmlib.tables.complaint.TableError: a.csv: 1 items are decided otherwise than in the ...
    """
    live = decisions.set_index(_KEY)
    keys = pd.MultiIndex.from_frame(sample[_KEY])
    gone = ~keys.isin(live.index)
    if gone.any():
        raise TableError(
            f"{path}: lacks {int(gone.sum())} of the sample's items, such as "
            f"{sample['item_id'][gone].iloc[0]!r}; give the table that the sample was drawn from"
        )
    now = live.loc[keys, ["threshold", "flagged"]].reset_index(drop=True)
    then = sample.reset_index(drop=True)
    moved = now["threshold"].astype(float) != then["threshold"].astype(float)
    if moved.any():
        raise TableError(
            f"{path}: the threshold is {now['threshold'][moved].iloc[0]}, but the sample was drawn "
            f"at {then['threshold'][moved].iloc[0]}. Its strata are of those decisions: give the "
            "threshold of then, or draw anew"
        )
    other = now["flagged"] != (then["decision"] == "flagged")
    if other.any():
        raise TableError(
            f"{path}: {int(other.sum())} items are decided otherwise than in the sample, such as "
            f"{then['item_id'][other].iloc[0]!r}; their scores have changed. Draw anew"
        )
    count = int(sample.drop_duplicates("stratum")["stratum_size"].sum())
    if count != len(decisions):
        raise TableError(
            f"{path}: has {len(decisions):,} decisions, but the sample was drawn from {count:,}; "
            "give the table that it was drawn from"
        )


def counted(sample: pd.DataFrame, *, unknown_as: tuple[int, int] | None = None) -> Strata:
    """Count the labels of each stratum.

    Parameters
    ----------
    sample : DataFrame
        As `read_labelled` returns it, or the rows of whole strata.
    unknown_as : (int, int), optional
        What to take an unknown label of a passed and of a flagged item for: 1 harmful, 0 safe.
        Without it they are left out.

    Returns
    -------
    Strata
        In the order of their names.

    Examples
    --------
    >>> sample = pd.DataFrame({"stratum": "passed 1", "stratum_size": 50, "decision": "passed",
    ...                        "label": [0, 0, 1, -1, np.nan]})
    >>> counted(sample).labelled.item(), counted(sample, unknown_as=(1, 0)).harmful.item()
    (3.0, 2.0)
    """
    flagged = (sample["decision"] == "flagged").to_numpy()
    label = sample["label"].to_numpy(np.float64)
    replaced = (
        np.nan if unknown_as is None else np.array(unknown_as, np.float64)[flagged.astype(int)]
    )
    label = np.where(label == -1, replaced, label)
    rows = pd.DataFrame(
        {
            "stratum": sample["stratum"].to_numpy(),
            "size": sample["stratum_size"].to_numpy(np.float64),
            "flagged": flagged,
            "labelled": np.isfinite(label).astype(float),
            "harmful": np.nan_to_num(label),
        }
    ).groupby("stratum")
    whole, sums = rows.first(), rows[["labelled", "harmful"]].sum()
    return Strata(
        whole["size"].to_numpy(),
        whole["flagged"].to_numpy(dtype=bool),
        sums["labelled"].to_numpy(),
        sums["harmful"].to_numpy(),
    )
