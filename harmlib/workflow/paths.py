"""Where the files lie that several steps write or read, below a run's folder."""

from __future__ import annotations

# The tables that every training keeps for itself, gathered of all trainings as `<kind>.parquet`.
TRAINING_TABLES = ("scores", "history", "operating_points")
# The thresholds of the run's policies, which `harmlib predict --policy` reads.
POLICY_FILE = "policy.json"
# Of scores that were counted: items in each bin and block of groups, the bins' upper ends, and how
# the counting went.
COUNTS, GRID = "counts.parquet", "grid.parquet"
COUNTS_SUMMARY = "tables/counted.csv"
COUNT_TABLES = (
    COUNTS, GRID, COUNTS_SUMMARY,
    *(f"tables/{name}.csv" for name in ("read_as", "left_out", "refused", "shards", "models")),
)  # fmt: skip


def training_part(variant: str, modality: str, kind: str) -> str:
    """Return the path of one training's own table.

    Parameters
    ----------
    variant : str
        A name of ``params/variants.yaml``.
    modality : {"image", "video"}
        What it was trained on.
    kind : str
        One of `TRAINING_TABLES`.

    Returns
    -------
    str
        Relative to the run's folder.

    Examples
    --------
    >>> training_part("model4", "video", "scores")
    'models/model4/video_scores.parquet'
    """
    return f"models/{variant}/{modality}_{kind}.parquet"


def checkpoint_name(variant: str, modality: str) -> str:
    """Return the path of a variant's checkpoint.

    Parameters
    ----------
    variant : str
        A name of ``params/variants.yaml``.
    modality : {"image", "video"}
        What it was trained on.

    Returns
    -------
    str
        Relative to the run's folder.

    Examples
    --------
    >>> checkpoint_name("model4", "video")
    'models/model4/video_model_best.pth'
    """
    return f"models/{variant}/{modality}_model_best.pth"


def weights_table_name(modality: str) -> str:
    """Return the path of the table that tells which weights made the vectors of a modality.

    Parameters
    ----------
    modality : {"image", "video"}
        What was extracted.

    Returns
    -------
    str
        Relative to the run's folder.

    Examples
    --------
    >>> weights_table_name("video")
    'tables/weights_video.csv'
    """
    return f"tables/weights_{modality}.csv"
