"""One sentence for each folded part of the report: what the models do.

All tables are of one modality (`image`, `video` or a section) and go by it in mappings; they are
those of `harmlib.reporting.report.Report`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from harmlib.analysis.equal_networks import network_groups
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import count, row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, number, particle

Tables = Mapping[str, pd.DataFrame]


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
