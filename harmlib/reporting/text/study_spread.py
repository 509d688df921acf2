"""Sentences of the study: what changes with the seed and the epoch, and the words of its figures.

The tables are those of `harmlib.analysis.seed_stability`; `modality` is `image` or `video`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import Wordings, written
from harmlib.reporting.text.captions import Words
from harmlib.reporting.text.cited_numbers import Row, plain, row, rows
from harmlib.reporting.text.korean import MODALITY, number, particle, signed

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
