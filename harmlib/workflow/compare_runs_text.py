"""The changes between two runs as plain text, in the order in which people ask."""

from __future__ import annotations

import re

import pandas as pd

from harmlib.analysis.baseline import BASELINE
from harmlib.language import told
from harmlib.workflow.compare_runs import RunChanges

_EXAMPLES = 3
_FIGURES = {
    "operating_threshold": "threshold", "f1": "F1", "average_precision": "AP", "roc_auc": "AUC",
}  # fmt: skip
_CHANGES = {
    "added": ("only in B", "B에만 있음"),
    "removed": ("only in A", "A에만 있음"),
    "sha256": ("with another content", "내용이 다름"),
}
_VERDICTS = {
    "noise": ("no more than noise", "우연으로 볼 수 있는 차이"),
    "change": ("more than noise", "우연으로 보기 어려운 차이"),
}


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
        (told("Parameters", "설정"), changes.params),
        (told("Weights of the backbones", "백본의 가중치"), changes.weights),
        (
            told("Versions, machine, commit, device", "버전, 컴퓨터, 커밋, 장치"),
            changes.environment,
        ),
    ):
        said = told("the same", "같음")
        if not table.empty:
            said = told(f"{len(table)} changed", f"{len(table)}개 달라짐")
        lines += ["", f"{title}: {said}", *key_lines(table)]
    lines += [
        "",
        told(
            "Test split, at the epoch and threshold chosen on validation (A -> B, difference)",
            "시험 분할, 검증에서 고른 epoch와 threshold의 결과(A -> B, 차이)",
        ),
    ]
    pairs = changes.paired.set_index(["modality", "variant"])
    for (modality, variant), rows in changes.figures.groupby(["modality", "variant"], sort=False):
        lines += _variant_lines(modality, variant, rows.set_index("figure"))
        if (modality, variant) in pairs.index:
            lines.append(f"    {_pair_text(pairs.loc[(modality, variant)])}")
    if len(pairs) > 1 and (pairs["verdict"] == "change").any():
        lines += [
            "",
            told(
                "Each interval holds for its variant alone: of many, some exclude 0 by chance.",
                "신뢰구간은 모델마다 따로 구한 것이므로, 여럿이면 우연히 0을 벗어나는 것도 "
                "있습니다.",
            ),
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
        return [
            told(
                f"Data: the same {count_a} items with the same labels, groups and splits",
                f"데이터: 항목 {count_a}개와 라벨, 그룹, 분할이 모두 같음",
            )
        ]
    lines = [
        told(f"Data: {count_a} -> {count_b} items", f"데이터: 항목 {count_a}개 -> {count_b}개")
    ]
    for (change, modality), rows in changes.data.groupby(["change", "modality"], sort=False):
        examples = [
            row.item_id if change in _CHANGES else f"{row.item_id} ({row.a} -> {row.b})"
            for row in rows.head(_EXAMPLES).itertuples()
        ]
        more = ", …" if len(rows) > _EXAMPLES else ""
        what = told(*_CHANGES.get(change, (f"with another {change}", f"{change} 다름")))
        listed = ", ".join(examples) + more
        lines.append(
            told(
                f"  {len(rows)} {modality}(s) {what}: {listed}",
                f"  {modality} {len(rows)}개, {what}: {listed}",
            )
        )
    return lines


def _variant_lines(modality: str, variant: str, table: pd.DataFrame) -> list[str]:
    """Describe one variant's figures: the index of `table`; its columns a, b and difference."""
    baseline = told("baseline (everything flagged)", "기준선(모두 유해로 판정)")
    name = f"{modality} {baseline if variant == BASELINE else variant}"
    missing = table[["a", "b"]].isna().all()
    if missing.any():
        here = "B" if missing["a"] else "A"
        return [told(f"  {name}: only in {here}", f"  {name}: {here}에만 있음")]
    if table["a"].equals(table["b"]):
        known = ", ".join(f"{_FIGURES.get(f, f)} {_number(f, v)}" for f, v in table["a"].items())
        return [told(f"  {name}: the same ({known})", f"  {name}: 같음({known})")]
    lines = [f"  {name}"]
    for figure, row in table.iterrows():
        a, b = _number(figure, row["a"]), _number(figure, row["b"])
        difference = _number(figure, row["difference"], "+")
        lines.append(f"    {_FIGURES.get(figure, figure):<10} {a:>7} -> {b:>6}  {difference:>7}")
    return lines


def _pair_text(row: pd.Series) -> str:
    common = told(
        f"{row['common']} common test items (A has {row['items_a']}, B {row['items_b']})",
        f"공통 시험 항목 {row['common']}개(A {row['items_a']}개, B {row['items_b']}개)",
    )
    if row["verdict"] == "unknown":
        return told(
            f"{common}: no interval; {row['reason']}", f"{common}: 신뢰구간 없음({row['reason']})"
        )
    if row["verdict"] == "same":
        return told(f"F1 on {common}: no difference", f"{common}의 F1: 차이 없음")
    ends = told(
        f"95 % interval {row['low']:+.4f} to {row['high']:+.4f}",
        f"95% 신뢰구간 {row['low']:+.4f}~{row['high']:+.4f}",
    )
    figures = f"{row['difference']:+.4f}, {ends}: {told(*_VERDICTS[row['verdict']])}"
    return told(f"F1 on {common}: {figures}", f"{common}의 F1: {figures}")


def _number(figure: str, value: float, sign: str = "") -> str:
    return "-" if pd.isna(value) else f"{value:{sign}.{0 if figure == 'epoch' else 4}f}"


def _text(value: object) -> str:
    """Shorten a long hash to its beginning; show an empty text as none."""
    return re.sub(r"^([0-9a-f]{12})[0-9a-f]{28,}(\+?)$", r"\1…\2", str(value)) or told(
        "none", "없음"
    )
