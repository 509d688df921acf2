"""Sentences of the study: seeds, epochs, imbalance, strata, and how much data it would take.

One thing is called better than another only where an interval of the difference that is corrected
for the comparisons made excludes 0. The
tables are those of `harmlib.analysis.seed_stability`, `harmlib.analysis.data_needed`,
`harmlib.models.imbalance` and `harmlib.models.strata`; `modality` is `image` or `video`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import Wordings, written
from harmlib.reporting.text.captions import Words
from harmlib.reporting.text.cited_numbers import Row, at, plain, row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed

METHOD = Wordings(
    {
        "none": ("trained as it is", "그대로 학습"),
        "pos_weight": ("pos_weight", "pos_weight"),
        "resampling": ("resampling", "재표본"),
        "focal": ("focal loss", "focal loss"),
        "moved_threshold": ("moved threshold", "threshold 이동"),
    }
)
_CAPTIONS = Wordings(
    {
        "seeds": (
            "Left: F1 over all folds (by seed, by epoch) and of one fold (by fold); the lines are "
            "means. Right: only the items whose verdict changes with the seed; the nearer the "
            "middle, the more evenly the seeds are split.",
            "왼쪽은 모든 fold를 합친 F1(seed마다, epoch마다)과 fold 하나의 F1(fold마다)이고, 가로선은 평균입니다. 오른쪽은 "
            "seed에 따라 판정이 바뀌는 항목만 셌으며, 가운데일수록 seed가 반반으로 갈린 항목입니다.",
        ),
        "epochs": (
            "Left: how often validation chose an epoch, and how often it was the best on test. "
            "Right: the test F1 of validation's choice less that of always taking one epoch; above "
            "0 choosing is better.",
            "왼쪽은 검증이 고른 epoch과 시험에서 가장 좋은 epoch의 횟수이고, 오른쪽은 검증이 고른 epoch의 시험 F1에서 모든 "
            "학습을 그 epoch에 고정했을 때의 F1을 뺀 값입니다. 0보다 위면 고르는 편이 낫습니다.",
        ),
        "imbalance": (
            "Only training items were left out to reach a ratio; validation and test are as they "
            "were. The band is the 95% interval of training as it is. A moved threshold is the same "
            "in both figures of F1, and as it ranks like training as it is, it isn't in that of AP.",
            "학습 항목만 줄여 비율을 맞추었고, 검증과 시험은 그대로입니다. 띠는 그대로 학습했을 때의 95% 신뢰구간입니다. "
            "threshold 이동은 두 F1 그림에서 같은 값이며, 순위가 그대로 학습한 것과 같아 AP에는 없습니다.",
        ),
        "strata": (
            "The same items in the same folds, judged by models that trained on other items of the "
            "stratum, and by models whose training and validation had none. The dotted line is "
            "chance.",
            "같은 항목을 같은 fold에서, 그 층의 다른 항목으로 학습한 모델과 그 층을 학습과 검증에서 모두 뺀 모델로 판정했습니다. "
            "점선은 우연히 얻을 값입니다.",
        ),
        "widths": (
            "Half widths in random subsets of the groups, and that of all groups drawn out by the "
            "square root. To tell a difference four times in five, the half width must be clearly "
            "smaller than it, so the groups needed lie to the right of where the lines meet. This "
            "takes new groups to be like the present ones.",
            "그룹을 무작위로 덜어 낸 부분 집합의 반폭과, 모든 그룹의 값을 제곱근 법칙으로 늘인 선입니다. 차이를 다섯 번에 네 번 "
            "알아보려면 반폭이 그 차이보다 충분히 작아야 하므로, 필요한 그룹 수는 선이 만나는 곳보다 오른쪽에 있습니다. 새 그룹이 "
            "지금의 그룹과 비슷하다고 본 추정입니다.",
        ),
    }
)
_NOT_MEASURED = Wordings(
    {
        "no_harmful": ("no harmful items", "유해 항목이 없습니다"),
        "one_class": (
            "without it, one class has too few items to train and validate on",
            "빼고 나면 학습하고 검증할 항목에 한쪽 클래스가 모자랍니다",
        ),
    }
)


def seed_sentences(spread: pd.DataFrame, flips: pd.DataFrame, modality: str) -> list[str]:
    """Say how far F1, the best threshold and the decisions vary.

    Parameters
    ----------
    spread : DataFrame
        As `seed_stability.spread` returns it.
    flips : DataFrame
        As `seed_stability.flip_summary` returns it.
    modality : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> spread = pd.DataFrame({"quantity": ["f1"] * 3 + ["best_threshold"] * 3,
    ...     "source": ["seed", "fold", "epoch"] * 2, "sd": 0.03, "low": 0.6, "high": 0.7, "n": 5})
    >>> flips = pd.DataFrame({"measure": ["any", "pair", "wrong_all"], "value": [0.3, 0.1, 0.2],
    ...                       "low": 0.1, "high": 0.4, "items": 30, "n": 100})
    >>> seed_sentences(spread, flips, "video")
    ['비디오: seed만 바꾸어도 F1이 0.600~0.700으로 달라집니다(seed 5개, 표준편차 0.030). 표준편차는 fold 사이에서 0.030,
    epoch 사이에서 0.030입니다.',
    '최적 threshold의 표준편차는 seed 사이 0.030, fold 사이 0.030, epoch 사이 0.030입니다.',
    '항목 100개 가운데 30개(30.0%)의 판정이 seed에 따라 바뀌고, 두 seed의 판정은 평균 10.0%의 항목에서
    다릅니다(95% 신뢰구간 10.0%~40.0%). 모든 seed가 틀리는 항목은 30개(20.0%)로, 이는 seed를 바꾸어 고칠 수 없습니다.']
    """
    f1, threshold = (
        {one.source: one for one in rows(spread[spread["quantity"] == quantity])}
        for quantity in ("f1", "best_threshold")
    )
    any_, pair, wrong = (row(flips, "measure", name) for name in ("any", "pair", "wrong_all"))
    seeds = f1["seed"]
    medium, every, two = MODALITY[modality], f"{any_['items']:,}", f"{wrong['items']:,}"
    low, high, sd = number(seeds.low, 3), number(seeds.high, 3), number(seeds.sd, 3)
    return [
        written(
            f"{medium}: changing the seed alone moves F1 between {low} and {high} ({seeds.n} seeds, "
            f"standard deviation {sd}). Standard deviation {_between(f1, ('fold', 'epoch'))}.",
            f"{medium}: seed만 바꾸어도 F1이 {low}~{particle(high, '으로/로')} 달라집니다(seed {seeds.n}개, 표준편차 "
            f"{sd}). 표준편차는 {_between(f1, ('fold', 'epoch'), '에서 ')}입니다.",
        ),
        written(
            "Standard deviation of the best threshold "
            f"{_between(threshold, ('seed', 'fold', 'epoch'))}.",
            f"최적 threshold의 표준편차는 {_between(threshold, ('seed', 'fold', 'epoch'), ' ')}입니다.",
        ),
        written(
            f"The verdict on {every} of {any_.n:,} items ({any_.value:.1%}) changes with the seed; "
            f"two seeds differ on {pair.value:.1%} of the items on average{_apart(pair)}. All seeds "
            f"are wrong on {two} items ({wrong.value:.1%}): no change of seed mends these.",
            f"항목 {any_.n:,}개 가운데 {every}개({any_.value:.1%})의 판정이 seed에 따라 바뀌고, 두 seed의 판정은 평균 "
            f"{pair.value:.1%}의 항목에서 다릅니다{_apart(pair)}. 모든 seed가 틀리는 항목은 {two}개({wrong.value:.1%})로, "
            "이는 seed를 바꾸어 고칠 수 없습니다.",
        ),
    ]


def _apart(pair: Row) -> str:
    if pd.isna(pair.low):
        return written(" (too few groups for an interval)", "(그룹이 모자라 신뢰구간은 없음)")
    return written(
        f" (95% CI {pair.low:.1%} to {pair.high:.1%})",
        f"(95% 신뢰구간 {pair.low:.1%}~{pair.high:.1%})",
    )


def _between(found: dict[str, Row], sources: tuple[str, ...], joint: str = "") -> str:
    between = {source: number(found[source].sd, 3) for source in sources}
    return ", ".join(
        written(f"between {source}s {sd}", f"{source} 사이{joint}{sd}")
        for source, sd in between.items()
    )


def epoch_sentences(choices: pd.DataFrame, luck: pd.DataFrame, modality: str) -> list[str]:
    """Say how much of the choice of an epoch is chance, and whether choosing pays.

    Parameters
    ----------
    choices, luck : DataFrame
        As `seed_stability.epoch_choices` and `epoch_luck` return them.
    modality : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> choices = pd.DataFrame({"epoch": [1, 2], "chosen": [6, 4], "trainings": 10,
    ...     "f1": [0.6, 0.7], "gain": [0.1, 0.0], "low": [0.05, -0.02], "high": [0.15, 0.02]})
    >>> luck = pd.DataFrame({"question": ["seeds", "test"], "share": [0.5, 0.4],
    ...                      "by_chance": [0.4, 0.4]})
    >>> epoch_sentences(choices, luck, "image")
    ['이미지: 검증이 epoch 1을 고른 것은 학습 10회 가운데 6회입니다. 같은 fold에서 seed만 바꾼 두 학습이 같은 epoch을 고르는
    비율은 50.0%이고, 우연(다른 fold의 두 학습)이라면 40.0%입니다.',
    '검증이 고른 epoch이 시험에서도 가장 좋은 비율은 40.0%이고, 우연이라면 40.0%입니다.',
    '검증으로 epoch을 고르는 것은 epoch 1에 고정하는 것보다 시험 F1이 높습니다(보정한 95% 신뢰구간이 0보다 큼). epoch
    2에 고정하는 것과는 차이가 있다고 볼 근거가 부족합니다(고정했을 때 F1이 가장 높은 epoch 2와의 차이 +0.0000, 보정한 95%
    신뢰구간 −0.0200~+0.0200).']
    """
    first = row(choices, "epoch", choices["epoch"].min())
    if len(choices) < 2:
        return [
            written(
                f"{MODALITY[modality]}: there is one epoch only, and nothing to choose.",
                f"{MODALITY[modality]}: epoch이 하나뿐이라 고를 것이 없습니다.",
            )
        ]
    seeds, test = (row(luck, "question", name) for name in ("seeds", "test"))
    epoch = f"{first.epoch:.0f}"
    chosen = written(
        f"{MODALITY[modality]}: validation chose epoch {epoch} in {first.chosen} of "
        f"{first.trainings} trainings.",
        f"{MODALITY[modality]}: 검증이 epoch {particle(epoch, '을/를')} 고른 것은 학습 {first.trainings}회 가운데 "
        f"{first.chosen}회입니다.",
    )
    if pd.notna(seeds.share):
        chosen += written(
            f" Two trainings of one fold that differ by the seed alone choose the same epoch in "
            f"{seeds.share:.1%}; by chance (two trainings of different folds) it would be "
            f"{seeds.by_chance:.1%}.",
            f" 같은 fold에서 seed만 바꾼 두 학습이 같은 epoch을 고르는 비율은 {seeds.share:.1%}이고, 우연(다른 fold의 "
            f"두 학습)이라면 {seeds.by_chance:.1%}입니다.",
        )
    best = written(
        f"Validation's epoch is also the best on test in {test.share:.1%}; by chance it would be in "
        f"{test.by_chance:.1%}.",
        f"검증이 고른 epoch이 시험에서도 가장 좋은 비율은 {test.share:.1%}이고, 우연이라면 {test.by_chance:.1%}입니다.",
    )
    return [chosen, best, _fixed(choices)]


def _fixed(choices: pd.DataFrame) -> str:
    """Whether validation's choice of an epoch beats a fixed one on test."""
    best = row(choices, "epoch", choices.loc[choices["f1"].idxmax(), "epoch"])
    if choices["low"].isna().all():
        return written(
            "Too few groups to say whether choosing is better than keeping to one epoch (at least "
            f"{MIN_GROUPS} of each class needed).",
            f"그룹이 모자라, 고르는 것이 epoch을 고정하는 것보다 나은지 말할 수 없습니다(클래스마다 {MIN_GROUPS}개 이상 필요).",
        )
    higher, lower = choices[choices["low"] > 0], choices[choices["high"] < 0]
    rest = choices[(choices["low"] <= 0) & (choices["high"] >= 0)]
    clauses = []
    if len(higher):
        clauses.append(
            written(
                f"a higher test F1 than always taking {_epochs(higher)} (corrected 95% CI above 0)",
                f"{_epochs(higher)}에 고정하는 것보다 시험 F1이 높습니다(보정한 95% 신뢰구간이 0보다 큼)",
            )
        )
    if len(lower):
        clauses.append(
            written(
                f"a lower test F1 than always taking {_epochs(lower)} (corrected 95% CI below 0)",
                f"{_epochs(lower)}에 고정하는 것보다 시험 F1이 낮습니다(보정한 95% 신뢰구간이 0보다 작음)",
            )
        )
    found = ", ".join(clauses)
    text = written(
        f"Choosing the epoch by validation gives {found}.",
        f"검증으로 epoch을 고르는 것은 {found}.",
    )
    text = text if clauses else ""
    gain, low, high = signed(best.gain), signed(best.low), signed(best.high)
    against = written(
        f"(difference from epoch {best.epoch:.0f}, the best to keep to: {gain}, corrected 95% CI "
        f"{low} to {high})",
        f"(고정했을 때 F1이 가장 높은 epoch {particle(f'{best.epoch:.0f}', '과/와')}의 차이 {gain}, 보정한 95% 신뢰구간 "
        f"{low}~{high})",
    )
    if rest.empty:
        return f"{text} {against}".strip()
    if clauses:
        return text + written(
            f" There is too little ground for a difference from always taking {_epochs(rest)} "
            f"{against}.",
            f" {_epochs(rest)}에 고정하는 것과는 차이가 있다고 볼 근거가 부족합니다{against}.",
        )
    return written(
        "There is too little ground to say that choosing by validation differs from always taking "
        f"{_epochs(rest)} {against}.",
        f"검증으로 고르는 것은 {_epochs(rest)}에 고정하는 것과는 차이가 있다고 볼 근거가 부족합니다{against}.",
    )


def _epochs(choices: pd.DataFrame) -> str:
    return f"epoch {', '.join(f'{one.epoch:.0f}' for one in rows(choices))}"


def imbalance_sentences(ratios: pd.DataFrame, effects: pd.DataFrame, modality: str) -> list[str]:
    """Say where the ways to treat imbalance are the same, and where they are not.

    Parameters
    ----------
    ratios, effects : DataFrame
        As `study_imbalance` returns them.
    modality : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> ratios = pd.DataFrame({"harmful_per_safe": [1.0, 8.0, 99.0], "tried": [True, True, False],
    ...                        "harmful": 70.0, "safe": [70.0, 9.0, 1.0]})
    >>> effects = pd.DataFrame({"harmful_per_safe": 8.0, "method": ["pos_weight"] * 2,
    ...     "rule": ["fixed", "validation"], "metric": "f1", "value": 0.7,
    ...     "difference": [0.05, 0.0], "difference_low": [0.01, -0.02],
    ...     "difference_high": [0.09, 0.02]})
    >>> imbalance_sentences(ratios, effects, "video")
    ['비디오: 학습 항목의 유해:안전 비율을 1:1, 8:1로 맞추어 비교했습니다(어느 비율에서나 항목 수는 같음). 99:1은 fold의 학습
    부분에 드문 클래스가 너무 적게 남아 시험하지 못했습니다.',
    'threshold를 0.5에 두면, 아무것도 하지 않는 것과 F1이 다르다고 볼 근거가 있는 것은 pos_weight(8:1, +0.0500, 보정한 95%
    신뢰구간 +0.0100~+0.0900)입니다.',
    'threshold를 검증에서 고르고 나면, 아무것도 하지 않는 것과 F1이 다르다고 볼 근거가 있는 방법이 없습니다.']
    """
    tried = ratios[ratios["tried"]]
    left = ratios[~ratios["tried"]]
    head = _ratios_sentence(tried, left, modality)
    if effects.empty:
        return [head]
    if effects["difference_low"].isna().all():
        few = written(
            "Too few groups for intervals of the differences: which way is better can't be said.",
            "그룹이 모자라 방법 사이의 차이에 신뢰구간을 낼 수 없고, 어느 것이 나은지 말할 수 없습니다.",
        )
        return [f"{head} {few}"]
    own = effects[effects["method"] != "none"]
    f1 = own[own["metric"] == "f1"]
    moved = f1["method"] == "moved_threshold"
    fixed, chosen = f1[f1["rule"] == "fixed"], f1[(f1["rule"] == "validation") & ~moved]
    sentences = [
        head,
        written("With the threshold at 0.5, ", "threshold를 0.5에 두면, ")
        + _different(fixed, "F1"),
        written("Once validation has chosen the threshold, ", "threshold를 검증에서 고르고 나면, ")
        + _different(chosen, "F1"),
    ]
    for metric, name in (("average_precision", "AP"), ("roc_auc", "AUC")):
        ranked = own[own["metric"] == metric]
        if len(ranked):
            free = written("By a metric without threshold, ", "threshold와 무관한 지표로는, ")
            sentences.append(free + _different(ranked, name))
    formula = list(rows(f1[(f1["rule"] == "validation") & moved]))
    return [*sentences, _of_formula(formula)] if formula else sentences


def _ratios_sentence(tried: pd.DataFrame, left: pd.DataFrame, modality: str) -> str:
    """Which ratios were compared, and which could not be."""
    names, missing = (", ".join(map(_ratio, rows(table))) for table in (tried, left))
    head = written(
        f"{MODALITY[modality]}: no ratio of harmful to safe items can be compared.",
        f"{MODALITY[modality]}: 비교할 수 있는 유해:안전 비율이 없습니다.",
    )
    if names:
        head = written(
            f"{MODALITY[modality]}: training items were compared at harmful:safe ratios of {names} "
            "(as many items at each).",
            f"{MODALITY[modality]}: 학습 항목의 유해:안전 비율을 {particle(names, '으로/로')} 맞추어 비교했습니다(어느 "
            "비율에서나 항목 수는 같음).",
        )
    if not missing:
        return head
    return head + written(
        f" Not tried, as too few items of the rare class would remain to train on: {missing}.",
        f" {particle(missing, '은/는')} fold의 학습 부분에 드문 클래스가 너무 적게 남아 시험하지 못했습니다.",
    )


def _of_formula(formula: list[Row]) -> str:
    """Whether the threshold by the formula differs from validation's."""
    sure = [one for one in formula if one.difference_low > 0 or one.difference_high < 0]
    if not sure:
        return written(
            "There is too little ground for a difference in F1 between a threshold moved by the "
            "formula and one chosen on validation.",
            "비율의 차이만큼 공식으로 옮긴 threshold는 검증에서 고른 threshold와 비교해 F1이 다르다고 볼 근거가 부족합니다.",
        )
    found = ", ".join(
        written(
            f"{'higher' if one.difference > 0 else 'lower'} at {_ratio(one)} ({_with_interval(one)})",
            f"{_ratio(one)}에서 F1이 {'높습니다' if one.difference > 0 else '낮습니다'}({_with_interval(one)})",
        )
        for one in sure
    )
    return written(
        "Against a threshold chosen on validation, one moved by the formula for the difference in "
        f"ratio has an F1 that is {found}.",
        f"비율의 차이만큼 공식으로 옮긴 threshold는 검증에서 고른 threshold와 비교해 {found}.",
    )


def _ratio(one: Row) -> str:
    return f"{one.harmful_per_safe:g}:1"


def _with_interval(one: Row) -> str:
    low, high = signed(one.difference_low), signed(one.difference_high)
    return written(
        f"{signed(one.difference)}, corrected 95% CI {low} to {high}",
        f"{signed(one.difference)}, 보정한 95% 신뢰구간 {low}~{high}",
    )


def _different(effects: pd.DataFrame, metric: str) -> str:
    """Which methods certainly differ from doing nothing under the same rule."""
    sure = [one for one in rows(effects) if one.difference_low > 0 or one.difference_high < 0]
    subject = particle(metric, "이/가")
    if not sure:
        return written(
            f"no way can be said to differ in {metric} from doing nothing.",
            f"아무것도 하지 않는 것과 {subject} 다르다고 볼 근거가 있는 방법이 없습니다.",
        )
    found = ", ".join(
        written(
            f"{METHOD[one.method]} ({_ratio(one)}, {_with_interval(one)})",
            f"{METHOD[one.method]}({_ratio(one)}, {_with_interval(one)})",
        )
        for one in sure
    )
    return written(
        f"these can be said to differ in {metric} from doing nothing: {found}.",
        f"아무것도 하지 않는 것과 {subject} 다르다고 볼 근거가 있는 것은 {found}입니다.",
    )


def imbalance_prevalence_sentence(prevalences: pd.DataFrame, modality: str) -> str:
    """Say what precision and the flagged share become where harmful items are rare.

    Parameters
    ----------
    prevalences : DataFrame
        As `study_imbalance` returns it.
    modality : str

    Returns
    -------
    str
        Of the lowest prevalence; empty where nothing was tried.

    Examples
    --------
    >>> table = pd.DataFrame({"harmful_per_safe": 1.0, "method": ["none", "focal"],
    ...     "prevalence": 0.001, "precision": [0.004, 0.006], "flagged_share": [0.2, 0.1]})
    >>> imbalance_prevalence_sentence(table, "image")
    '이미지: 트래픽의 유해 비율이 0.10%라면, 어떤 비율과 방법으로 학습했든 Precision은 0.0040~0.0060이고 전체의
    10.0%~20.0%를 유해로 판정합니다.'
    """
    if prevalences.empty or prevalences["precision"].isna().all():
        return ""
    rarest = prevalences[prevalences["prevalence"] == prevalences["prevalence"].min()]
    share = at(rarest, rarest.index[0]).prevalence
    ends = {
        column: [at(rarest, label) for label in (rarest[column].idxmin(), rarest[column].idxmax())]
        for column in ("precision", "flagged_share")
    }
    precision, flagged = ends["precision"], ends["flagged_share"]
    rate = f"{share:{'.1%' if share >= 0.01 else '.2%'}}"
    worst, best = (number(one.precision) for one in precision)
    least, most = (f"{one.flagged_share:.1%}" for one in flagged)
    return written(
        f"{MODALITY[modality]}: where {rate} of the traffic is harmful, precision is {worst} to "
        f"{best} and {least} to {most} of all is flagged, at whatever ratio and in whatever way the "
        "models were trained.",
        f"{MODALITY[modality]}: 트래픽의 유해 비율이 {rate}라면, 어떤 비율과 방법으로 학습했든 Precision은 "
        f"{worst}~{best}이고 전체의 {least}~{most}를 유해로 판정합니다.",
    )


def strata_sentences(strata: pd.DataFrame, modality: str) -> list[str]:
    """Say how well each stratum is judged, with and without having trained on it.

    Parameters
    ----------
    strata : DataFrame
        As `study_strata` returns it.
    modality : str

    Returns
    -------
    list of str
        One sentence per stratum, and one on those that no path fits.

    Examples
    --------
    >>> strata = pd.DataFrame({"stratum": "불", "harmful": 73, "safe": 399, "harmful_groups": 73,
    ...     "safe_groups": 399, "against": "own", "harmful_share": 0.15,
    ...     "metric": ["average_precision"] * 3 + ["roc_auc"] * 3,
    ...     "trained": ["with", "without", "difference"] * 2, "state": "ok",
    ...     "value": [0.6, 0.3, -0.3, 0.9, 0.7, -0.2], "low": [0.5, 0.2, -0.4] * 2,
    ...     "high": [0.7, 0.4, -0.2] * 2})
    >>> strata_sentences(strata, "image")
    ['이미지 불(유해 73개, 안전 399개): AP는 다른 불 항목으로 학습했을 때 0.6000(95% 신뢰구간 0.500~0.700), 불을 전혀
    보지 않고 학습했을 때 0.3000(95% 신뢰구간 0.200~0.400)이며, 우연이라면 0.150입니다. 본 적이 없으면 AP가 낮아집니다(차이
    −0.3000, 보정한 95% 신뢰구간 −0.4000~−0.2000). AUC는 0.9000과 0.7000입니다.']
    """
    without = list(dict.fromkeys(strata.loc[strata["state"] == "no_items", "stratum"]))
    sentences = [
        _stratum(name, own, modality)
        for name, own in strata.groupby("stratum", sort=False)
        if name not in without
    ]
    if without:
        names = f"{MODALITY[modality]} {', '.join(without)}"
        sentences.append(
            written(f"{names}: no item's path fits.", f"{names}: 경로가 맞는 항목이 없습니다.")
        )
    return sentences


def _stratum(name: str, own: pd.DataFrame, modality: str) -> str:
    first = at(own, own.index[0])
    head = f"{MODALITY[modality]} {name}"
    if first.state in _NOT_MEASURED:
        return f"{head}: {_NOT_MEASURED[first.state]}."
    ap, auc = (
        {one.trained: one for one in rows(own[own["metric"] == metric])}
        for metric in ("average_precision", "roc_auc")
    )
    against = written(
        "; no safe items of its own, so against all other safe items",
        ", 안전 항목이 없어 다른 안전 항목 모두와 비교",
    )
    against = "" if first.against == "own" else against
    text = written(
        f"{head} ({first.harmful:.0f} harmful, {first.safe:.0f} safe{against}): AP is "
        f"{_level(ap['with'])} after training on other items of {name}, {_level(ap['without'])} "
        f"after training on none; by chance it would be {number(first.harmful_share, 3)}.",
        f"{head}(유해 {first.harmful:.0f}개, 안전 {first.safe:.0f}개{against}): AP는 다른 {name} 항목으로 학습했을 때 "
        f"{_level(ap['with'])}, {particle(name, '을/를')} 전혀 보지 않고 학습했을 때 {_level(ap['without'])}이며, "
        f"우연이라면 {number(first.harmful_share, 3)}입니다.",
    )
    seen, unseen = number(auc["with"].value), number(auc["without"].value)
    aucs = written(
        f" AUC is {seen} and {unseen}.", f" AUC는 {particle(seen, '과/와')} {unseen}입니다."
    )
    return f"{text} {_unseen(first, ap['difference'])}{aucs}"


def _unseen(first: Row, apart: Row) -> str:
    """What not having seen the stratum does to AP."""
    if first.state == "few_groups":
        return written(
            f"With {first.harmful_groups:.0f} harmful and {first.safe_groups:.0f} safe groups there "
            f"is no interval ({MIN_GROUPS} of each needed).",
            f"유해 그룹 {first.harmful_groups:.0f}개, 안전 그룹 {first.safe_groups:.0f}개라 신뢰구간을 낼 수 "
            f"없습니다(각각 {MIN_GROUPS}개 필요).",
        )
    difference, low, high = signed(apart.value), signed(apart.low), signed(apart.high)
    facts = written(
        f"(difference {difference}, corrected 95% CI {low} to {high})",
        f"(차이 {difference}, 보정한 95% 신뢰구간 {low}~{high})",
    )
    if apart.high < 0:
        return written(
            f"Not having seen any lowers AP {facts}.", f"본 적이 없으면 AP가 낮아집니다{facts}."
        )
    if apart.low > 0:
        return written(
            f"Not having seen any even raises AP {facts}.",
            f"본 적이 없을 때 AP가 오히려 높습니다{facts}.",
        )
    return written(
        f"There is too little ground to say that having seen some makes a difference {facts}.",
        f"본 적이 있는지에 따라 AP가 다르다고 볼 근거는 부족합니다{facts}.",
    )


def _level(one: Row) -> str:
    if pd.isna(one.low):
        return number(one.value)
    low, high = number(one.low, 3), number(one.high, 3)
    return written(
        f"{number(one.value)} (95% CI {low} to {high})",
        f"{number(one.value)}(95% 신뢰구간 {low}~{high})",
    )


def data_sentences(needed: pd.DataFrame, modality: str) -> list[str]:
    """Say how many groups, and items, would tell the difference that matters.

    Parameters
    ----------
    needed : DataFrame
        As `data_needed.data_needed` returns it, one row per pair of variants, with columns a and b.
    modality : str

    Returns
    -------
    list of str
        One sentence per pair.

    Examples
    --------
    >>> needed = pd.DataFrame({"a": ["model4"], "b": "model5", "observed": 0.03, "low": -0.04,
    ...     "high": 0.1, "error": 0.04, "groups": 53, "items": 240, "wanted": 0.02, "power": 0.08,
    ...     "detectable": 0.106, "groups_needed": 1406.0, "items_needed": 6367.0,
    ...     "observed_needed": 636.0})
    >>> data_sentences(needed, "video")
    ['비디오: Model 4와 Model 5의 F1 차이는 +0.0300(95% 신뢰구간 −0.0400~+0.1000)입니다. 지금의 그룹 53개로는 차이가
    0.106 이상일 때에야 다섯 번에 네 번 알아볼 수 있고, 0.02의 차이를 알아볼 확률은 8.0%입니다. 0.02를 알아보려면 그룹이 약
    1,406개(항목 약 6,367개) 필요합니다. 새 그룹이 지금의 그룹과 비슷하다고 볼 때의 추정입니다.']
    """
    return [_needed(one, modality) for one in rows(needed)]


def _needed(one: Row, modality: str) -> str:
    medium, a, b, gap = (
        MODALITY[modality],
        model_name(one.a),
        model_name(one.b),
        signed(one.observed),
    )
    if pd.isna(one.low):
        return written(
            f"{medium}: {a} and {b} differ by {gap} in F1. Too few groups for an interval (at least "
            f"{MIN_GROUPS} of each class needed), so how many more it takes can't be said either.",
            f"{medium}: {particle(a, '과/와')} {b}의 F1 차이는 {gap}입니다. 그룹이 모자라 신뢰구간이 없으므로(클래스마다 "
            f"{MIN_GROUPS}개 이상 필요), 얼마나 더 필요한지도 말할 수 없습니다.",
        )
    head = written(
        f"{medium}: {a} and {b} differ by {gap} in F1 (95% CI {signed(one.low)} to "
        f"{signed(one.high)}).",
        f"{medium}: {particle(a, '과/와')} {b}의 F1 차이는 {gap}(95% 신뢰구간 {signed(one.low)}~"
        f"{signed(one.high)})입니다.",
    )
    return f"{head} {_how_many(one)}"


def _how_many(one: Row) -> str:
    """How many groups the wanted difference takes."""
    if not one.error > 0:
        return written(
            "The two decide alike in every group, so how much data it takes can't be said.",
            "두 모델의 판정이 그룹마다 같아, 필요한 데이터를 말할 수 없습니다.",
        )
    wanted = f"{one.wanted:g}"
    if one.groups_needed <= one.groups:
        return written(
            f"The present {one.groups:,} groups are enough to tell a difference of {wanted} (about "
            f"{one.groups_needed:,.0f} tell it four times in five).",
            f"지금의 그룹 {one.groups:,}개는 {wanted}의 차이를 알아보기에 충분합니다(다섯 번에 네 번 알아보는 데 약 "
            f"{one.groups_needed:,.0f}개 필요).",
        )
    now = written(
        f"The present {one.groups:,} groups tell a difference four times in five only from "
        f"{number(one.detectable, 3)} up, and one of {wanted} with a probability of {one.power:.1%}.",
        f"지금의 그룹 {one.groups:,}개로는 차이가 {number(one.detectable, 3)} 이상일 때에야 다섯 번에 네 번 알아볼 수 "
        f"있고, {wanted}의 차이를 알아볼 확률은 {one.power:.1%}입니다.",
    )
    like = written(
        "This takes new groups to be like the present ones.",
        "새 그룹이 지금의 그룹과 비슷하다고 볼 때의 추정입니다.",
    )
    if math.isinf(one.groups_needed):
        many = written(
            f"No realistic number of groups would tell {wanted}.",
            f"{particle(wanted, '을/를')} 알아볼 그룹 수는 현실적이지 않습니다.",
        )
        return f"{now} {many} {like}"
    many = written(
        f"To tell {wanted} it takes about {one.groups_needed:,.0f} groups (about "
        f"{one.items_needed:,.0f} items).",
        f"{particle(wanted, '을/를')} 알아보려면 그룹이 약 {one.groups_needed:,.0f}개(항목 약 "
        f"{one.items_needed:,.0f}개) 필요합니다.",
    )
    return f"{now} {many} {like}"


def figure_words(figure: str, sentences: Sequence[str], modality: str) -> Words:
    """Describe a figure of this part of the study.

    Parameters
    ----------
    figure : {"seeds", "epochs", "imbalance", "strata", "widths"}
    sentences : sequence of str
        What the figure shows, with its numbers.
    modality : str

    Returns
    -------
    Words

    Examples
    --------
    >>> figure_words("strata", ["이미지 불: AP 0.3"], "image").alt
    '이미지 불: AP 0.3'
    """
    return Words(plain(" ".join(sentences)), f"{MODALITY[modality]}: {_CAPTIONS[figure]}")
