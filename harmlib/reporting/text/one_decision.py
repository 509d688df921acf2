"""One decision explained and made again, in Korean.

`decision` is an entry of the log of decisions; `root` is the folder that the names of files start
from.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from harmlib.address import Address
from harmlib.reporting.text.cited_numbers import literal
from harmlib.reporting.text.korean import LABEL, backbone_name, number, particle, signed
from harmlib.reporting.text.verdicts import DECISIONS, short_name


def decision_sentences(decision: Mapping[str, Any], root: Path | Address) -> list[str]:
    """Describe one decision, and which threshold would have changed it.

    Parameters
    ----------
    decision : mapping
    root : Path or Address

    Returns
    -------
    list of str

    Examples
    --------
    >>> decision = {"id": "abc", "path": "/new/a.mp4", "decision": "safe", "probability": 0.4,
    ...             "threshold": 0.5, "contributions": {"clip": 0.1, "yolo": -0.7}}
    >>> decision_sentences(decision, Path("/new"))[1]
    'threshold가 0.400000보다 낮았다면 유해로 판정했을 것입니다.'
    """
    probability, threshold = decision["probability"], decision["threshold"]
    verdict = DECISIONS[decision["decision"]]
    turn = (
        f"threshold가 {number(probability, 6)} 이상이었다면 안전으로 판정했을 것입니다."
        if decision["decision"] == "harmful"
        else f"threshold가 {number(probability, 6)}보다 낮았다면 유해로 판정했을 것입니다."
    )
    largest = max(decision["contributions"].items(), key=lambda pair: abs(pair[1]))
    side = "유해" if largest[1] > 0 else "안전"
    return [
        f"{literal(short_name(decision['path'], root))}: {particle(verdict, '으로/로')} 판정했습니다. 확률 "
        f"{number(probability)}, threshold {number(threshold)}, 둘의 차이 "
        f"{signed(probability - threshold)}입니다. 판정 번호는 {decision['id']}입니다.",
        turn,
        f"평균적인 학습 항목과 비교해 판정에 가장 크게 작용한 백본은 {backbone_name(largest[0])}, 방향은 {side} "
        f"쪽입니다(logit {signed(largest[1])}).",
    ]


def nearest_table(decision: Mapping[str, Any]) -> pd.DataFrame:
    """List the training items that look nearest to the model, the nearest first.

    Parameters
    ----------
    decision : mapping

    Returns
    -------
    DataFrame
        Columns 학습 항목, 라벨, 코사인 유사도, 그 항목의 확률.

    Examples
    --------
    >>> item = {"item_id": "x.mp4", "label": 0, "probability": 0.2, "similarity": 0.99}
    >>> nearest_table({"nearest": [item]})
       학습 항목  라벨  코사인 유사도  그 항목의 확률
    0  x.mp4  안전     0.99      0.2
    """
    return pd.DataFrame(
        [
            (n["item_id"], LABEL[n["label"]], n["similarity"], n["probability"])
            for n in decision["nearest"]
        ],
        columns=["학습 항목", "라벨", "코사인 유사도", "그 항목의 확률"],
    )


def replay_sentence(probability: float, *, same: bool) -> str:
    """Say whether a replayed decision came out as it was recorded.

    Parameters
    ----------
    probability : float
        Of the replay.
    same : bool
        Whether it agrees with the record.

    Returns
    -------
    str

    Examples
    --------
    >>> replay_sentence(0.25, same=True)
    '다시 판정한 확률은 0.250000, 기록과 같은 판정입니다.'
    """
    verdict = "기록과 같은 판정입니다." if same else "기록과 다른 판정입니다. 원인을 찾으십시오."
    return f"다시 판정한 확률은 {number(probability, 6)}, {verdict}"
