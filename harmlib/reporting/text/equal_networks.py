"""Variants that are one network, in words: what differs is the saved epoch and the threshold."""

from __future__ import annotations

import pandas as pd

from harmlib.analysis.equal_networks import network_groups
from harmlib.language import written
from harmlib.reporting.text.cited_numbers import row, rows
from harmlib.reporting.text.korean import MODALITY, model_name, particle


def equal_network_sentences(pairs: pd.DataFrame, chosen: pd.DataFrame, modality: str) -> list[str]:
    """Name the models that are one network, with what differs between them.

    Parameters
    ----------
    pairs : DataFrame
        As `harmlib.analysis.equal_networks.equal_networks` returns it.
    chosen : DataFrame
        The operating points of the saved epochs: variant, epoch, threshold.
    modality : str

    Returns
    -------
    list of str
        One sentence a network that several models are; its numbers cite their cells.

    Examples
    --------
    >>> pairs = pd.DataFrame({"a": ["model2"], "b": "model3", "epochs": 3, "scores": 1200})
    >>> chosen = pd.DataFrame({"variant": ["model2", "model3"], "epoch": 1, "threshold": [0.5, 0.4]})
    >>> equal_network_sentences(pairs, chosen, "video")
    ['비디오 Model 2, Model 3은 같은 네트워크입니다: 비교한 확률 1,200개(epoch 3개)가 모두 같습니다. 다른 것은 저장한 epoch와
    threshold뿐입니다(Model 2: epoch 1, threshold 0.50; Model 3: epoch 1, threshold 0.40).']
    """
    return [_sentence(group, pairs, chosen, modality) for group in network_groups(pairs)]


def _sentence(group: list[str], pairs: pd.DataFrame, chosen: pd.DataFrame, modality: str) -> str:
    names = ", ".join(map(model_name, group))
    points = [row(chosen, "variant", variant) for variant in group]
    own = "; ".join(
        f"{model_name(p.variant)}: epoch {p.epoch}, threshold {p.threshold:.2f}" for p in points
    )
    found = next(rows(pairs[(pairs["a"] == group[0]) & (pairs["b"] == group[1])]))
    same = len({(float(p.epoch), float(p.threshold)) for p in points}) == 1
    differs = (
        written(
            "Epoch and threshold are the same, too, and so are all decisions",
            "저장한 epoch와 threshold도 같아 판정이 모두 같습니다",
        )
        if same
        else written(
            "What differs is the saved epoch and the threshold",
            "다른 것은 저장한 epoch와 threshold뿐입니다",
        )
    )
    return written(
        f"{MODALITY[modality]}: {names} are one network: all {found.scores:,} probabilities that were "
        f"compared, over {found.epochs} epochs, are the same. {differs} ({own}).",
        f"{MODALITY[modality]} {particle(names, '은/는')} 같은 네트워크입니다: 비교한 확률 {found.scores:,}개(epoch "
        f"{found.epochs}개)가 모두 같습니다. {differs}({own}).",
    )
