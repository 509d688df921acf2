"""What does a saved classifier say about new files? One stream from a path to a prediction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from harmlib.predict.windows import Windowing

FORMATS = (".csv", ".parquet", ".jsonl")  # of a table of predictions


def predict_files(
    checkpoint: str | Path,
    paths: Iterable[str | Path],
    *,
    weights: Mapping[str, str] | None = None,
    artifacts: Path | None = None,
    device: str = "auto",
    windowing: Windowing | None = None,
    policy: str = "",
    policy_file: Path | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict files, folders or patterns with a saved classifier.

    For more files than fit into memory, iterate over `harmlib.predict.stream.predict_stream`.

    Parameters
    ----------
    checkpoint : str or Path
        A checkpoint file, or a folder with the checkpoints of both modalities.
    paths : iterable of str or Path
        Files; folders, searched to the bottom; patterns.
    weights : mapping of str to str, optional
        Backbone to a path or word, in place of what the checkpoint names.
    artifacts : Path, optional
        Folder with the weights and converted networks; by default the project's.
    device : str
        "auto", "cpu", "cuda", "cuda:1", …
    windowing : Windowing, optional
        How long videos are cut; by default as the training suggests.
    policy : str
        A policy of the run whose threshold takes the place of the checkpoint's.
    policy_file : Path, optional
        Where it stands; by default `policy.json` of the checkpoint's run.

    Returns
    -------
    table : pandas.DataFrame
        One row per file: `harmlib.predict.prediction.COLUMNS`, and those of categories.
    ledger : pandas.DataFrame
        One row per unusable file: `harmlib.media.ledger.LEDGER_COLUMNS`.

    Raises
    ------
    CheckpointError
        For a file or a set of weights that does not fit.
    WeightsError
        For weights that are not there.
    PolicyError
        For a policy that is not there, was made for another checkpoint, or has no threshold.
    """
    # Here, not above: they import torch, and `harmlib.predict` is imported for small things too.
    import pandas as pd

    from harmlib.media.find import find_files
    from harmlib.media.ledger import LEDGER_COLUMNS, Unusable
    from harmlib.predict.outputs import table_columns
    from harmlib.predict.predictor import ARTIFACTS, open_predictors
    from harmlib.predict.stream import predict_stream

    predictors = open_predictors(
        checkpoint,
        weights=weights,
        artifacts=artifacts or ARTIFACTS,
        device=device,
        windowing=windowing,
        policy=policy,
        policy_file=policy_file,
    )
    rows, unusable = [], []
    for one in predict_stream(predictors, find_files(paths)):
        if isinstance(one, Unusable):
            unusable.append(one.row())
        else:
            rows.append(one.row())
    table = pd.DataFrame(rows, columns=table_columns(None, predictors))
    return table, pd.DataFrame(unusable, columns=list(LEDGER_COLUMNS))
