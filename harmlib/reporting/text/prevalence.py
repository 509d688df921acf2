"""Words on prevalence and on costs: a sentence, and the captions of their figures.

`modality` is `image` or `video`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import written
from harmlib.reporting.text.captions import Words
from harmlib.reporting.text.cited_numbers import Row, at
from harmlib.reporting.text.korean import MODALITY, number

_RARE = 0.01  # what precision is said for where the harmful share of the traffic is not known


def prevalence_sentence(prevalence: pd.DataFrame, modality: str) -> str:
    """Say that precision is the data set's, and what it would be in the traffic.

    Parameters
    ----------
    prevalence : DataFrame
        As `probability_tables.prevalences` returns it.
    modality : str

    Returns
    -------
    str
        The lowest and the highest precision of the models, with their 95 % intervals; no such
        number where there are too few groups for an interval. Empty where test has one class: there
        is no precision to speak of.

    Examples
    --------
    >>> table = pd.DataFrame({"variant": "model4", "origin": ["grid", "data"],
    ...                       "prevalence": [0.01, 0.72], "precision": [0.033, 0.9], "low": 0.02,
    ...                       "high": 0.05})
    >>> prevalence_sentence(table, "video")
    '비디오: Precision은 유해가 72.0%인 시험 분할의 값입니다. 유해가 1.0%인 트래픽이라면 0.033 [0.020,
    0.050]입니다.'
    """
    data = prevalence[prevalence["origin"] == "data"]
    if data.empty:
        return ""
    given = prevalence[prevalence["origin"] == "given"]
    if given.empty:
        given = prevalence[(prevalence["origin"] == "grid") & (prevalence["prevalence"] == _RARE)]
    own_share = f"{at(data, data.index[0]).prevalence:.1%}"
    head = written(
        f"{MODALITY[modality]}: precision is that of a test split of which {own_share} is harmful.",
        f"{MODALITY[modality]}: Precision은 유해가 {own_share}인 시험 분할의 값입니다.",
    )
    if given["low"].isna().any():
        few = written(
            "In traffic with fewer harmful items it is lower; by how much can't be said with fewer "
            f"than {MIN_GROUPS} groups.",
            f"유해가 더 드문 트래픽에서는 더 낮지만, 그룹이 {MIN_GROUPS}개보다 적어 얼마나인지 말할 수 없습니다.",
        )
        return f"{head} {few}"
    share = at(given, given.index[0]).prevalence
    rate = f"{share:{_percent(share)}}"
    precision = given["precision"]
    worst, best = (_with_ends(at(given, i)) for i in (precision.idxmin(), precision.idxmax()))
    values = worst
    if len(given) > 1:
        values = written(
            f"{worst} to {best}, depending on the model", f"모델에 따라 {worst}~{best}"
        )
    rest = written(
        f"In traffic of which {rate} is harmful it would be {values}.",
        f"유해가 {rate}인 트래픽이라면 {values}입니다.",
    )
    return f"{head} {rest}"


def _percent(share: float) -> str:
    return ".1%" if share >= _RARE else ".2%"


def _with_ends(row: Row) -> str:
    return f"{number(row.precision, 3)} [{number(row.low, 3)}, {number(row.high, 3)}]"


def precision_by_prevalence(sentence: str, modality: str) -> Words:
    """Describe the figure of precision against the harmful share.

    Parameters
    ----------
    sentence : str
        Of `prevalence_sentence`.
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> precision_by_prevalence("Precision은 데이터의 값입니다.", "video").alt
    'Precision은 데이터의 값입니다.'
    """
    return Words(
        sentence,
        written(
            f"{MODALITY[modality]}: precision and the flagged share against the harmful share, with the "
            "operating thresholds as they are. Recall and the false alarm rate are those of the test "
            "split, so this holds as long as harmful and safe content each stay what they are.",
            f"{MODALITY[modality]}: 운영 threshold를 그대로 둘 때, 유해 비율에 따른 Precision과 유해 판정 비율입니다. "
            "Recall과 오탐 비율은 시험 분할의 것을 쓰므로, 유해와 안전 콘텐츠의 성격이 각각 그대로일 때 맞는 값입니다.",
        ),
    )


def net_benefit(modality: str) -> Words:
    """Describe the decision curves.

    Parameters
    ----------
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> net_benefit("video").alt
    '비디오 모델별 순이득 곡선과, 모두 유해로 판정할 때와 모두 통과시킬 때의 선.'
    """
    return Words(
        written(
            f"{MODALITY[modality]}: net benefit of each model, and of flagging everything and nothing.",
            f"{MODALITY[modality]} 모델별 순이득 곡선과, 모두 유해로 판정할 때와 모두 통과시킬 때의 선.",
        ),
        written(
            f"{MODALITY[modality]}: the x axis is the probability from which on items are flagged; to "
            "the left misses weigh more, to the right false alarms. Only where its band lies above "
            "both lines can a model be called better than flagging everything or nothing; bands are "
            "95% intervals, each point by itself. Probabilities were calibrated on validation; the "
            "harmful share is that of the test split.",
            f"{MODALITY[modality]}: 가로축은 유해로 판정하기 시작하는 확률로, 왼쪽일수록 미탐을, 오른쪽일수록 "
            "오탐을 더 무겁게 봅니다. 띠가 두 선보다 위에 있는 곳에서만 모델을 쓰는 것이 모두 차단하거나 모두 통과시키는 "
            "것보다 낫다고 말할 수 있으며, 띠는 한 점씩 따로 본 95% 신뢰구간입니다. 확률은 검증에서 보정했고, 유해 비율은 "
            "시험 분할의 것입니다.",
        ),
    )


def cost_curves(modality: str) -> Words:
    """Describe the cost curves.

    Parameters
    ----------
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> cost_curves("video").alt
    '비디오 모델별 비용 곡선: 미탐이 비용에서 차지하는 몫에 따른 기대 비용.'
    """
    return Words(
        written(
            f"{MODALITY[modality]}: expected cost of each model against the share of misses in the cost.",
            f"{MODALITY[modality]} 모델별 비용 곡선: 미탐이 비용에서 차지하는 몫에 따른 기대 비용.",
        ),
        written(
            f"{MODALITY[modality]}: the x axis holds both the harmful share and the costs (harmful "
            "share × cost of a miss ÷ all). Lower is better; above the grey lines, flagging everything "
            "or nothing is cheaper. It reads the same at another harmful share.",
            f"{MODALITY[modality]}: 가로축은 유해 비율과 비용을 함께 담습니다(유해 비율 × 미탐 비용 ÷ 전체). 낮을수록 좋고, "
            "회색 선보다 높은 곳에서는 모두 차단하거나 모두 통과시키는 편이 쌉니다. 유해 비율이 달라져도 그대로 읽을 수 "
            "있습니다.",
        ),
    )
