"""Tables of printed claims for the auditor's tests."""

import pandas as pd

from harmlib.audit.auditor import METRICS
from harmlib.audit.published import published_figures

# tp and fp behind the published figures, in their order (423 harmful, 158 safe clips).
TP = [423, 419, 419, 418, 417, 417, 417, 415, 413, 411, 404, 387]
FP = [158, 75, 66, 62, 60, 57, 54, 48, 44, 40, 85, 21]


def table(*rows, **columns):
    """Rows of text (precision, recall, f1), with further columns."""
    return pd.DataFrame(rows, columns=list(METRICS)).assign(**columns)


def printed(tp, fp, positives, digits=4):
    """The row that these counts print as; 0/0 is 0, as in scikit-learn."""
    precision = tp / (tp + fp) if tp + fp else 0.0
    figures = (precision, tp / positives, 2 * tp / (tp + fp + positives))
    return tuple(f"{figure:.{digits}f}" for figure in figures)


def published_text():
    figures = published_figures()
    for name in METRICS:
        figures[name] = figures[name].map("{:.4f}".format)
    return figures


def kinds(result, severity=None):
    frame = result.to_frame()
    if severity is not None:
        frame = frame[frame["severity"] == severity]
    return [
        (kind, None if pd.isna(row) else row) for kind, row in frame[["kind", "row"]].to_numpy()
    ]
