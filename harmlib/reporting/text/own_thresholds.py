"""Thresholds of somebody's models in words: as probabilities, and in the models' own numbers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harmlib.analysis.own_scores.scales import Scale
from harmlib.language import written
from harmlib.reporting.text.korean import MODALITY
from harmlib.reporting.text.policies import native_words


def thresholds(points: Mapping[str, pd.DataFrame], models: pd.DataFrame) -> pd.DataFrame:
    """Collect where each model operates in each section, in its own numbers too.

    Parameters
    ----------
    points : mapping of str to DataFrame
        Operating points by section.
    models : DataFrame
        ``tables/models.csv`` by variant: scale, levels.

    Returns
    -------
    DataFrame
        section, variant, threshold (of the probability), native (above it is harmful; of levels:
        the lowest harmful level), precision, recall, f1, flagged_share (on validation).

    Examples
    --------
    >>> point = pd.DataFrame({"variant": ["api"], "chosen": True, "threshold": 0.5, "precision": 1.0,
    ...                       "recall": 0.5, "f1": 0.67, "flagged_share": 0.2})
    >>> models = pd.DataFrame({"scale": ["levels"], "levels": ["0 2 4 6"]}, index=["api"])
    >>> thresholds({"gun": point}, models)[["section", "threshold", "native"]]
      section  threshold  native
    0     gun        0.5     4.0
    """
    found = []
    for section, table in points.items():
        for one in table[table["chosen"]].itertuples():
            scale = Scale.of_model(models.loc[one.variant])
            found.append(
                {"section": section, "variant": one.variant, "threshold": one.threshold}
                | {"native": scale.native_line(one.threshold), "scale": scale.kind}
                | {
                    name: getattr(one, name)
                    for name in ("precision", "recall", "f1", "flagged_share")
                }
            )
    return pd.DataFrame(found)


def shown_thresholds(table: pd.DataFrame) -> pd.DataFrame:
    """Write the table of `thresholds` for people.

    Parameters
    ----------
    table : DataFrame
        As `thresholds` returns it.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"section": ["gun"], "native": [4.0], "scale": ["levels"]})
    >>> shown_thresholds(table)["점수표의 척도로"].tolist()
    ['등급 4 이상']
    """
    said = [native_words(one.native, one.scale) for one in table.itertuples()]
    shown = table.assign(
        section=table["section"].map(lambda name: MODALITY[name]), native=said
    ).drop(columns="scale")
    return shown.rename(
        columns={
            "section": written("Section", "절"),
            "native": _own_scale(),
        }
    )


def _own_scale() -> str:
    return written("In the scores' own scale", "점수표의 척도로")


def in_own_scale(table: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """Put a model's thresholds in its own numbers beside those on probabilities.

    Parameters
    ----------
    table : DataFrame
        Of one model; column threshold, NaN where there is none.
    scale : Scale
        The model's.

    Returns
    -------
    DataFrame
        As it is where the scores are probabilities.

    Examples
    --------
    >>> table = pd.DataFrame({"objective": ["F1 최대"], "threshold": [0.5], "value": [0.9]})
    >>> in_own_scale(table, Scale("levels", (0, 2, 4, 6))).iloc[0, 2]
    '등급 4 이상'
    """
    if scale.kind == "probability":
        return table
    said = [native_words(scale.native_line(one), scale.kind) for one in table["threshold"]]
    shown = table.copy()
    shown.insert(list(table).index("threshold") + 1, _own_scale(), said)
    return shown


def thresholds_caption() -> str:
    """Say what the rows of `shown_thresholds` are.

    Returns
    -------
    str

    Examples
    --------
    >>> thresholds_caption()
    '절과 모델마다의 운영 threshold(Precision부터는 검증에서의 결과)'
    """
    return written(
        "Operating threshold of each section and model (from precision on: results on validation)",
        "절과 모델마다의 운영 threshold(Precision부터는 검증에서의 결과)",
    )
