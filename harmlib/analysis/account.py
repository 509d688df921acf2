"""Where every file went: in = used + rows of the ledger, and what the lost ones could change.

`account` counts and refuses to go on where a file is nowhere; `worst_and_best` says how far figures
on test could move if the lost files had been judged wrongly, or rightly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd

NAMED = 5  # items that a message names
COUNTS = ("tp", "fp", "fn", "tn")
BOUNDED = ("recall", "precision", "f1", "accuracy")
_LEFT_OUT = "left out to reach"  # such rows are no losses: the params asked for fewer files


class AccountError(ValueError):
    """Files that went in are neither used nor in the ledger, or both; the message names them."""


def check_sum(files: Iterable[str], used: Iterable[str], ledger: Iterable[str], what: str) -> None:
    """Check that each file is either used or in the ledger, and is that once.

    Parameters
    ----------
    files : iterable of str
        Names of all files that went in. A name that went in twice must come out twice.
    used : iterable of str
        Names of those that are used.
    ledger : iterable of str
        Names of those that the ledger has.
    what : str
        What went in where, for the message, such as ``listed videos``.

    Raises
    ------
    AccountError
        With the names that are unaccounted for.

    Examples
    --------
    >>> check_sum(["a", "b"], ["a"], ["b"], "listed images")
    >>> check_sum(["a", "b", "c"], ["a"], [], "listed images")
    Traceback (most recent call last):
        ...
    harmlib.analysis.account.AccountError: of 3 listed images 1 used + 0 ...; nowhere: 'b', 'c'
    """
    into, kept, lost = Counter(files), Counter(used), Counter(ledger)
    nowhere = into - (kept + lost)
    too_often = (kept + lost) - into
    if not nowhere and not too_often:
        return
    text = f"of {into.total():,} {what} {kept.total():,} used + {lost.total():,} in the ledger"
    both = Counter({name: n for name, n in too_often.items() if name in kept and name in lost})
    for words, names in (
        ("nowhere", nowhere),
        ("both used and in the ledger", both),
        ("used more than once, or never there", too_often - both),
    ):
        if names:
            text += f"; {words}: {_named(names)}"
    raise AccountError(text)


def _named(names: Counter[str]) -> str:
    first = ", ".join(ascii(name) for name in sorted(names)[:NAMED])
    more = len(names) - NAMED
    return f"{first} and {more:,} more" if more > 0 else first


def count_listed(
    listed: Mapping[str, pd.DataFrame], manifest: pd.DataFrame, ledger: pd.DataFrame
) -> pd.DataFrame:
    """Check the files that were listed against those that came out of probing, and count them.

    Parameters
    ----------
    listed : mapping of str to DataFrame
        By modality, one row per listed file: path, label (`harmful` or `safe`).
    manifest : DataFrame
        One row per file that is used: item_id (the listed path), modality, label (0/1).
    ledger : DataFrame
        One row per file that is not: path (as listed), modality.

    Returns
    -------
    DataFrame
        One row per modality and label: modality, label (0/1), listed.

    Raises
    ------
    AccountError
        Where the sum doesn't hold; the message names the files.

    Examples
    --------
    >>> listed = pd.DataFrame({"path": ["a", "b"], "label": ["harmful", "safe"]})
    >>> manifest = pd.DataFrame({"item_id": ["a"], "modality": "image", "label": 1})
    >>> ledger = pd.DataFrame({"path": ["b"], "modality": "image", "label": "safe"})
    >>> count_listed({"image": listed}, manifest, ledger)
      modality  label  listed
    0    image      1       1
    1    image      0       1
    """
    rows = []
    for modality, files in listed.items():
        own = manifest[manifest["modality"] == modality]
        lost = ledger[ledger["modality"] == modality]
        check_sum(files["path"], own["item_id"], lost["path"], f"listed {modality}s")
        rows += [
            (modality, label, int((files["label"] == name).sum()))
            for label, name in ((1, "harmful"), (0, "safe"))
        ]
    return pd.DataFrame(rows, columns=["modality", "label", "listed"])


def account(
    listed: pd.DataFrame,
    manifest: pd.DataFrame,
    ledger: pd.DataFrame,
    scores: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """Count the files of a run at every step, by modality, class and split.

    Parameters
    ----------
    listed : DataFrame
        As `count_listed` returns it.
    manifest : DataFrame
        One row per file that was probed and split: item_id, path, modality, label (0/1), split.
    ledger : DataFrame
        Of all steps: path, modality, label (`harmful` or `safe`), step (`data` or `extract`),
        reason. Rows of `extract` name the manifest's path.
    scores : mapping of str to DataFrame
        By modality, one row per item of validation and test, variant and epoch: item_id, split,
        variant, epoch.

    Returns
    -------
    DataFrame
        One row per modality, label and split, and one with the split ``unknown`` for files that
        were lost before they were split: modality, label (0/1), split, files (that went in),
        left_out (on purpose, to reach a ratio), unusable (lost in probing), failed (lost in
        extraction), used, scored (missing for the training split, which has no scores), state
        (`ok`: files = left_out + unusable + failed + used, and used = scored).

    Raises
    ------
    AccountError
        Where a sum doesn't hold; the message names the files.

    Examples
    --------
    >>> listed = pd.DataFrame({"modality": "image", "label": [1, 0], "listed": [2, 1]})
    >>> manifest = pd.DataFrame({"item_id": ["a", "b"], "path": ["/a", "/b"], "modality": "image",
    ...                          "label": [1, 0], "split": "train"})
    >>> ledger = pd.DataFrame({"path": ["c"], "modality": "image", "label": "harmful",
    ...                        "step": "data", "reason": "empty file"})
    >>> table = account(listed, manifest, ledger, {})
    >>> table[table["files"] > 0][["label", "split", "files", "unusable", "used", "state"]]
       label    split  files  unusable  used state
    0      1    train      1         0     1    ok
    3      1  unknown      1         1     0    ok
    4      0    train      1         0     1    ok
    """
    rows: list[tuple[object, ...]] = []
    for modality in dict.fromkeys(listed["modality"]):
        own = manifest[manifest["modality"] == modality]
        lost = ledger[ledger["modality"] == modality]
        early, late = lost[lost["step"] == "data"], lost[lost["step"] == "extract"]
        failed = own["path"].isin(set(late["path"]))
        used = own[~failed]
        known = set(own["path"])
        strange = [path for path in late["path"] if path not in known]
        check_sum([], [], strange, f"probed {modality}s")
        _check_scores(used, scores.get(modality), modality)
        rows += _rows(modality, listed, own, failed, early)
    return pd.DataFrame(
        rows,
        columns=["modality", "label", "split", "files", "left_out", "unusable", "failed", "used",
                 "scored", "state"],
    ).astype({"scored": "Int64"})  # fmt: skip


def _check_scores(used: pd.DataFrame, scores: pd.DataFrame | None, modality: str) -> None:
    """Each variant has scored each item of validation and test once at each epoch."""
    if scores is None:
        return
    expected = used.loc[used["split"] != "train", "item_id"]
    items = pd.Index(expected)
    for (variant, epoch), one in scores.groupby(["variant", "epoch"], sort=False):
        if len(one) == len(items) and items.isin(one["item_id"]).all():
            continue
        what = f"{modality}s that {variant} was to score at epoch {epoch}"
        check_sum(expected, one["item_id"], [], what)


def _rows(
    modality: str, listed: pd.DataFrame, own: pd.DataFrame, failed: pd.Series, early: pd.DataFrame
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    asked = early["reason"].str.startswith(_LEFT_OUT).astype(bool)
    for label, name in ((1, "harmful"), (0, "safe")):
        mine = own["label"] == label
        for split in ("train", "val", "test"):
            here = mine & (own["split"] == split)
            lost = int((here & failed).sum())
            used = int(here.sum()) - lost
            scored = pd.NA if split == "train" else used  # `_check_scores` has seen to it
            rows.append((modality, label, split, used + lost, 0, 0, lost, used, scored, "ok"))
        gone = early["label"] == name
        left_out = int((gone & asked).sum())
        before = int(gone.sum())
        went_in = int(
            listed.loc[
                (listed["modality"] == modality) & (listed["label"] == label), "listed"
            ].sum()
        )
        if went_in != int(mine.sum()) + before:
            raise AccountError(
                f"{went_in:,} {name} {modality}s were listed, but {int(mine.sum()):,} in the "
                f"manifest + {before:,} in the ledger are {int(mine.sum()) + before:,}; run "
                "00_data again"
            )
        rows.append(
            (modality, label, "unknown", before, left_out, before - left_out, 0, 0, pd.NA, "ok")
        )
    return rows


def lost_files(table: pd.DataFrame, modality: str, *, only_test: bool) -> tuple[int, int]:
    """Count the harmful and the safe files that were lost, and might have been in the test split.

    Parameters
    ----------
    table : DataFrame
        As `account` returns it.
    modality : str
    only_test : bool
        Count those that are known to be of the test split; else also those that were lost before
        they had a split, all of them.

    Returns
    -------
    harmful, safe : int

    Examples
    --------
    >>> table = pd.DataFrame({"modality": "video", "label": [1, 0], "split": ["test", "unknown"],
    ...                       "unusable": [0, 3], "failed": [2, 0]})
    >>> lost_files(table, "video", only_test=True), lost_files(table, "video", only_test=False)
    ((2, 0), (2, 3))
    """
    own = table[(table["modality"] == modality) & table["split"].isin(
        ["test"] if only_test else ["test", "unknown"])]  # fmt: skip
    lost = (own["unusable"] + own["failed"]).groupby(own["label"]).sum()
    return int(lost.get(1, 0)), int(lost.get(0, 0))


def worst_and_best(
    counts: Mapping[str, int], harmful: int, safe: int, unknown: int = 0
) -> pd.DataFrame:
    """Bound the figures on test, whatever the lost files would have been judged as.

    Parameters
    ----------
    counts : mapping of str to int
        tp, fp, fn, tn on the files that were judged.
    harmful, safe : int
        Files of each class that were lost.
    unknown : int
        Lost ones whose class nobody knows: each figure takes them as what is worst, or best, for
        it.

    Returns
    -------
    DataFrame
        One row per figure of BOUNDED: metric, value, low (every lost file judged wrongly: the
        harmful ones missed, the safe ones false alarms), high (every one judged rightly). NaN
        where a figure has no denominator: nothing can be said of it.

    Examples
    --------
    >>> worst_and_best({"tp": 8, "fp": 2, "fn": 2, "tn": 8}, harmful=2, safe=0).round(3)
          metric  value    low   high
    0     recall    0.8  0.667  0.833
    1  precision    0.8  0.800  0.833
    2         f1    0.8  0.727  0.833
    3   accuracy    0.8  0.727  0.818
    """
    tp, fp, fn, tn = (int(counts[name]) for name in COUNTS)
    value = _figures(tp, fp, fn, tn)
    low = _figures(tp, fp + safe + unknown, fn + harmful, tn)
    low[BOUNDED.index("recall")] = _share(tp, tp + fn + harmful + unknown)
    high = _figures(tp + harmful + unknown, fp, fn, tn + safe)
    return pd.DataFrame({"metric": BOUNDED, "value": value, "low": low, "high": high})


def _figures(tp: int, fp: int, fn: int, tn: int) -> list[float]:
    return [
        _share(tp, tp + fn),
        _share(tp, tp + fp),
        _share(2 * tp, 2 * tp + fp + fn),
        _share(tp + tn, tp + fp + fn + tn),
    ]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def lost_bounds(table: pd.DataFrame, test: pd.DataFrame, modality: str) -> pd.DataFrame:
    """Bound the figures of every variant on test, for two readings of what was lost.

    Parameters
    ----------
    table : DataFrame
        As `account` returns it.
    test : DataFrame
        One row per variant on the test split: variant, tp, fp, fn, tn.
    modality : str
        Whose test split it is.

    Returns
    -------
    DataFrame
        One row per variant, reading and figure: variant, lost (`test`: files known to be of the
        test split; `all`: these and all that were lost before they had a split), harmful, safe
        (lost files), metric, value, low, high. A reading without a lost file has no row.

    Examples
    --------
    >>> lost = pd.DataFrame({"modality": "video", "label": [1, 0], "split": ["test", "unknown"],
    ...                      "unusable": [0, 3], "failed": [2, 0]})
    >>> test = pd.DataFrame({"variant": ["model4"], "tp": 8, "fp": 2, "fn": 2, "tn": 8})
    >>> lost_bounds(lost, test, "video").query("metric == 'recall'")[["lost", "low"]].round(3)
       lost    low
    0  test  0.667
    4   all  0.667
    """
    found = []
    for row in test.to_dict("records"):
        for reading, only_test in (("test", True), ("all", False)):
            harmful, safe = lost_files(table, modality, only_test=only_test)
            if harmful + safe:
                bounds = worst_and_best(row, harmful, safe)
                about = {"variant": row["variant"], "lost": reading, "harmful": harmful}
                found.append(bounds.assign(**about, safe=safe))
    columns = ["variant", "lost", "harmful", "safe", "metric", "value", "low", "high"]
    if not found:
        return pd.DataFrame(columns=columns)
    return pd.concat(found, ignore_index=True)[columns]
