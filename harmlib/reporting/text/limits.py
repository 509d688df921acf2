"""What a reader should hold against the results, and what to do next, in Korean.

Each sentence follows a rule over a table; the tables are those of `findings`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.analysis.baseline import BASELINE
from harmlib.reporting.text.cited_numbers import at, count, row, rows
from harmlib.reporting.text.findings import CLEAR_F1
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle


def limits(operating_points: pd.DataFrame, test: pd.DataFrame, modality: str) -> list[str]:
    """Say what a careful reader should hold against the results of one modality.

    Parameters
    ----------
    operating_points, test : DataFrame
    modality : str

    Returns
    -------
    list of str
        One sentence per objection; the last gives the size of the test split.

    Examples
    --------
    >>> points = pd.DataFrame({"variant": ["model4"], "at_grid_edge": "low", "state": "ok",
    ...                        "f1": 0.9, "chosen": True})
    >>> test = pd.DataFrame({"variant": ["model4", "baseline"], "f1": 0.9, "n": 36})
    >>> limits(points, test, "video")
    ['비디오 Model 4는 1개 epoch 중 1개에서 최적 threshold가 격자의 끝에 있습니다. ...', '비디오 시험 분할은 36개 ...']
    """
    name = MODALITY[modality]
    sentences = []
    for variant, own in operating_points.groupby("variant", sort=False):
        who = f"{name} {particle(model_name(variant), '은/는')}"
        edges = own[own["at_grid_edge"] != ""]
        if len(edges):
            sentences.append(
                f"{who} {count(own)}개 epoch 중 {count(edges)}개에서 최적 threshold가 격자의 끝에 있습니다. "
                "실제 최적점은 격자 밖일 수 있습니다."
            )
        if (own["state"] != "ok").any():
            sentences.append(
                f"{who} 모든 항목에 같은 확률을 준 epoch가 있어 그 epoch에서는 threshold를 고를 수 없습니다."
            )
    chosen = operating_points[operating_points["chosen"]]
    for tested in rows(test[test["variant"] != BASELINE]):
        drop = row(chosen, "variant", tested.variant).f1 - tested.f1
        if drop >= CLEAR_F1:
            sentences.append(
                f"{name} {model_name(tested.variant)}의 F1은 검증에서 고른 threshold를 시험에 적용하자 "
                f"{number(drop)}만큼 낮아졌습니다. 검증 F1은 고르는 데 쓰인 만큼 부풀려져 있습니다."
            )
    size = next(rows(test)).n
    sentences.append(f"{name} 시험 분할은 {size:,}개 항목이므로, 구간의 폭을 함께 읽어야 합니다.")
    return sentences


def unusable_files(manifest: pd.DataFrame, ledger: pd.DataFrame) -> str:
    """Say how many files were used, and how many could not be.

    Parameters
    ----------
    manifest : DataFrame
        One row per file that was used.
    ledger : DataFrame
        One row per file that could not be used.

    Returns
    -------
    str

    Examples
    --------
    >>> unusable_files(pd.DataFrame({"item_id": ["a", "b"]}), pd.DataFrame())
    '파일 2개를 썼습니다. 쓰지 못한 파일은 없습니다.'
    """
    used = f"파일 {count(manifest):,}개를 썼습니다."
    if ledger.empty:
        return f"{used} 쓰지 못한 파일은 없습니다."
    return f"{used} 쓰지 못한 파일은 {count(ledger):,}개이며, 이유는 `ledger.csv`에 있습니다."


def plans(
    operating_points: Mapping[str, pd.DataFrame],
    tests: Mapping[str, pd.DataFrame],
    weights: pd.DataFrame,
) -> list[str]:
    """Say what to do next, as far as the tables show it.

    Parameters
    ----------
    operating_points, tests : mapping of str to DataFrame
        Tables by modality.
    weights : DataFrame
        One row per modality and backbone; column weights.

    Returns
    -------
    list of str
        One item per plan, in Markdown.

    Examples
    --------
    >>> [plan] = plans({}, {}, pd.DataFrame({"weights": ["pretrained"]}))
    >>> plan
    '**추론.** 체크포인트에 저장된 threshold를 새 콘텐츠에 그대로 쓰고, ...'
    """
    items = []
    if weights["weights"].str.startswith("untrained").any():
        items.append(
            "**사전 학습된 가중치.** 학습되지 않은 백본을 공식 가중치로 바꿉니다"
            "(`params/full.yaml`의 `weights: pretrained`)."
        )
    at_edge = [
        MODALITY[m] for m, table in operating_points.items() if (table["at_grid_edge"] != "").any()
    ]
    if at_edge:
        items.append(
            f"**격자 확대.** {', '.join(at_edge)} 모델의 최적 threshold가 격자의 끝에 있으므로 "
            "격자를 넓혀 다시 분석합니다(`variants.*.thresholds`)."
        )
    for modality, table in operating_points.items():
        spread = table.groupby("variant")["best_threshold"].agg(lambda s: s.max() - s.min())
        if spread.max() > 0:
            own = table[table["variant"] == spread.idxmax()]
            low = at(own, own["best_threshold"].idxmin()).best_threshold
            high = at(own, own["best_threshold"].idxmax()).best_threshold
            items.append(
                f"**Epoch 사이의 안정성.** {MODALITY[modality]} {model_name(spread.idxmax())}의 최적 threshold가 "
                f"{high - low:.2f} 범위에서 움직였습니다. 이것이 잡음인지 구간 추정으로 확인합니다."
            )
    for modality, test in tests.items():
        baseline = test.loc[test["variant"] == BASELINE, "f1"].iloc[0]
        weak = test[(test["variant"] != BASELINE) & (test["f1"] < baseline + CLEAR_F1)]
        if len(weak):
            names = ", ".join(map(model_name, weak["variant"]))
            items.append(
                f"**기준선.** {MODALITY[modality]} {particle(names, '은/는')} 시험에서 모두 유해로 판정하는 기준선을 "
                "뚜렷이 넘지 못했습니다. 자료와 특징을 보강합니다."
            )
    items.append(
        "**추론.** 체크포인트에 저장된 threshold를 새 콘텐츠에 그대로 쓰고, 판정 비율이 검증과 달라지면 다시 고릅니다."
    )
    return items
