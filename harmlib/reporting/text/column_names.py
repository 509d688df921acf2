"""Names of columns: those that no table of the page shows, and those of the earlier report."""

from __future__ import annotations

from harmlib.language import Wordings, written
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
        "count": ("items", "항목 수"),
        "dataset": ("data set", "데이터"),
        "detectable": ("detectable difference", "알아볼 수 있는 차이"),
        "distance": ("distance to the threshold", "threshold와의 차이"),
        "epoch_from": ("epoch before", "이전 epoch"),
        "epoch_to": ("epoch after", "다음 epoch"),
        "epochs": ("epochs", "epoch 수"),
        "error_rate": ("share of errors", "오류 비율"),
        "excluded": ("left-out resamples", "제외한 재표본 수"),
        "expected_low": ("expected, lower bound", "예상 하한"),
        "expected_high": ("expected, upper bound", "예상 상한"),
        "f1_low": ("F1, lower bound", "F1 하한"),
        "f1_high": ("F1, upper bound", "F1 상한"),
        "f1_relabelled": ("F1 with labels turned", "라벨을 바꾼 F1"),
        "failed": ("failed", "실패 수"),
        "false_alarm_rate": ("false-alarm rate", "오탐 비율"),
        "false_alarm_rate_difference": ("false-alarm rate, difference", "오탐 비율 차이"),
        "false_alarm_rate_difference_low": (
            "false-alarm rate, difference, lower bound",
            "오탐 비율 차이 하한",
        ),
        "false_alarm_rate_difference_high": (
            "false-alarm rate, difference, upper bound",
            "오탐 비율 차이 상한",
        ),
        "false_alarm_rate_low": ("false-alarm rate, lower bound", "오탐 비율 하한"),
        "false_alarm_rate_high": ("false-alarm rate, upper bound", "오탐 비율 상한"),
        "false_alarms": ("false alarms", "오탐 수"),
        "files": ("files", "파일 수"),
        "flagged_low": ("flagged share, lower bound", "유해 판정 비율 하한"),
        "flagged_high": ("flagged share, upper bound", "유해 판정 비율 상한"),
        "flagged_share_low": ("flagged share, lower bound", "유해 판정 비율 하한"),
        "flagged_share_high": ("flagged share, upper bound", "유해 판정 비율 상한"),
        "fold": ("fold", "fold"),
        "folds": ("folds", "fold 수"),
        "gain": ("gain", "향상"),
        "gain_state": ("state of the gain", "향상의 상태"),
        "grid_low": ("grid, from", "탐색 범위 하한"),
        "grid_high": ("grid, to", "탐색 범위 상한"),
        "groups": ("groups", "그룹 수"),
        "harmful_per_safe": ("harmful per safe", "안전 1개당 유해 수"),
        "harmful_share": ("harmful share", "유해 비율"),
        "held_by": ("held by", "보류 이유(코드)"),
        "is_cut": ("made by cutting", "구간으로 나눔"),
        "item_id": ("item", "항목"),
        "kind": ("kind", "구분"),
        "left_out": ("left out", "제외한 수"),
        "max_items": ("items at most", "최대 항목 수"),
        "mean_probability": ("mean probability", "평균 확률"),
        "message": ("message", "내용"),
        "misses": ("misses", "미탐 수"),
        "n_sets": ("possible sets of counts", "가능한 해의 수"),
        "negatives": ("safe items", "안전 수"),
        "observed_low": ("observed share, lower bound", "실제 비율 하한"),
        "observed_high": ("observed share, upper bound", "실제 비율 상한"),
        "observed_share": ("observed share", "실제 비율"),
        "origin": ("origin", "출처"),
        "other": ("compared with", "비교 모델"),
        "other_model": ("other model", "비교 모델"),
        "other_row": ("other row", "비교 행"),
        "other_threshold": ("other threshold", "비교 threshold"),
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
        "recall_difference": ("recall, difference", "Recall 차이"),
        "recall_difference_low": ("recall, difference, lower bound", "Recall 차이 하한"),
        "recall_difference_high": ("recall, difference, upper bound", "Recall 차이 상한"),
        "recall_low": ("recall, lower bound", "Recall 하한"),
        "recall_high": ("recall, upper bound", "Recall 상한"),
        "row": ("row", "행"),
        "rule": ("rule", "규칙"),
        "safe": ("safe items", "안전 수"),
        "safe_per_harmful": ("safe per harmful", "유해 1개당 안전 수"),
        "same_threshold_gain": ("gain at the same threshold", "같은 threshold에서의 향상"),
        "same_weights": ("same weights", "같은 가중치"),
        "scored": ("scored", "채점한 수"),
        "scores": ("scores", "점수 수"),
        "seed": ("seed", "seed"),
        "seeds": ("seeds", "seed 수"),
        "severity": ("severity", "정도"),
        "share": ("share", "비율"),
        "threshold_gain": ("gain by the threshold", "threshold에 의한 향상"),
        "total": ("in total", "전체 수"),
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


def earlier_report(name: str) -> str:
    """Name a column of the earlier report's figures, beside those of the run.

    Parameters
    ----------
    name : str
        Of the column, or a model.

    Returns
    -------
    str

    Examples
    --------
    >>> earlier_report("F1")
    '이전 보고서 F1'
    """
    return written(f"Earlier report: {name}", f"이전 보고서 {name}")
