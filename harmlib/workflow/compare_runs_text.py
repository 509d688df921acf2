"""The changes between two runs as plain text, in the order in which people ask."""

from __future__ import annotations

import re

import pandas as pd

from harmlib.analysis.baseline import BASELINE
from harmlib.workflow.compare_runs import RunChanges

_EXAMPLES = 3
_FIGURES = {
    "operating_threshold": "threshold", "f1": "F1", "average_precision": "AP", "roc_auc": "AUC",
}  # fmt: skip
_CHANGES = {"added": "only in B", "removed": "only in A", "sha256": "with another content"}
_VERDICTS = {"noise": "no more than noise", "change": "more than noise"}


def format_changes(changes: RunChanges) -> str:
    """Describe data, parameters, weights, environment, then every variant: A -> B, difference.

    Parameters
    ----------
    changes : RunChanges
        As `harmlib.workflow.compare_runs.compare_runs` returns them.

    Returns
    -------
    str
        Several lines.
    """
    lines = [f"A  {changes.names[0]}", f"B  {changes.names[1]}", "", *_data_lines(changes)]
    for title, table in (
        ("Parameters", changes.params),
        ("Weights of the backbones", changes.weights),
        ("Versions, machine, commit, device", changes.environment),
    ):
        lines += ["", f"{title}: {'the same' if table.empty else f'{len(table)} changed'}"]
        lines += key_lines(table)
    lines += [
        "",
        "Test split, at the epoch and threshold chosen on validation (A -> B, difference)",
    ]
    pairs = changes.paired.set_index(["modality", "variant"])
    for (modality, variant), rows in changes.figures.groupby(["modality", "variant"], sort=False):
        lines += _variant_lines(modality, variant, rows.set_index("figure"))
        if (modality, variant) in pairs.index:
            lines.append(f"    {_pair_text(pairs.loc[(modality, variant)])}")
    if len(pairs) > 1 and (pairs["verdict"] == "change").any():
        lines += [
            "",
            "Each interval holds for its variant alone: of many, some exclude 0 by chance.",
        ]
    return "\n".join(lines)


def key_lines(changed: pd.DataFrame) -> list[str]:
    """Return one line per dotted key whose value changed.

    Parameters
    ----------
    changed : pandas.DataFrame
        Columns key, a, b.

    Returns
    -------
    list of str
        In the order of the table.

    Examples
    --------
    >>> key_lines(pd.DataFrame({"key": ["seed"], "a": [1], "b": [2]}))
    ['  seed: 1 -> 2']
    """
    return [f"  {row.key}: {_text(row.a)} -> {_text(row.b)}" for row in changed.itertuples()]


def _data_lines(changes: RunChanges) -> list[str]:
    count_a, count_b = changes.items
    if changes.data.empty:
        return [f"Data: the same {count_a} items with the same labels, groups and splits"]
    lines = [f"Data: {count_a} -> {count_b} items"]
    for (change, modality), rows in changes.data.groupby(["change", "modality"], sort=False):
        examples = [
            row.item_id if change in _CHANGES else f"{row.item_id} ({row.a} -> {row.b})"
            for row in rows.head(_EXAMPLES).itertuples()
        ]
        more = ", …" if len(rows) > _EXAMPLES else ""
        what = _CHANGES.get(change, f"with another {change}")
        lines.append(f"  {len(rows)} {modality}(s) {what}: {', '.join(examples)}{more}")
    return lines


def _variant_lines(modality: str, variant: str, table: pd.DataFrame) -> list[str]:
    """Describe one variant's figures: the index of `table`; its columns a, b and difference."""
    name = f"{modality} {'baseline (everything flagged)' if variant == BASELINE else variant}"
    missing = table[["a", "b"]].isna().all()
    if missing.any():
        return [f"  {name}: only in {'B' if missing['a'] else 'A'}"]
    if table["a"].equals(table["b"]):
        known = ", ".join(f"{_FIGURES.get(f, f)} {_number(f, v)}" for f, v in table["a"].items())
        return [f"  {name}: the same ({known})"]
    lines = [f"  {name}"]
    for figure, row in table.iterrows():
        a, b = _number(figure, row["a"]), _number(figure, row["b"])
        difference = _number(figure, row["difference"], "+")
        lines.append(f"    {_FIGURES.get(figure, figure):<10} {a:>7} -> {b:>6}  {difference:>7}")
    return lines


def _pair_text(row: pd.Series) -> str:
    of_each = f"(A has {row['items_a']}, B {row['items_b']})"
    if row["verdict"] == "unknown":
        return f"{row['common']} common test items {of_each}: no interval; {row['reason']}"
    common = f"on {row['common']} common test items {of_each}"
    if row["verdict"] == "same":
        return f"F1 {common}: no difference"
    ends = f"95 % interval {row['low']:+.4f} to {row['high']:+.4f}"
    return f"F1 {common}: {row['difference']:+.4f}, {ends}: {_VERDICTS[row['verdict']]}"


def _number(figure: str, value: float, sign: str = "") -> str:
    return "-" if pd.isna(value) else f"{value:{sign}.{0 if figure == 'epoch' else 4}f}"


def _text(value: object) -> str:
    """Shorten a long hash to its beginning; show an empty text as none."""
    return re.sub(r"^([0-9a-f]{12})[0-9a-f]{28,}(\+?)$", r"\1…\2", str(value)) or "none"
