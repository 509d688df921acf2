"""The table of automated means of the EU's template for transparency reports, filled as known.

Commission Implementing Regulation (EU) 2024/2835, Annex I, quantitative template, table 8
(``8_automated_means``), section "Use of automated means for content moderation". The official file
lies at the Commission (https://digital-strategy.ec.europa.eu/, "Implementing Regulation laying down
templates concerning the transparency reporting obligations"). Names of columns, indicators and
scopes are those that reports published in that template for January to June 2026 share (Google
Maps, Booking.com), without the spaces at their ends; compare them with the official file
before you file.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

TO_FILL = "[to be filled in]"
COLUMNS = (
    "Applicability", "Service", "Reporting period", "Section", "Indicator", "Scope", "Value",
    "Contextual Information",
)  # fmt: skip
_SECTION = "Use of automated means for content moderation"
_SOLELY = "Number of measures solely taken by automated means"
_NOT = "Number of measures not taken by automated means"
_ACCURACY = {
    "accuracy": "Accuracy of the automated means - Accuracy",
    "precision": "Accuracy of the automated means - Precision",
    "recall": "Accuracy of the automated means - Recall",
}
_SCOPES = ("Total number", "Own-initiative")
QUALITATIVE = (
    "Qualitative description of indicators of accuracy and possible rate of error of automated "
    "means"
)


def template_rows(means: dict[str, Any]) -> pd.DataFrame:
    """Write the rows of the table that apply to all providers.

    Figures stand under the scope "Own-initiative": they are of a classifier that looks at content
    by itself. Over several sections the total can't be added up, so it stays to be filled in. The
    rate of error has no row of its own in this table; it stands in the context, and belongs into
    the qualitative template (`qualitative_text`).

    Parameters
    ----------
    means : dict
        As `harmlib.workflow.automated_means.automated_means` returns it.

    Returns
    -------
    DataFrame
        COLUMNS; values as fractions.
    """
    sections = means["sections"]
    rows = []
    for scope in _SCOPES:
        for indicator in (_SOLELY, _NOT):
            rows.append((indicator, scope, TO_FILL, ""))
        if scope == "Total number":
            for indicator in _ACCURACY.values():
                rows.append((indicator, scope, TO_FILL, "Known for this run under Own-initiative"))
            continue
        rows += [
            (indicator, scope, *_value(metric, one, means))
            for one in sections
            for metric, indicator in _ACCURACY.items()
        ]
    return pd.DataFrame(
        [("All", TO_FILL, TO_FILL, _SECTION, *row) for row in rows], columns=list(COLUMNS)
    )


def _value(metric: str, section: dict[str, Any], means: dict[str, Any]) -> tuple[str, str]:
    """A figure, and what one must know to read it."""
    row = next(row for row in section["figures"] if row["metric"] == metric)
    counts, split = section["counts"], section["split"]
    context = (
        f"{means['model']}, {section['section']}: {_figure(row, means['level'])}; "
        f"{counts['decisions']:,} decisions on labelled items ({split}), tp {counts['tp']:,}, "
        f"fp {counts['fp']:,}, fn {counts['fn']:,}, tn {counts['tn']:,}; {_line(section)}; "
        f"{section['lost']:,} items not judged"
    )
    if metric == "accuracy":
        errors = [r for r in section["figures"] if r["metric"].endswith("_rate")]
        context += "; " + "; ".join(
            f"{r['metric'].replace('_', ' ')} {_figure(r, means['level'])}" for r in errors
        )
    return (TO_FILL if row["value"] is None else f"{row['value']:.4f}"), context


def _line(section: dict[str, Any]) -> str:
    """The threshold in the scores' own numbers."""
    if section["native"] is None:
        return "nothing is flagged at this threshold"
    beyond = "from level" if section["scale"] == "levels" else "above"
    return f"harmful {beyond} {section['native']:.4g} ({section['scale']})"


def _figure(row: dict[str, Any], level: float) -> str:
    if row["value"] is None:
        return "no such decision to measure it on"
    if row["low"] is None:
        return f"{row['value']:.4f} (too few groups for an interval)"
    return f"{row['value']:.4f} ({level:.0%} interval {row['low']:.4f} to {row['high']:.4f})"


def qualitative_text(means: dict[str, Any]) -> str:
    """Describe the indicators of accuracy and the possible rate of error, in sentences.

    Parameters
    ----------
    means : dict
        As `harmlib.workflow.automated_means.automated_means` returns it.

    Returns
    -------
    str
        Plain English sentences.
    """
    parts = [
        "Accuracy = (TP + TN) / all, precision = TP / (TP + FP), recall = TP / (TP + FN); error "
        "rate = 1 - accuracy; false positive rate = FP / (FP + TN); false negative rate = "
        "1 - recall. "
        f"Intervals ({means['level']:.0%}) leave out one source of items at a time (jackknife). "
        "They do not tell how good the labels are."
    ]
    for one in means["sections"]:
        figures = "; ".join(
            f"{row['metric'].replace('_', ' ')} {_figure(row, means['level'])}"
            for row in one["figures"]
        )
        parts.append(f"{means['model']}, {one['section']}: {figures}.")
    return " ".join(parts)
