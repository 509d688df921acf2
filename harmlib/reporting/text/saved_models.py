"""What a saved model is, in Korean, and a warning of one that has learned nothing."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from harmlib.models.about import About
from harmlib.reporting.text.certainty import METHODS, OBJECTIVES
from harmlib.reporting.text.korean import backbone_name, model_name, number, ratio, signed

_UNTRAINED = "untrained"
NO_WEIGHTS = "no weights"


def checkpoint_table(about: About, threshold: float) -> pd.DataFrame:
    """List what a checkpoint is.

    Parameters
    ----------
    about : About
        Of the checkpoint.
    threshold : float
        Its operating threshold, a probability.

    Returns
    -------
    DataFrame
        Columns 항목, 값.
    """
    backbones = [
        f"{backbone_name(name)}({_weights(str(spec['weights']))})"
        for name, spec in about.backbones.items()
    ]
    method = METHODS[about.calibration.method]
    calibration = f"{method}, T = {number(about.calibration.temperature, 2)}"
    if about.calibration.offset:
        calibration += f", 더한 값 {signed(about.calibration.offset, 2)}"
    rows = {
        "모델": f"{model_name(about.variant)}, epoch {about.epoch}",
        "Threshold": number(threshold),
        "고른 목적": OBJECTIVES.get(about.objective, about.objective),
        "백본": ", ".join(backbones),
        "확률 보정": calibration,
    }
    for split, name in (("train", "학습"), ("val", "검증")):
        harmful, safe = (about.counts[split][kind] for kind in ("harmful", "safe"))
        rows[f"{name} 유해:안전"] = f"{harmful:,} : {safe:,} ({ratio(harmful, safe)})"
    return pd.DataFrame({"항목": rows.keys(), "값": rows.values()})


def _weights(key: str) -> str:
    if key == NO_WEIGHTS:
        return "가중치 없음"
    return "학습되지 않음" if key.startswith(_UNTRAINED) else f"가중치 {key[:12]}"


def untrained_sentence(abouts: Iterable[About]) -> str:
    """Warn of models whose backbones have learned nothing.

    Parameters
    ----------
    abouts : iterable of About
        Of the checkpoints.

    Returns
    -------
    str
        Empty where all backbones were trained.

    Examples
    --------
    >>> untrained_sentence([])
    ''
    """
    names = {
        backbone_name(name): None
        for about in abouts
        for name, spec in about.backbones.items()
        if str(spec["weights"]).startswith(_UNTRAINED)
    }
    if not names:
        return ""
    return (
        f"**백본({', '.join(names)})이 학습되지 않았습니다.** 아래의 판정은 절차를 보여 줄 뿐, 쓸 만한 판정이 "
        "아닙니다."
    )
