"""What a reader should hold against the results, and what to do about it.

Each sentence follows a rule over a table and ends in a link to the part of the page that shows it;
the tables are those of `findings`.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import count, rows
from harmlib.reporting.text.korean import MODALITY, model_name, particle


def evidence(anchor: str) -> str:
    """Write a link to the part of the page that shows what a sentence says, in Markdown.

    Parameters
    ----------
    anchor : str
        As `harmlib.reporting.show.fold` was given it.

    Returns
    -------
    str

    Examples
    --------
    >>> evidence("epochs")
    ' [근거](#epochs)'
    """
    return f" [{written('Evidence', '근거')}](#{anchor})"


def with_evidence(sentences: list[str], anchor: str) -> list[str]:
    """Put the link to their evidence behind sentences; empty ones are left out.

    Parameters
    ----------
    sentences : list of str
    anchor : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> with_evidence(["하나.", ""], "files")
    ['하나. [근거](#files)']
    """
    return [f"{sentence}{evidence(anchor)}" for sentence in sentences if sentence]


def untrained_backbones(weights: pd.DataFrame, state: str) -> str:
    """Say that backbones were untrained, and what to do.

    Parameters
    ----------
    weights : DataFrame
        One row per modality and backbone; column weights.
    state : str
        As `findings.backbone_state` says it.

    Returns
    -------
    str
        Empty where all are trained.

    Examples
    --------
    >>> untrained_backbones(pd.DataFrame({"weights": ["untrained ViT-Ti/32 (seed 0)"]}), "YOLO는 …입니다.")
    'YOLO는 …입니다. **다음:** 공식 가중치로 다시 실행합니다(설정의 `weights: pretrained`). [근거](#reproduction)'
    """
    if not weights["weights"].str.startswith("untrained").any():
        return ""
    return state + _next(
        "run again with the official weights (`weights: pretrained` in the params).",
        "공식 가중치로 다시 실행합니다(설정의 `weights: pretrained`).",
        "reproduction",
    )


def _next(en: str, ko: str, anchor: str) -> str:
    step = written(f"**Next:** {en}", f"**다음:** {ko}")
    return f" {step}{evidence(anchor)}"


def grid_limits(operating_points: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say where the best threshold lies at an end of the grid, and where none could be chosen.

    Parameters
    ----------
    operating_points : mapping of str to DataFrame
        By modality.

    Returns
    -------
    list of str
        One sentence per objection, for all modalities and models that it concerns.

    Examples
    --------
    >>> points = pd.DataFrame({"variant": ["model4"], "at_grid_edge": "low", "state": "ok"})
    >>> grid_limits({"video": points})
    ['최적 threshold가 탐색 범위의 끝에 있는 epoch가 있어, 실제 최적값은 범위 밖일 수 있습니다(비디오 Model 4 1개 epoch 중 1개).
    **다음:** ... [근거](#epochs)']
    """
    edges, constant = [], []
    for m, table in operating_points.items():
        for variant, own in table.groupby("variant", sort=False):
            who = f"{MODALITY[m]} {model_name(str(variant))}"
            at_edge = own[own["at_grid_edge"] != ""]
            if len(at_edge):
                edges.append(
                    written(
                        f"{who} {count(at_edge)} of {count(own)} epochs",
                        f"{who} {count(own)}개 epoch 중 {count(at_edge)}개",
                    )
                )
            if (own["state"] != "ok").any():
                constant.append(who)
    lines = []
    if edges:
        found = ", ".join(edges)
        lines.append(
            written(
                "In some epochs the best threshold lies at an end of the grid, and the real optimum may "
                f"lie outside ({found}).",
                "최적 threshold가 탐색 범위의 끝에 있는 epoch가 있어, 실제 최적값은 범위 밖일 수 있습니다"
                f"({found}).",
            )
            + _next(
                "widen the grid (`variants.*.thresholds`).",
                "탐색 범위를 넓힙니다(`variants.*.thresholds`).",
                "epochs",
            )
        )
    if constant:
        found = ", ".join(constant)
        lines.append(
            written(
                f"In some epochs all items got the same probability, so no threshold could be chosen ({found}).",
                f"모든 항목에 같은 확률을 준 epoch가 있어, 그 epoch에서는 threshold를 고를 수 없습니다({found}).",
            )
            + evidence("epochs")
        )
    return lines


def unstable_epochs(changes: Mapping[str, pd.DataFrame]) -> str:
    """Say which models' best threshold differs between epochs by what may be chance.

    Parameters
    ----------
    changes : mapping of str to DataFrame
        By modality: columns variant, verdict.

    Returns
    -------
    str
        Empty where every change is told from chance.

    Examples
    --------
    >>> unstable_epochs({"video": pd.DataFrame({"variant": ["model4"], "verdict": "noise"})})
    'Epoch마다 다른 최적 threshold가 우연과 구별되지 않습니다(비디오 Model 4). **다음:** 검증 분할의 그룹(원본)을 늘립니다.
    [근거](#epochs)'
    """
    unsure = [
        f"{MODALITY[m]} {', '.join(map(model_name, own['variant'].unique()))}"
        for m, table in changes.items()
        if len(own := table[table["verdict"] != "moved"])
    ]
    if not unsure:
        return ""
    found = "; ".join(unsure)
    return written(
        f"Best thresholds that differ between epochs are not told from chance ({found}).",
        f"Epoch마다 다른 최적 threshold가 우연과 구별되지 않습니다({found}).",
    ) + _next("add groups to validation.", "검증 분할의 그룹(원본)을 늘립니다.", "epochs")


def no_better_than_baseline(against_baseline: pd.DataFrame, modality: str) -> str:
    """Say which models test doesn't tell from the baseline, and what to do.

    Parameters
    ----------
    against_baseline : DataFrame
        Of `comparison_tables.against_baseline`; columns variant, corrected_low.
    modality : str

    Returns
    -------
    str
        Empty where every model is better.

    Examples
    --------
    >>> against = pd.DataFrame({"variant": ["model2"], "corrected_low": -0.03})
    >>> no_better_than_baseline(against, "video")
    '비디오 Model 2는 기준선(모두 유해)보다 낫다고 볼 근거가 부족합니다. **다음:** 그룹(원본)을 늘려 다시 재고, 데이터와 특징을
    보강합니다. [근거](#uncertainty)'
    """
    weak = against_baseline[~(against_baseline["corrected_low"] > 0)]
    if weak.empty:
        return ""
    names = ", ".join(map(model_name, weak["variant"]))
    return written(
        f"{MODALITY[modality]}: there is not enough evidence that {names} are better than the baseline "
        "(all harmful).",
        f"{MODALITY[modality]} {particle(names, '은/는')} 기준선(모두 유해)보다 낫다고 볼 근거가 부족합니다.",
    ) + _next(
        "measure again with more groups, and improve data and features.",
        "그룹(원본)을 늘려 다시 재고, 데이터와 특징을 보강합니다.",
        "uncertainty",
    )


def size_of_test(test: Mapping[str, pd.DataFrame]) -> str:
    """Say how many items the test split holds.

    Parameters
    ----------
    test : mapping of str to DataFrame
        By modality: column n.

    Returns
    -------
    str

    Examples
    --------
    >>> size_of_test({"video": pd.DataFrame({"n": [36]})})
    '시험 분할은 비디오 36개 항목이므로 신뢰구간의 폭을 함께 보아야 합니다. [근거](#all-results)'
    """
    sizes = ", ".join(
        written(
            f"{next(rows(own)).n:,} of {MODALITY[m]}", f"{MODALITY[m]} {next(rows(own)).n:,}개 항목"
        )
        for m, own in test.items()
    )
    return written(
        f"Test items: {sizes}. The widths of the intervals count.",
        f"시험 분할은 {sizes}이므로 신뢰구간의 폭을 함께 보아야 합니다.",
    ) + evidence("all-results")


def unusable_files(manifest: pd.DataFrame, ledger: pd.DataFrame) -> str:
    """Say how many files were used, and how many could not be.

    Parameters
    ----------
    manifest : DataFrame
        One row per file that was used.
    ledger : DataFrame
        One row per file that could not be used.

    Returns
    -------
    str

    Examples
    --------
    >>> unusable_files(pd.DataFrame({"item_id": ["a", "b"]}), pd.DataFrame())
    '파일 2개를 썼습니다. 쓰지 못한 파일은 없습니다.'
    """
    used = written(
        f"{count(manifest):,} files were used.", f"파일 {count(manifest):,}개를 썼습니다."
    )
    if ledger.empty:
        none = written("None was left out.", "쓰지 못한 파일은 없습니다.")
        return f"{used} {none}"
    lost = written(
        f"{count(ledger):,} could not be; `ledger.csv` says why.",
        f"쓰지 못한 파일은 {count(ledger):,}개이며, 이유는 `ledger.csv`에 있습니다.",
    )
    return f"{used} {lost}"


def upkeep() -> str:
    """Say what to do with the saved threshold.

    Returns
    -------
    str

    Examples
    --------
    >>> upkeep()
    '**다음:** 저장된 threshold를 새 콘텐츠에 그대로 쓰되, 유해 판정 비율이 검증과 달라지면 다시 고릅니다. [근거](#thresholds)'
    """
    return written(
        "**Next:** use the saved threshold on new content, and choose again where the share called "
        "harmful leaves that of validation.",
        "**다음:** 저장된 threshold를 새 콘텐츠에 그대로 쓰되, 유해 판정 비율이 검증과 달라지면 다시 고릅니다.",
    ) + evidence("thresholds")
