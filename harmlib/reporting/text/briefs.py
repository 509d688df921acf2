"""One sentence for each folded part of the report: what a reader finds in it, with its numbers.

All tables are of one modality (`image`, `video` or a section) and go by it in mappings; they are
those of `harmlib.reporting.report.Report`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from harmlib.analysis.equal_networks import network_groups
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row, at, count, row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle, signed

Tables = Mapping[str, pd.DataFrame]
RARE = 0.01  # the harmful share that precision is said for where that of the traffic is not known
MIN_BIN_ITEMS = 10  # a point of a reliability diagram that stands for fewer says nothing


def problems(chosen: Tables, variant: str) -> str:
    """Say which share the variant with a fixed threshold flags on validation.

    Parameters
    ----------
    chosen : mapping of str to DataFrame
        The operating points of the saved epochs.
    variant : str

    Returns
    -------
    str

    Examples
    --------
    >>> problems({"video": pd.DataFrame({"variant": ["model2"], "flagged_share": 0.97})}, "model2")
    'Model 2가 검증에서 유해로 판정한 비율: 비디오 97.0%.'
    """
    shares = ", ".join(
        f"{MODALITY[m]} {row(own, 'variant', variant).flagged_share:.1%}"
        for m, own in chosen.items()
    )
    name = model_name(variant)
    return written(
        f"Share of validation that {name} calls harmful: {shares}.",
        f"{particle(name, '이/가')} 검증에서 유해로 판정한 비율: {shares}.",
    )


def settings(equal: Tables) -> str:
    """Say which models are one network.

    Parameters
    ----------
    equal : mapping of str to DataFrame
        As `harmlib.analysis.equal_networks.equal_networks` returns it, by modality.

    Returns
    -------
    str

    Examples
    --------
    >>> settings({"video": pd.DataFrame({"a": ["model2"], "b": "model3"})})
    '확률이 모두 같은 네트워크: 비디오 Model 2 = Model 3.'
    """
    found = [
        f"{MODALITY[m]} {' = '.join(map(model_name, group))}"
        for m, pairs in equal.items()
        for group in network_groups(pairs)
    ]
    if not found:
        return written(
            "The models side by side; no two are one network.",
            "모델별 설정을 비교합니다. 같은 네트워크인 모델은 없습니다.",
        )
    groups = ", ".join(found)
    return written(
        f"Networks whose probabilities are all the same: {groups}.",
        f"확률이 모두 같은 네트워크: {groups}.",
    )


def thresholds(chosen: Tables) -> str:
    """Say the operating threshold of each model.

    Parameters
    ----------
    chosen : mapping of str to DataFrame
        The operating points of the saved epochs.

    Returns
    -------
    str

    Examples
    --------
    >>> thresholds({"video": pd.DataFrame({"variant": ["model4"], "threshold": 0.3})})
    '운영 threshold: 비디오 Model 4 0.30.'
    """
    points = "; ".join(
        f"{MODALITY[m]} "
        + ", ".join(f"{model_name(one.variant)} {one.threshold:.2f}" for one in rows(own))
        for m, own in chosen.items()
    )
    return written(f"Operating thresholds: {points}.", f"운영 threshold: {points}.")


def epochs(changes: Tables) -> str:
    """Say how many changes of the best threshold between epochs are more than chance.

    Parameters
    ----------
    changes : mapping of str to DataFrame
        The second table of `stability`; column verdict.

    Returns
    -------
    str

    Examples
    --------
    >>> epochs({"video": pd.DataFrame({"verdict": ["noise", "moved"]})})
    'Epoch 사이에 최적 threshold가 달라진 것 가운데 우연으로 보기 어려운 변화: 비디오 2번 중 1번.'
    """
    moved = ", ".join(
        written(
            f"{MODALITY[m]} {count(own[own['verdict'] == 'moved'])} of {count(own)}",
            f"{MODALITY[m]} {count(own)}번 중 {count(own[own['verdict'] == 'moved'])}번",
        )
        for m, own in changes.items()
    )
    return written(
        f"Changes of the best threshold between epochs that are more than chance: {moved}.",
        f"Epoch 사이에 최적 threshold가 달라진 것 가운데 우연으로 보기 어려운 변화: {moved}.",
    )


def epoch_answer(changes: pd.DataFrame, modality: str) -> str:
    """Answer whether the best threshold moved between the epochs.

    Parameters
    ----------
    changes : DataFrame
        The second table of `stability`; columns variant, verdict.
    modality : str

    Returns
    -------
    str
        Markdown.

    Examples
    --------
    >>> epoch_answer(pd.DataFrame({"variant": "model4", "verdict": ["noise", "noise"]}), "video")
    '**Epoch에 따라 최적 threshold가 움직였는가?** 비디오에서는 그렇다고 볼 근거가 없습니다. 이웃한 epoch 사이의 변화 2번이
    모두 우연과 구별되지 않습니다.'
    """
    name, moved = MODALITY[modality], changes[changes["verdict"] == "moved"]
    question = written(
        "**Did the best threshold move with the epoch?**",
        "**Epoch에 따라 최적 threshold가 움직였는가?**",
    )
    if changes.empty or (changes["verdict"] == "unknown").all():
        return written(
            f"{question} Of {name} that can't be said: there are too few groups, or too few epochs.",
            f"{question} {name}에서는 그룹이나 epoch가 모자라 판단할 수 없습니다.",
        )
    if moved.empty:
        return written(
            f"{question} For {name} there is no evidence of it: none of the {count(changes)} changes "
            "between neighbouring epochs is told from chance.",
            f"{question} {name}에서는 그렇다고 볼 근거가 없습니다. 이웃한 epoch 사이의 변화 {count(changes)}번이 모두 우연과 "
            "구별되지 않습니다.",
        )
    models = ", ".join(map(model_name, moved["variant"].unique()))
    return written(
        f"{question} For {name}, with {models}: {count(moved)} of {count(changes)} changes between "
        "neighbouring epochs are more than chance.",
        f"{question} {name} {models}에서 그렇습니다. 이웃한 epoch 사이의 변화 {count(changes)}번 중 {count(moved)}번은 "
        "우연으로 보기 어렵습니다.",
    )


def all_results(test: Tables) -> str:
    """Say on how many items of the test split the saved models were judged.

    Parameters
    ----------
    test : mapping of str to DataFrame
        As `compare_on_test` returns it; column n.

    Returns
    -------
    str

    Examples
    --------
    >>> all_results({"video": pd.DataFrame({"variant": ["model4"], "n": [36]})})
    '저장한 체크포인트를 적용한 시험 분할: 비디오 36개.'
    """
    sizes = ", ".join(f"{MODALITY[m]} {next(rows(own)).n:,}" for m, own in test.items())
    counted = ", ".join(f"{MODALITY[m]} {next(rows(own)).n:,}개" for m, own in test.items())
    return written(
        f"Items of the test split, judged by the saved checkpoints: {sizes}.",
        f"저장한 체크포인트를 적용한 시험 분할: {counted}.",
    )


def sureness(against_baseline: Tables) -> str:
    """Say how many models differ from the baseline.

    Parameters
    ----------
    against_baseline : mapping of str to DataFrame
        Columns corrected_low, corrected_high.

    Returns
    -------
    str

    Examples
    --------
    >>> apart = pd.DataFrame({"corrected_low": [-0.1, 0.1], "corrected_high": [0.1, 0.2]})
    >>> sureness({"video": apart})
    '기준선과의 차이가 0과 구별되는 모델: 비디오 2개 중 1개.'
    """
    apart = _apart(against_baseline)
    return written(
        f"Models whose difference from the baseline is told from 0: {apart}.",
        f"기준선과의 차이가 0과 구별되는 모델: {apart}.",
    )


def pairs(differences: Tables) -> str:
    """Say how many pairs of models test tells apart by F1.

    Parameters
    ----------
    differences : mapping of str to DataFrame
        As `comparison_tables.differences` returns it.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"split": ["test"], "metric": "f1", "corrected_low": 0.01,
    ...                       "corrected_high": 0.02})
    >>> pairs({"image": table})
    '시험 F1이 구별되는 모델 쌍: 이미지 1개 중 1개.'
    """
    tested = {m: pairs_on_test(own) for m, own in differences.items()}
    apart = _apart(tested)
    return written(
        f"Pairs of models that F1 on test tells apart: {apart}.",
        f"시험 F1이 구별되는 모델 쌍: {apart}.",
    )


def pairs_on_test(differences: pd.DataFrame) -> pd.DataFrame:
    """Take the comparisons of F1 on test.

    Parameters
    ----------
    differences : DataFrame
        As `comparison_tables.differences` returns it.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"split": ["test", "val"], "metric": "f1"})
    >>> len(pairs_on_test(table))
    1
    """
    return differences[(differences["split"] == "test") & (differences["metric"] == "f1")]


def gains(gained: Tables) -> str:
    """Say how many of the gains in F1 are told from 0.

    Parameters
    ----------
    gained : mapping of str to DataFrame
        As `comparison_tables.gains` returns it.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"part": ["total"], "low": -0.1, "high": 0.1})
    >>> gains({"video": table})
    '시험 F1의 변화가 0과 구별되는 모델 쌍(쌍마다 따로 볼 때): 비디오 1개 중 0개.'
    """
    totals = {m: own[own["part"] == "total"] for m, own in gained.items()}
    apart = _apart(totals, "low", "high")
    return written(
        f"Pairs whose change in F1 on test is told from 0, each by itself: {apart}.",
        f"시험 F1의 변화가 0과 구별되는 모델 쌍(쌍마다 따로 볼 때): {apart}.",
    )


def _apart(tables: Tables, low: str = "corrected_low", high: str = "corrected_high") -> str:
    found = []
    for m, own in tables.items():
        apart = count(own[(own[low] > 0) | (own[high] < 0)])
        found.append(
            written(
                f"{MODALITY[m]} {apart} of {count(own)}",
                f"{MODALITY[m]} {count(own)}개 중 {apart}개",
            )
        )
    return ", ".join(found)


def optimism(tables: Tables) -> str:
    """Say how much better F1 looks at most on the items that were chosen on.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As `optimism_table` returns it.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"figure": ["optimism"], "value": 0.012})
    >>> optimism({"video": table})
    '고른 데이터에서 그대로 재면 F1이 가장 크게는 비디오 +0.0120만큼 좋아 보입니다.'
    """
    found = []
    for m, own in tables.items():
        known = own[(own["figure"] == "optimism") & own["value"].notna()]
        if len(known):
            found.append(f"{MODALITY[m]} {signed(at(known, known['value'].idxmax()).value)}")
    if not found:
        return written(
            "There are too few groups to tell how much better F1 looks where it was chosen.",
            "그룹이 모자라, 고른 데이터에서 F1이 얼마나 좋아 보이는지 구할 수 없습니다.",
        )
    most = ", ".join(found)
    return written(
        f"On the items that were chosen on, F1 looks better by at most: {most}.",
        f"고른 데이터에서 그대로 재면 F1이 가장 크게는 {most}만큼 좋아 보입니다.",
    )


def calibration(tables: Tables) -> str:
    """Say how far the probabilities are from the shares seen, before any calibration.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The second table of `calibrations`.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"method": "none", "metric": "calibration_error", "value": [0.1, 0.2]})
    >>> calibration({"video": table})
    '보정하기 전의 보정 오차: 비디오 0.10~0.20.'
    """
    found = []
    for m, own in tables.items():
        known = own[(own["method"] == "none") & (own["metric"] == "calibration_error")]
        known = known[known["value"].notna()]
        if len(known):
            least, most = (at(known, i) for i in (known["value"].idxmin(), known["value"].idxmax()))
            found.append(f"{MODALITY[m]} {number(least.value, 2)}~{number(most.value, 2)}")
    if not found:
        return written(
            "There are too few items to measure the calibration.",
            "항목이 모자라 보정 오차를 구할 수 없습니다.",
        )
    errors = ", ".join(found)
    return written(
        f"Calibration error before any calibration: {errors}.",
        f"보정하기 전의 보정 오차: {errors}.",
    )


def reliability_left_out(bins: pd.DataFrame, modality: str) -> str:
    """Say why there is no reliability diagram; empty where its bins hold enough items.

    Parameters
    ----------
    bins : DataFrame
        As `reliability_table` returns it; column count.
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> reliability_left_out(pd.DataFrame({"count": [2, 0, 5]}), "video")
    '비디오: 점 하나에 드는 항목이 2~5개뿐이라 확률과 실제 비율의 그림은 싣지 않습니다. 수치는
    [tables/reliability_video.csv](tables/reliability_video.csv)에 있습니다.'
    """
    held = bins[bins["count"] > 0]
    if held.empty or held["count"].median() >= MIN_BIN_ITEMS:
        return ""
    least, most = (at(held, i)["count"] for i in (held["count"].idxmin(), held["count"].idxmax()))
    link = file_link(f"tables/reliability_{modality}.csv")
    return written(
        f"{MODALITY[modality]}: a point would stand for {least} to {most} items only, so probabilities "
        f"are not drawn against the shares seen. The figures are in {link}.",
        f"{MODALITY[modality]}: 점 하나에 드는 항목이 {least}~{most}개뿐이라 확률과 실제 비율의 그림은 싣지 않습니다. 수치는 "
        f"{link}에 있습니다.",
    )


def floors(tables: Tables) -> str:
    """Say what the lowest recall floor costs, kept on average.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As `floor_table.floors` returns it.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"promise": ["average"], "min_recall": 0.8, "feasible": True,
    ...                       "flagged_share": 0.7, "test_flagged_share": 0.72})
    >>> floors({"video": table})
    '평균 Recall 하한을 지키는 데 드는 검토량: 비디오 0.80 이상이면 시험 항목의 72%.'
    """
    found = []
    for m, own in tables.items():
        able = own[(own["promise"] == "average") & own["feasible"]]
        if able.empty:
            none = written("no floor can be kept", "지킬 수 있는 하한 없음")
            found.append(f"{MODALITY[m]} {none}")
            continue
        lowest = able[able["min_recall"] == able["min_recall"].min()]
        one = at(lowest, lowest["flagged_share"].idxmin())
        found.append(_price(one, m))
    prices = ", ".join(found)
    return written(
        f"What a floor of the mean recall costs to review: {prices}.",
        f"평균 Recall 하한을 지키는 데 드는 검토량: {prices}.",
    )


def _price(one: Row, modality: str) -> str:
    return written(
        f"{MODALITY[modality]} {one.test_flagged_share:.0%} of the test items for {one.min_recall:.2f}",
        f"{MODALITY[modality]} {one.min_recall:.2f} 이상이면 시험 항목의 {one.test_flagged_share:.0%}",
    )


def conclusion(test: Tables) -> str:
    """Say the F1 on test of the first and of the last model.

    Parameters
    ----------
    test : mapping of str to DataFrame
        One row per model and, last, the baseline; columns variant, f1.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"variant": ["model2", "model4", "baseline"], "f1": [0.9, 0.95, 0.84]})
    >>> conclusion({"video": table})
    '시험 F1: 비디오 Model 2 0.90, Model 4 0.95, 기준선 0.84.'
    """
    found = []
    for m, own in test.items():
        models = list(rows(own))
        first, last, baseline = models[0], models[-2], models[-1]
        named = list({one.variant: one for one in (first, last)}.values())
        parts = [f"{model_name(one.variant)} {number(one.f1, 2)}" for one in named]
        parts.append(f"{written('baseline', '기준선')} {number(baseline.f1, 2)}")
        found.append(f"{MODALITY[m]} {', '.join(parts)}")
    scores = "; ".join(found)
    return written(f"F1 on test: {scores}.", f"시험 F1: {scores}.")


def file_link(name: str) -> str:
    """Write a link to a file of the run, in Markdown.

    Parameters
    ----------
    name : str
        Below the run's folder.

    Returns
    -------
    str

    Examples
    --------
    >>> file_link("tables/steps.csv")
    '[tables/steps.csv](tables/steps.csv)'
    """
    return f"[{name}]({name})"


def files_of(kind: str, modalities: Sequence[str]) -> str:
    """Say which files hold what a part leaves out.

    Parameters
    ----------
    kind : str
        The files are `tables/<kind>_<modality>.csv`.
    modalities : sequence of str

    Returns
    -------
    str
        Markdown.

    Examples
    --------
    >>> files_of("sweep", ("video",))
    '전체 표(CSV): [tables/sweep_video.csv](tables/sweep_video.csv)'
    """
    links = ", ".join(file_link(f"tables/{kind}_{m}.csv") for m in modalities)
    return written(f"All rows (CSV): {links}", f"전체 표(CSV): {links}")


def objectives(variants: Mapping[str, str]) -> str:
    """Say of which model the thresholds are.

    Parameters
    ----------
    variants : mapping of str to str
        The model that validation chose, by modality.

    Returns
    -------
    str

    Examples
    --------
    >>> objectives({"video": "model4"})
    '검증에서 선택한 모델의 것입니다: 비디오 Model 4.'
    """
    models = ", ".join(f"{MODALITY[m]} {model_name(v)}" for m, v in variants.items())
    return written(
        f"Of the models that validation chose: {models}.",
        f"검증에서 선택한 모델의 것입니다: {models}.",
    )


def prevalence(tables: Tables) -> str:
    """Say which precision is to be expected where harmful items are rare.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As `probability_tables.prevalences` returns it.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"origin": "grid", "prevalence": 0.01, "precision": [0.03, 0.05]})
    >>> prevalence({"video": table})
    '유해가 드문 트래픽에서의 Precision: 비디오 0.03~0.05(유해 1.0%일 때).'
    """
    found = []
    for m, own in tables.items():
        rare = own[own["origin"] == "given"]
        rare = own[own["prevalence"] == RARE] if rare.empty else rare
        rare = rare[rare["precision"].notna()]
        if len(rare):
            least, most = (
                at(rare, i) for i in (rare["precision"].idxmin(), rare["precision"].idxmax())
            )
            ends = f"{number(least.precision, 2)}~{number(most.precision, 2)}"
            share = written(
                f"at {least.prevalence:.1%} harmful", f"유해 {least.prevalence:.1%}일 때"
            )
            found.append(f"{MODALITY[m]} {ends}({share})")
    if not found:
        return written(
            "There is no precision to speak of: test has one class.",
            "시험 분할에 한 클래스뿐이라 Precision을 구할 수 없습니다.",
        )
    shares = ", ".join(found)
    return written(
        f"Precision in traffic with few harmful items: {shares}.",
        f"유해가 드문 트래픽에서의 Precision: {shares}.",
    )


def audited(published: pd.DataFrame, findings: pd.DataFrame) -> str:
    """Say how many printed rows were audited, and how much was found.

    Parameters
    ----------
    published : DataFrame
        `tables/published.csv`.
    findings : DataFrame
        `tables/audit.csv`.

    Returns
    -------
    str

    Examples
    --------
    >>> audited(pd.DataFrame({"f1": [0.8, 0.9]}), pd.DataFrame({"kind": ["baseline"]}))
    '인쇄된 2줄에서 확인한 것은 1가지입니다.'
    """
    return written(
        f"{count(findings)} findings in {count(published)} printed rows.",
        f"인쇄된 {count(published)}줄에서 확인한 것은 {count(findings)}가지입니다.",
    )


def near_duplicates(pairs: Tables) -> str:
    """Say how many pairs of nearly the same files were found across groups.

    Parameters
    ----------
    pairs : mapping of str to DataFrame
        As `harmlib.analysis.near_duplicates.near_duplicates` returns it, by modality.

    Returns
    -------
    str

    Examples
    --------
    >>> near_duplicates({"video": pd.DataFrame({"item_a": ["a"]})})
    '항목마다 가장 가까운 짝을 남긴 거의 같은 쌍: 비디오 1개.'
    """
    found = ", ".join(
        written(f"{MODALITY[m]} {count(own)}", f"{MODALITY[m]} {count(own)}개")
        for m, own in pairs.items()
    )
    return written(
        f"Pairs of nearly the same files, the nearest of each item: {found}.",
        f"항목마다 가장 가까운 짝을 남긴 거의 같은 쌍: {found}.",
    )


def slices(tables: Tables) -> str:
    """Say how many values could be compared with the rest.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As `harmlib.analysis.slices.slice_table` returns it, of one model each.

    Returns
    -------
    str

    Examples
    --------
    >>> table = pd.DataFrame({"state": ["ok"], "recall_difference_high": -0.1,
    ...                       "false_alarm_rate_difference_low": -0.2})
    >>> slices({"video": table})
    '나머지 항목보다 나쁘다고 볼 근거가 있는 값: 비디오 1개 중 1개.'
    """
    found = []
    for m, own in tables.items():
        known = own[own["state"] == "ok"]
        worse = known[
            (known["recall_difference_high"] < 0) | (known["false_alarm_rate_difference_low"] > 0)
        ]
        found.append(
            written(
                f"{MODALITY[m]} {count(worse)} of {count(known)}",
                f"{MODALITY[m]} {count(known)}개 중 {count(worse)}개",
            )
        )
    told = ", ".join(found)
    return written(
        f"Values for which there is evidence that they are worse than the rest: {told}.",
        f"나머지 항목보다 나쁘다고 볼 근거가 있는 값: {told}.",
    )


def doubts(bounds: Tables) -> str:
    """Say how many labels are in doubt.

    Parameters
    ----------
    bounds : mapping of str to DataFrame
        As `harmlib.analysis.label_doubts.doubt_bounds` returns it, of one model each.

    Returns
    -------
    str

    Examples
    --------
    >>> doubts({"video": pd.DataFrame({"which": ["suspects"], "items": 4})})
    '점수로 보아 라벨이 의심되는 항목: 비디오 4개.'
    """
    found = ", ".join(
        written(
            f"{MODALITY[m]} {row(own, 'which', 'suspects')['items']:,}",
            f"{MODALITY[m]} {row(own, 'which', 'suspects')['items']:,}개",
        )
        for m, own in bounds.items()
        if (own["which"] == "suspects").any()
    )
    if not found:
        return written(
            "No label is in doubt by the scores.",
            "점수로 보아 라벨이 의심되는 항목이 없습니다.",
        )
    return written(
        f"Items whose label is in doubt by the scores: {found}.",
        f"점수로 보아 라벨이 의심되는 항목: {found}.",
    )


def first_of(sentences: Mapping[str, Sequence[str]]) -> str:
    """Take the first sentence of each modality.

    Parameters
    ----------
    sentences : mapping of str to sequence of str
        By modality.

    Returns
    -------
    str

    Examples
    --------
    >>> first_of({"video": ["하나.", "둘."], "image": ["셋."]})
    '하나. 셋.'
    """
    return " ".join(next(iter(lines), "") for lines in sentences.values()).strip()


def glossary() -> str:
    """Say what the glossary holds.

    Returns
    -------
    str

    Examples
    --------
    >>> glossary()
    '이 페이지에서 쓰는 용어의 뜻입니다.'
    """
    return written("What the terms of this page mean.", "이 페이지에서 쓰는 용어의 뜻입니다.")


def reproduction(commit: str, weights: pd.DataFrame) -> str:
    """Say the commit, and whether the backbones' weights are trained.

    Parameters
    ----------
    commit : str
        Empty where there is none.
    weights : DataFrame
        One row per modality and backbone; column weights.

    Returns
    -------
    str

    Examples
    --------
    >>> reproduction("", pd.DataFrame({"weights": ["untrained (seed 0)"]}))
    '커밋을 알 수 없음, 학습되지 않은 백본이 있습니다.'
    """
    raw = weights["weights"].str.startswith("untrained").any()
    known = written(f"Commit `{commit}`", f"커밋 `{commit}`")
    unknown = written("Commit unknown", "커밋을 알 수 없음")
    state = (
        written("some backbones untrained.", "학습되지 않은 백본이 있습니다.")
        if raw
        else written("all backbones trained.", "백본은 모두 학습된 것입니다.")
    )
    return f"{known if commit else unknown}, {state}"
