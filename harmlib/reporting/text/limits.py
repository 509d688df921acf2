"""What a reader should hold against the results, and what to do next, in Korean.

Each sentence follows a rule over a table; the tables are those of `findings`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.reporting.text.cited_numbers import count, rows
from harmlib.reporting.text.comparisons import baseline_plan
from harmlib.reporting.text.korean import MODALITY, model_name, particle


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
    changes: Mapping[str, pd.DataFrame],
    against_baseline: Mapping[str, pd.DataFrame],
    weights: pd.DataFrame,
) -> list[str]:
    """Say what to do next, as far as the tables show it.

    Parameters
    ----------
    operating_points, changes, against_baseline : mapping of str to DataFrame
        Tables by modality.
    weights : DataFrame
        One row per modality and backbone; column weights.

    Returns
    -------
    list of str
        One item per plan, in Markdown.

    Examples
    --------
    >>> [plan] = plans({}, {}, {}, pd.DataFrame({"weights": ["pretrained"]}))
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
    for modality, table in changes.items():
        unsure = table[table["verdict"] != "moved"]
        if len(unsure):
            names = ", ".join(map(model_name, unsure["variant"].unique()))
            items.append(
                f"**Epoch 사이의 안정성.** {MODALITY[modality]} {names}에서 epoch마다 다른 최적 threshold를 잡음과 "
                "구별하지 못했습니다. 검증 분할의 그룹(원본)을 늘립니다."
            )
    items += [baseline_plan(table, m) for m, table in against_baseline.items()]
    items.append(
        "**추론.** 체크포인트에 저장된 threshold를 새 콘텐츠에 그대로 쓰고, 판정 비율이 검증과 달라지면 다시 고릅니다."
    )
    return [item for item in items if item]
