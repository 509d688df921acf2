"""The figures that the earlier development report printed: what this product regenerates."""

from importlib.resources import files

import pandas as pd

PUBLISHED_SIZES = pd.DataFrame(
    {
        "modality": ["video", "image"],
        "harmful": [2393, 18123],
        "safe": [893, 4369],
        # As printed, to two digits; harmful / safe gives them again.
        "harmful_per_safe": [2.68, 4.15],
    }
)


def published_figures() -> pd.DataFrame:
    """Every validation figure that the earlier report printed in full, to four digits.

    One row is one model at one epoch and one threshold, in the order of the report. Columns:
    modality, model, epoch (from 1), threshold (a probability; flagged where score > threshold),
    precision, recall, f1. The image model is absent: its figures were printed as "0.99+" only.
    """
    return pd.read_csv(files("harmlib.audit") / "published.csv")


def published_sizes() -> pd.DataFrame:
    """Sizes of the whole data sets behind the report (all splits together).

    One row a modality; columns: modality, harmful, safe (items), harmful_per_safe (as printed).
    """
    return PUBLISHED_SIZES.copy()
