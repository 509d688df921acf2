"""One sentence for each folded part of the report: how sure that is.

All tables are of one modality (`image`, `video` or a section) and go by it in mappings; they are
those of `harmlib.reporting.report.Report`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.briefs import file_link
from harmlib.reporting.text.cited_numbers import Row, at, count
from harmlib.reporting.text.korean import MODALITY, number, signed

Tables = Mapping[str, pd.DataFrame]
RARE = 0.01  # the harmful share that precision is said for where that of the traffic is not known
MIN_BIN_ITEMS = 10  # a point of a reliability diagram that stands for fewer says nothing


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
