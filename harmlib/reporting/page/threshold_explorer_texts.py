"""What the threshold explorer says: the texts of its markup, and those that its scripts fill."""

from __future__ import annotations

from harmlib.language import Wordings
from harmlib.reporting.text.korean import MODALITY

# Of threshold_explorer.html, by the name in its braces.
MARKUP = Wordings(
    {
        "title": ("Threshold explorer", "Threshold 탐색기"),
        "no_script": (
            "The threshold explorer needs JavaScript, which is off here. The report's other tables "
            "and figures are complete without it.",
            "Threshold 탐색기는 JavaScript로 움직입니다. 지금은 꺼져 있어 threshold를 조정하며 혼동 행렬과 "
            "지표, 그래프를 보는 부분이 나타나지 않습니다. 보고서의 다른 표와 그림은 그대로 볼 수 있습니다.",
        ),
        "section": ("Kind", "종류"),
        "model": ("Model", "모델"),
        "goal": ("Objective", "목적"),
        "limit": ("Floor or limit (0 to 1)", "하한 또는 상한(0~1)"),
        "miss": ("Cost of a miss", "미탐 하나의 비용"),
        "alarm": ("of a false alarm", "오탐 하나의 비용"),
        "review": ("of a review", "검토 하나의 비용"),
        "prevalence": ("Harmful share of the traffic (%)", "트래픽의 유해 비율(%)"),
        "items_a_day": ("Items a day", "하루 항목 수"),
        "slider": ("Move the threshold", "Threshold 조정"),
        "all_harmful": ("0: all harmful", "0: 모두 유해로"),
        "all_safe": ("1: all safe", "1: 모두 안전으로"),
        "truth": ("Truth", "실제"),
        "flagged": ("Judged harmful", "유해로 판정"),
        "passed": ("Judged safe", "안전으로 판정"),
        "total": ("Total", "합계"),
        "harmful": ("harmful", "유해"),
        "safe": ("safe", "안전"),
        "tp": ("found", "찾음"),
        "fn": ("missed", "미탐"),
        "fp": ("false alarm", "오탐"),
        "tn": ("passed", "통과"),
        "scores": ("Distribution of scores", "점수 분포"),
        "bars_harmful": ("harmful (above)", "실제 유해(위)"),
        "bars_safe": ("safe (below)", "실제 안전(아래)"),
        "bars_flagged": (
            "dark: judged harmful; dashes: operating",
            "진한 색: 유해로 판정, 점선: 운영",
        ),
        "pr": ("PR curve", "PR 곡선"),
        "current": ("Current", "현재"),
        "operating": ("Operating", "운영"),
        "best_for_goal": ("Objective", "목적"),
        "baseline": ("All harmful", "모두 유해"),
        "same_f1": ("as high an F1 as the baseline", "기준선과 F1이 같은 지점"),
        "a_day": ("A day", "하루"),
        "day_flagged": ("Judged harmful (to review)", "유해 판정(검토량)"),
        "day_tp": ("Found (TP)", "찾음 (TP)"),
        "day_fn": ("Missed (FN)", "미탐 (FN)"),
        "day_fp": ("False alarms (FP)", "오탐 (FP)"),
        "day_cost": ("Cost ({unit})", "비용({unit})"),
        "copy": ("Copy the threshold", "Threshold 복사"),
        "copy_params": ("Copy as params", "설정으로 복사"),
        "copy_policy": ("Copy as policy", "정책으로 복사"),
        "copied_text": ("Text to copy", "복사할 내용"),
        "note": (
            "What has a probability above the threshold is judged harmful. All figures here are of "
            "the validation split: choose here, and judge on the test split, whose results stand in "
            "the report. The threshold can have 1,001 values from 0 to 1. The operating threshold is "
            "the one that the model uses; its button goes to the nearest of them. The threshold of "
            "an objective is the best of them here, so it looks better than it will on new data. Models have scales of their own: the same threshold is another "
            "criterion in another model. With a harmful share of the traffic, precision, F1, "
            "accuracy, the flagged share and the day are those of a mixture with that share; the "
            "confusion matrix counts the validation items. A click on a plot moves the threshold. The "
            "page's address keeps what is shown.",
            "확률이 threshold보다 크면 유해로 판정합니다. 여기의 수치는 모두 검증 분할의 것입니다. threshold는 "
            "여기에서 고르고, 성능은 보고서에 있는 시험 분할의 결과로 판단합니다. Threshold는 0에서 1까지 1,001개 "
            "값으로 정할 수 있습니다. 운영 threshold는 이 모델이 쓰는 값이며, 버튼은 가장 가까운 값으로 "
            "옮깁니다. 목적의 threshold는 이 가운데 검증에서 고른 것이므로, 새 데이터에서는 여기보다 결과가 "
            "나쁠 수 있습니다. 확률 척도가 모델마다 달라, threshold가 같아도 판정 "
            "기준은 다릅니다. 트래픽의 유해 비율을 적으면 Precision, F1, 정확도, 유해 판정 비율과 하루의 수는 "
            "그 비율로 섞인 데이터의 값이고, 혼동 행렬은 검증 항목의 수 그대로입니다. 그래프를 누르면 그 "
            "지점으로 threshold가 옮겨집니다. 지금 보이는 상태는 페이지의 주소에 남습니다.",
        ),
    }
)
# The cards: title and meaning.
METRICS = Wordings({"f1": ("F1", "F1"), "precision": ("Precision", "Precision"),
                    "recall": ("Recall", "Recall"), "accuracy": ("Accuracy", "정확도"),
                    "share": ("Flagged share", "유해 판정 비율")})  # fmt: skip
MEANINGS = Wordings(
    {
        "f1": ("harmonic mean of precision and recall", "Precision과 Recall의 조화평균"),
        "precision": ("of those judged harmful, harmful", "유해 판정 중 맞은 비율"),
        "recall": ("of the harmful, found", "유해 중 찾아낸 비율"),
        "accuracy": ("judged rightly", "맞게 판정한 비율"),
        "share": ("to review, if all are reviewed", "모두 검토한다면 검토량"),
    }
)
GOALS = Wordings(
    {
        "f1": ("Highest F1", "F1 최대"),
        "fbeta:2": ("Highest F2 (misses weigh more)", "F2 최대(미탐을 더 무겁게)"),
        "mcc": ("Highest MCC", "MCC 최대"),
        "youden": ("Highest Youden index", "Youden 지수 최대(Recall + 특이도 − 1)"),
        "precision@recall>=": (
            "Highest precision above a floor of recall",
            "Recall 하한을 지키며 Precision 최대",
        ),
        "recall@precision>=": (
            "Highest recall above a floor of precision",
            "Precision 하한을 지키며 Recall 최대",
        ),
        "recall@flagged<=": (
            "Highest recall within a review share",
            "검토 비율 상한을 지키며 Recall 최대",
        ),
        "cost": ("Lowest cost", "비용 최소"),
    }
)
_MEASURES = Wordings(
    {"f1": ("F1", "F1"), "fbeta:2": ("F2", "F2"), "mcc": ("MCC", "MCC"),
     "youden": ("Youden", "Youden 지수"), "precision@recall>=": ("precision", "Precision"),
     "recall@precision>=": ("recall", "Recall"), "recall@flagged<=": ("recall", "Recall"),
     "cost": ("cost of an item", "항목당 비용")}
)  # fmt: skip
_STATES = Wordings(
    {
        "infeasible": ("no threshold meets it.", "조건을 만족하는 threshold가 없습니다."),
        "constant_scores": (
            "all scores are equal, so nothing can be chosen.",
            "모든 점수가 같아 고를 수 없습니다.",
        ),
        "one_class": (
            "all items are of one class, so nothing can be chosen.",
            "한 클래스의 항목뿐이어서 고를 수 없습니다.",
        ),
        "no_costs": (
            "a miss must cost more than a review, and a false alarm or a review more than 0.",
            "미탐은 검토보다 비싸야 하고, 오탐과 검토 가운데 하나는 0보다 비싸야 합니다.",
        ),
    }
)
_WORDS = Wordings(
    {
        "saved": ("{epoch} (saved)", "{epoch} (저장된 epoch)"),
        "recommended": ("{name} (chosen on validation)", "{name} (검증에서 선택)"),
        "operating": ("Operating {threshold}", "운영 {threshold}"),
        "stop": ("Objective {threshold}", "목적 {threshold}"),
        "no_stop": ("Objective: none", "목적: 없음"),
        "at_operating": ("operating {value}", "운영 {value}"),
        "baseline": ("all harmful {value}", "모두 유해 {value}"),
        "state": (
            "{name} · epoch {epoch} · threshold {threshold}",
            "{name} · epoch {epoch} · threshold {threshold}",
        ),
        "matrix": ("{state}: {n} validation items", "{state}: 검증 항목 {n}개"),
        "day": ("A day of {n} items, {share} harmful", "하루 {n}개 가운데 {share}가 유해할 때"),
        "found": (
            "At threshold {threshold}, {tp} of {harmful} harmful items are found and {fn} missed.",
            "Threshold {threshold}에서는 유해 {harmful}개 가운데 {tp}개를 찾고 {fn}개를 놓칩니다.",
        ),
        "found_all": (
            "At threshold {threshold}, all {harmful} harmful items are found.",
            "Threshold {threshold}에서는 유해 {harmful}개를 모두 찾습니다.",
        ),
        "found_none": (
            "At threshold {threshold}, all {harmful} harmful items are missed.",
            "Threshold {threshold}에서는 유해 {harmful}개를 모두 놓칩니다.",
        ),
        "found_no_items": ("No item is harmful.", "유해 항목이 없습니다."),
        "alarms": (
            "{fp} of {safe} safe items are judged harmful by mistake.",
            "안전 {safe}개 가운데 {fp}개를 유해로 잘못 판정합니다.",
        ),
        "alarms_all": (
            "All {safe} safe items are judged harmful by mistake.",
            "안전 {safe}개를 모두 유해로 잘못 판정합니다.",
        ),
        "alarms_none": (
            "None of the {safe} safe items is judged harmful.",
            "안전 {safe}개를 모두 통과시킵니다.",
        ),
        "alarms_no_items": ("No item is safe.", "안전 항목이 없습니다."),
        "none_flagged": (
            "Nothing is judged harmful, so there is no precision.",
            "유해로 판정한 항목이 없어 Precision은 계산할 수 없습니다.",
        ),
        "f1": ("F1 is {f1}.", "F1은 {f1}입니다."),
        "f1_mixed": (
            "With {share}% harmful, F1 is {f1}.",
            "유해 비율 {share}%로 환산한 F1은 {f1}입니다.",
        ),
        "above": (
            "That is {difference} above the baseline that calls everything harmful ({baseline}).",
            "모두 유해로 판정하는 기준선({baseline})보다 {difference} 높습니다.",
        ),
        "below": (
            "That is {difference} below the baseline that calls everything harmful ({baseline}).",
            "모두 유해로 판정하는 기준선({baseline})보다 {difference} 낮습니다.",
        ),
        "equal": (
            "That is what the baseline has that calls everything harmful ({baseline}).",
            "모두 유해로 판정하는 기준선({baseline})과 같습니다.",
        ),
        "sought": ("{goal}:", "{goal}:"),
        "sought_within": ("{goal} ({limit}):", "{goal}({limit}):"),
        "picked": (
            "on validation threshold {threshold}, {measure} {value}.",
            "검증에서 threshold {threshold}, {measure} {value}입니다.",
        ),
        "baseline_value": (
            "Calling everything harmful gives {value}.",
            "모두 유해로 판정하면 {value}입니다.",
        ),
        "baseline_fails": (
            "Calling everything harmful does not meet it.",
            "모두 유해로 판정하면 조건을 지키지 못합니다.",
        ),
        "not_above": (
            "That is no better than the baseline, so nothing speaks for this threshold.",
            "기준선보다 낫지 않으므로 이 threshold를 쓸 이유가 없습니다.",
        ),
        "pr": (
            "PR curve, {state}. Now precision {precision}, recall {recall}. At the operating "
            "threshold precision {precision_operating}, recall {recall_operating}. With everything "
            "called harmful precision {precision_baseline}, recall {recall_baseline}.",
            "PR 곡선, {state}. 현재 Precision {precision}, Recall {recall}. "
            "운영 threshold에서 Precision {precision_operating}, Recall {recall_operating}. "
            "모두 유해로 판정하면 Precision {precision_baseline}, Recall {recall_baseline}.",
        ),
        "scores": (
            "Distribution of scores, {state}. Below the threshold (judged safe) {fn} harmful and "
            "{tn} safe items, above it (judged harmful) {tp} harmful and {fp} safe items.",
            "점수 분포, {state}. Threshold의 왼쪽(안전 판정)에 유해 {fn}개와 안전 {tn}개, "
            "오른쪽(유해 판정)에 유해 {tp}개와 안전 {fp}개.",
        ),
        "tp": ("found {n}", "찾음 {n}"),
        "fn": ("missed {n}", "미탐 {n}"),
        "fp": ("false alarms {n}", "오탐 {n}"),
        "tn": ("passed {n}", "통과 {n}"),
        "traffic": ("Traffic: {share}%", "설정의 {share}%"),
        "copied": ("Copied", "복사함"),
        "not_copied": (
            "This page may not copy. The text is selected: press Ctrl+C (⌘C).",
            "복사하지 못했습니다. 선택된 글을 Ctrl+C(⌘C)로 복사하십시오.",
        ),
        "no_native": (
            "The model's own scale has no number for this threshold.",
            "이 threshold에 해당하는 값이 모델의 점수 척도에 없습니다.",
        ),
        "bad_address": (
            "The address says something that this page does not have; it shows what it starts with.",
            "주소에 적힌 상태가 이 페이지에 없어 처음 상태를 보여 줍니다.",
        ),
        "fixed_here": (
            "Chosen on validation for {state}. It holds for all kinds of media of that model.",
            "검증에서 고른 값: {state}. 이 모델의 모든 종류에 적용됩니다.",
        ),
        "sought_here": (
            "The threshold is chosen on validation again, for every model and section.",
            "threshold는 모델과 종류마다 검증에서 다시 고릅니다.",
        ),
    }
)


def script_words(sections: list[str]) -> dict[str, object]:
    """Return the texts that the scripts fill and show, in the page's language.

    Parameters
    ----------
    sections : list of str
        Modalities, or the sections of categories.

    Returns
    -------
    dict
        By key; `section`, `goals`, `measures` and `states` hold texts by name.

    Examples
    --------
    >>> script_words(["video"])["section"]
    {'video': '비디오'}
    """
    return {
        **_WORDS,
        "section": {name: MODALITY[name] for name in sections},
        "goals": dict(GOALS),
        "measures": dict(_MEASURES),
        "states": dict(_STATES),
    }
