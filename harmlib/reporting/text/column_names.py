"""Names of the columns that no table of the page shows, for whoever looks at a row as a whole."""

from __future__ import annotations

from harmlib.language import Wordings
from harmlib.reporting.text.korean import COLUMNS

_FURTHER = Wordings(
    {
        "at_grid_edge": ("edge of the grid", "탐색 범위의 끝"),
        "backbones": ("backbones", "백본"),
        "baseline": ("baseline", "기준선"),
        "baseline_f1": ("F1 of the baseline", "기준선의 F1"),
        "chosen": ("chosen", "선택됨"),
        "column": ("column", "열"),
        "comparable": ("comparable items", "비교할 수 있는 항목 수"),
        "compared": ("compared items", "비교한 항목 수"),
        "comparisons": ("comparisons", "비교한 쌍 수"),
        "detectable": ("detectable difference", "알아볼 수 있는 차이"),
        "distance": ("distance to the threshold", "threshold와의 차이"),
        "epoch_from": ("epoch before", "이전 epoch"),
        "epoch_to": ("epoch after", "다음 epoch"),
        "excluded": ("left-out resamples", "제외한 재표본 수"),
        "f1_low": ("F1, lower bound", "F1 하한"),
        "f1_high": ("F1, upper bound", "F1 상한"),
        "f1_relabelled": ("F1 with labels turned", "라벨을 바꾼 F1"),
        "failed": ("failed", "실패 수"),
        "false_alarm_rate": ("false-alarm rate", "오탐 비율"),
        "false_alarm_rate_low": ("false-alarm rate, lower bound", "오탐 비율 하한"),
        "false_alarm_rate_high": ("false-alarm rate, upper bound", "오탐 비율 상한"),
        "false_alarm_rate_difference": ("false-alarm rate, difference", "오탐 비율 차이"),
        "false_alarm_rate_difference_low": (
            "false-alarm rate, difference, lower bound",
            "오탐 비율 차이 하한",
        ),
        "false_alarm_rate_difference_high": (
            "false-alarm rate, difference, upper bound",
            "오탐 비율 차이 상한",
        ),
        "files": ("files", "파일 수"),
        "flagged_low": ("flagged share, lower bound", "유해 판정 비율 하한"),
        "flagged_high": ("flagged share, upper bound", "유해 판정 비율 상한"),
        "fold": ("fold", "fold"),
        "folds": ("folds", "fold 수"),
        "gain": ("gain", "향상"),
        "gain_state": ("state of the gain", "향상의 상태"),
        "groups": ("groups", "그룹 수"),
        "harmful_per_safe": ("harmful per safe", "안전 1개당 유해 수"),
        "harmful_share": ("harmful share", "유해 비율"),
        "is_cut": ("made by cutting", "구간으로 나눔"),
        "item_id": ("item", "항목"),
        "kind": ("kind", "구분"),
        "left_out": ("left out", "제외한 수"),
        "message": ("message", "내용"),
        "negatives": ("safe items", "안전 수"),
        "origin": ("origin", "출처"),
        "own_threshold": ("threshold of its own", "자체 threshold"),
        "pairs": ("pairs", "쌍의 수"),
        "part": ("part", "부분"),
        "place": ("place", "위치"),
        "positives": ("harmful items", "유해 수"),
        "power": ("power", "검정력"),
        "precision_low": ("precision, lower bound", "Precision 하한"),
        "precision_high": ("precision, upper bound", "Precision 상한"),
        "printed": ("as printed", "인쇄된 값"),
        "probability": ("probability", "확률"),
        "recall_low": ("recall, lower bound", "Recall 하한"),
        "recall_high": ("recall, upper bound", "Recall 상한"),
        "recall_difference": ("recall, difference", "Recall 차이"),
        "recall_difference_low": ("recall, difference, lower bound", "Recall 차이 하한"),
        "recall_difference_high": ("recall, difference, upper bound", "Recall 차이 상한"),
        "row": ("row", "행"),
        "rule": ("rule", "규칙"),
        "safe": ("safe items", "안전 수"),
        "safe_per_harmful": ("safe per harmful", "유해 1개당 안전 수"),
        "same_weights": ("same weights", "같은 가중치"),
        "scored": ("scored", "채점한 수"),
        "seed": ("seed", "seed"),
        "seeds": ("seeds", "seed 수"),
        "severity": ("severity", "정도"),
        "share": ("share", "비율"),
        "threshold_gain": ("gain by the threshold", "threshold에 의한 향상"),
        "total_gain": ("gain in total", "전체 향상"),
        "unusable": ("unusable", "쓸 수 없는 수"),
        "used": ("used", "쓴 수"),
        "verdict": ("verdict", "판정"),
        "which": ("which", "대상"),
    }
)


def column_name(column: str) -> str:
    """Name a column of any of the run's tables.

    Parameters
    ----------
    column : str
        As it stands in the file.

    Returns
    -------
    str
        The column itself where no name is known, such as one of the user's own.

    Examples
    --------
    >>> column_name("tp"), column_name("recall_low"), column_name("camera")
    ('TP', 'Recall 하한', 'camera')
    """
    return COLUMNS.get(column) or _FURTHER.get(column) or column
