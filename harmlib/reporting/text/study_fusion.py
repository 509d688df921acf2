"""Sentences of the study: what each backbone adds to the others.

A backbone is said to add something only where an interval that is corrected for the number of
backbones excludes 0. The tables are those of `harmlib.analysis.setting_effects`; `modality` is
`image` or `video`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import Row, plain, row, rows
from harmlib.reporting.text.corrected_intervals import listed
from harmlib.reporting.text.korean import MODALITY, backbone_name, number, particle, signed

METRIC_NAMES = Wordings(
    {
        "f1": ("F1", "F1"),
        "average_precision": ("AP", "AP"),
        "accuracy": ("accuracy", "정확도"),
        "roc_auc": ("AUC", "AUC"),
    }
)


def shown_fusion(fusion: pd.DataFrame) -> pd.DataFrame:
    """Lay out the metrics of each combination of backbones.

    Parameters
    ----------
    fusion : DataFrame
        As `levels` returns it; the settings are backbones joined by "+".

    Returns
    -------
    DataFrame
        With the page's column names; a cell is the value and its interval.

    Examples
    --------
    >>> fusion = pd.DataFrame({"setting": ["clip+yolo"], "metric": "f1", "value": 0.7, "low": 0.6,
    ...                        "high": 0.8})
    >>> shown_fusion(fusion)
             백본                  F1
    0  CLIP, YOLO  0.700 [0.600, 0.800]
    """
    cells = [
        f"{number(one.value, 3)} [{number(one.low, 3)}, {number(one.high, 3)}]"
        for one in fusion.itertuples()
    ]
    table = fusion.assign(cell=cells).pivot(index="setting", columns="metric", values="cell")
    table = table.loc[
        list(dict.fromkeys(fusion["setting"])), [name for name in METRIC_NAMES if name in table]
    ]
    table.insert(0, written("Backbones", "백본"), [_names(setting) for setting in table.index])
    table = table.rename(columns=METRIC_NAMES).reset_index(drop=True)
    table.columns.name = None
    return table


def fusion_sentences(
    fusion: pd.DataFrame, gains: pd.DataFrame, weights: pd.DataFrame, modality: str
) -> list[str]:
    """Say how well all backbones do together, what each adds, and what untrained ones are worth.

    Parameters
    ----------
    fusion : DataFrame
        As `levels` returns it; the settings are backbones joined by "+", all of them last.
    gains : DataFrame
        As `gains_of_each` returns it.
    weights : DataFrame
        Columns backbone and weights, as 01_extract_features writes them.
    modality : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> fusion = pd.DataFrame({"setting": ["clip", "yolo", "clip+yolo"], "metric": "roc_auc",
    ...     "value": [0.6, 0.7, 0.7], "low": [0.45, 0.6, 0.6], "high": [0.7, 0.8, 0.8]})
    >>> gains = pd.DataFrame({"part": ["clip", "yolo"], "metric": "roc_auc",
    ...     "difference": [0.0, 0.1], "corrected_low": [-0.05, 0.02],
    ...     "corrected_high": [0.05, 0.18]})
    >>> weights = pd.DataFrame({"backbone": ["clip", "yolo"], "weights": ["untrained", "file"]})
    >>> fusion_sentences(fusion, gains, weights, "video")
    ['비디오: 모든 백본(CLIP, YOLO)을 함께 쓰면 AUC 0.7000입니다(95% 신뢰구간 0.600~0.800). ...',
    '나머지 백본에 더했을 때 AUC를 높였다고 볼 근거가 있는 백본: YOLO(+0.1000, ...). 근거가 부족한 백본:
    CLIP(+0.0000, ...).',
    '학습되지 않은 백본만 쓰면 AUC는 CLIP 0.6000(95% 신뢰구간 0.450~0.700)으로, 우연(0.5)과 구별되지
    않습니다.']
    """
    auc = fusion[fusion["metric"] == "roc_auc"]
    together = row(auc, "setting", auc["setting"].iloc[-1])
    names = together.setting.split("+")
    best = row(auc, "setting", auc.loc[auc["value"].idxmax(), "setting"])
    text = written(
        f"{MODALITY[modality]}: with all backbones ({_names(together.setting)}), AUC is "
        f"{number(together.value)}{_of_level(together)}.",
        f"{MODALITY[modality]}: 모든 백본({_names(together.setting)})을 함께 쓰면 AUC "
        f"{number(together.value)}입니다{_of_level(together)}.",
    )
    if best.setting != together.setting:
        text += written(
            f" The highest value is that of {_names(best.setting)} ({number(best.value)}), but it "
            "was picked among several and so looks better than it is.",
            f" 값이 가장 높은 조합은 {_names(best.setting)}({number(best.value)})이지만, 여러 조합 가운데 고른 "
            "값이므로 실제보다 높게 보입니다.",
        )
    elif len(names) > 1:
        text += written(
            " No combination that was tried has a higher value.",
            " 시험한 조합 가운데 값이 가장 높습니다.",
        )
    return [text, *_gain_sentences(gains), *_untrained_sentences(auc, gains, weights)]


def _listed(found: Sequence[Row]) -> str:
    return listed((backbone_name(one.part), one) for one in found)


def _names(setting: str) -> str:
    return ", ".join(backbone_name(name) for name in setting.split("+"))


def _of_level(one: Row) -> str:
    if pd.isna(one.low):
        return ""
    low, high = number(one.low, 3), number(one.high, 3)
    return written(f" (95% CI {low} to {high})", f"(95% 신뢰구간 {low}~{high})")


def _gain_sentences(gains: pd.DataFrame) -> list[str]:
    own = list(rows(gains[gains["metric"] == "roc_auc"]))
    if not own:
        return []
    if any(pd.isna(one.corrected_low) for one in own):
        found = ", ".join(f"{backbone_name(one.part)} {signed(one.difference)}" for one in own)
        return [
            written(
                f"What each adds to the others' AUC: {found}. Too few groups for intervals.",
                f"나머지 백본에 더했을 때 AUC의 변화: {found}. 그룹이 모자라 신뢰구간은 없습니다.",
            )
        ]
    raised = [one for one in own if one.corrected_low > 0]
    lowered = [one for one in own if one.corrected_high < 0]
    parts = []
    if raised:
        parts.append(
            written(
                f"Added to the others, these can be said to raise AUC: {_listed(raised)}.",
                f"나머지 백본에 더했을 때 AUC를 높였다고 볼 근거가 있는 백본: {_listed(raised)}.",
            )
        )
    if lowered:
        parts.append(
            written(
                f"Added to the others, these can be said to lower AUC: {_listed(lowered)}.",
                f"나머지 백본에 더했을 때 AUC를 낮췄다고 볼 근거가 있는 백본: {_listed(lowered)}.",
            )
        )
    if not parts:
        parts.append(
            written(
                "Added to the others, no backbone can be said to raise or lower AUC.",
                "나머지 백본에 더했을 때 AUC를 높였거나 낮췄다고 볼 근거가 있는 백본은 없습니다.",
            )
        )
    rest = [one for one in own if one not in raised and one not in lowered]
    if rest:
        parts.append(
            written(
                f"Too little ground for: {_listed(rest)}.", f"근거가 부족한 백본: {_listed(rest)}."
            )
        )
    return [" ".join(parts)]


def _untrained_sentences(
    auc: pd.DataFrame, gains: pd.DataFrame, weights: pd.DataFrame
) -> list[str]:
    """What backbones of random weights are worth alone, against chance."""
    random = weights.loc[weights["weights"].astype(str).str.startswith("untrained"), "backbone"]
    found = [row(auc, "setting", name) for name in random if name in set(auc["setting"])]
    if not found:
        return []
    levels = ", ".join(
        f"{backbone_name(one.setting)} {number(one.value)}{_of_level(one)}" for one in found
    )
    above = [one for one in found if one.low > 0.5]
    ko = particle(levels, "으로/로")
    if not above:
        return [
            written(
                f"Untrained backbones alone reach an AUC of {levels}, not told apart from chance "
                "(0.5).",
                f"학습되지 않은 백본만 쓰면 AUC는 {ko}, 우연(0.5)과 구별되지 않습니다.",
            )
        ]
    some = _names("+".join(one.setting for one in above))
    is_all = len(above) == len(found)
    sentence = written(
        f"Untrained backbones alone reach an AUC of {levels}; above chance (0.5): "
        f"{'all' if is_all else f'{some} only'}. Information survives random weights.",
        f"학습되지 않은 백본만 쓰면 AUC는 {ko}, {'모두' if is_all else f'{some}만'} 우연(0.5)보다 높습니다. "
        "무작위 가중치를 거쳐도 정보가 남는다는 뜻입니다.",
    )
    adding = gains[(gains["metric"] == "roc_auc") & gains["part"].isin(list(random))]
    if len(adding) and not (adding["corrected_low"] > 0).any():
        sentence += written(
            " Added to the others, though, none can be said to raise AUC.",
            " 그러나 나머지 백본에 더했을 때 AUC를 높였다고 볼 근거는 없습니다.",
        )
    return [sentence]


def fusion_caption(fusion: pd.DataFrame, modality: str) -> tuple[str, str]:
    """Say what the figure of the combinations of backbones shows.

    Parameters
    ----------
    fusion : DataFrame
        As `levels` returns it; the settings are backbones joined by "+".
    modality : str

    Returns
    -------
    (str, str)
        Alt text and caption.

    Examples
    --------
    >>> fusion = pd.DataFrame({"setting": ["clip"], "metric": "roc_auc", "value": 0.7})
    >>> fusion_caption(fusion, "video")[0]
    '비디오 백본 조합의 AUC: CLIP 0.7000'
    """
    auc = fusion[fusion["metric"] == "roc_auc"]
    medium = MODALITY[modality]
    values = "; ".join(f"{_names(one.setting)} {number(one.value)}" for one in rows(auc))
    alt = written(
        f"{medium}, AUC of combinations of backbones: {values}",
        f"{medium} 백본 조합의 AUC: {values}",
    )
    caption = written(
        f"{medium}: AUC and F1 (95% CI) with one backbone, two, all but one, and all. The colour is "
        "the number of backbones.",
        f"{medium}: 백본을 하나씩, 둘씩, 하나만 빼고, 모두 함께 썼을 때의 AUC와 F1(95% 신뢰구간). 색은 함께 쓴 "
        "백본의 수입니다.",
    )
    return plain(alt), caption
