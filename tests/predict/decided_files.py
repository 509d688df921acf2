"""Predictions without networks: a file's words are its probability, an empty file can't be used."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from harmlib.media.ledger import Unusable
from harmlib.media.probe import Facts
from harmlib.models.explanation import Explanation
from harmlib.predict.prediction import Prediction
from harmlib.predict.windows import Windowing


@dataclass
class FakePredictor:
    digest: str = "m1"
    modality: str = "image"
    windowing: Windowing = field(default_factory=Windowing)
    policy: str = ""
    threshold: float = 0.5
    categories: tuple = ()

    @property
    def outputs(self):
        return {"": self}


def stream(predictors, found, *_):
    (predictor,) = predictors
    for one in found:
        if isinstance(one, Unusable):
            yield one
        elif not (words := one.read_text(encoding="utf-8")):
            yield Unusable(str(one), "empty file", "identify")
        else:
            stat = one.stat()
            yield Prediction(
                facts=Facts(str(one), stat.st_size, stat.st_mtime_ns, "ab" * 32, 8, 6, 1, 0.0),
                modality="image", logit=0.0, probability=float(words),
                threshold=predictor.threshold, model_id=predictor.digest, seconds=0.1,
                model_sha256=predictor.digest, checkpoint=Path("m.pth"),
                windowing=predictor.windowing, windows=pd.DataFrame(), segments=pd.DataFrame(),
                explanation=Explanation({}, []), policy=predictor.policy,
            )  # fmt: skip
