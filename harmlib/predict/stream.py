"""A saved model on new files: one row a file, with the threshold that was saved beside it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from harmlib.features.engine import Engine
from harmlib.media.find import Found, find_media
from harmlib.models.checkpoint import CheckpointError
from harmlib.predict.predictor import COLUMNS, LEDGER_COLUMNS, Judged, Predictor


def judge_all(predictors: list[Predictor], found: Iterable[Found]) -> Iterator[Judged | dict]:
    """As `Predictor.judge`, with one model for pictures and one for videos, one after the other."""
    first, *rest = predictors
    if not rest:
        yield from first.judge(found)
        return
    with tempfile.TemporaryFile() as later:  # names, not a list: there may be millions

        def own() -> Iterator[Found]:
            for one in found:
                if one.modality == rest[0].modality:
                    later.write(os.fsencode(one.path) + b"\0")
                else:
                    yield one

        yield from first.judge(own())
        if later.tell():
            later.seek(0)
            yield from rest[0].judge(find_media(["-"], stdin=later))


def open_predictors(checkpoint: str | Path, **options) -> list[Predictor]:
    """A checkpoint file, or a folder with the models of both modalities, as predictors.

    options : of `Predictor`. Raises CheckpointError where there is none.
    """
    path = Path(checkpoint)
    files = sorted(path.glob("*_model_best.pth")) if path.is_dir() else [path]
    if not files:
        raise CheckpointError(f"{path}: holds no checkpoint (*_model_best.pth)")
    opened: dict[str, Engine] = {}  # both modalities' models see through the same backbones
    return [Predictor(file, opened=opened, **options) for file in files]


def predict(
    checkpoint: str | Path, paths: Iterable[str | Path], **options
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Judge files, folders or patterns. Returns (`COLUMNS`, the ledger with `LEDGER_COLUMNS`).

    options : of `Predictor`. For more files than fit into memory, iterate over `judge_all`.
    """
    judged, lost = [], []
    for one in judge_all(open_predictors(checkpoint, **options), find_media(paths)):
        if isinstance(one, Judged):
            judged.append(one.row)
        else:
            lost.append(one)
    return pd.DataFrame(judged, columns=COLUMNS), pd.DataFrame(lost, columns=LEDGER_COLUMNS)
