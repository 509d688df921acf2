"""A saved classifier with its backbones, ready to score the vectors of new files."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harmlib.analysis.bands import Bands, choose_bands
from harmlib.analysis.policy_file import model_id, threshold_for
from harmlib.analysis.risk_control import Method
from harmlib.features.backbones import backbone_names, find_weights, load_backbone, open_store
from harmlib.features.device import choose_device, choose_precision
from harmlib.features.engine import Engine, Unopened, keep_compiler_cache, open_engine
from harmlib.features.vector_stream import Vectors
from harmlib.language import told
from harmlib.models.category_checkpoint import load_checkpoints
from harmlib.models.checkpoint import (
    Checkpoint,
    CheckpointError,
    checkpoint_digest,
)
from harmlib.models.classifier import probabilities
from harmlib.params import PROJECT_ROOT, FeatureParams
from harmlib.predict.windows import Windowing

ARTIFACTS = PROJECT_ROOT / "artifacts"


class Predictor:
    """A checkpoint with its backbones. It knows no files: vectors in, logits out.

    Opening it refuses weights, sampling or code other than those of the training. A path of weights
    that the checkpoint names is opened only below `artifacts` or the checkpoint's own folder.

    Parameters
    ----------
    checkpoint : str or Path
        A checkpoint file.
    weights : mapping of str to str, optional
        Backbone to a path or word, in place of what the checkpoint names; any path.
    artifacts : Path
        Folder with the weights and converted networks.
    device : str
        "auto", "cpu", "cuda", "cuda:1", …
    windowing : Windowing, optional
        How long videos are cut; by default as the training suggests.
    opened : dict of str to Engine, optional
        Engines of other predictors' backbones; those that fit are used, new ones are added.
    policy : str
        A policy whose threshold takes the place of the checkpoint's; mostly empty.
    policy_file : Path, optional
        Where the policy stands; None: `policy.json` of the run in whose folder the checkpoint lies.
    threshold : float, optional
        A probability in [0, 1] in place of the checkpoint's threshold, without a policy.
    threads : int, optional
        Of a CPU that computes; by default one for each core.
    computes : bool
        False where windows are prepared or decided only: networks are checked, but not opened.

    Attributes
    ----------
    path : Path
        The checkpoint file.
    digest : str
        Its sha256.
    model_id : str
        Variant, modality and the first digits of the digest.
    modality : {"image", "video"}
        What the classifier is for.
    checkpoint : Checkpoint
        Of a file with categories that of the first one; see `outputs`.
    threshold : float
        The operating threshold, a probability: the given or the policy's, else the checkpoint's.
    outputs : dict of str to Predictor
        Category to a predictor with the category's checkpoint and threshold, and the engines of
        this one. Of a file without categories: this one, under the empty name.
    policy : str
        Name of the policy; mostly empty.
    windowing : Windowing
    params : FeatureParams
        Of the backbones.
    engines : dict of str to Engine
        Backbone to its engine, in the order in which the classifier takes the vectors.

    Raises
    ------
    CheckpointError
        For a file or a set of weights that does not fit, or that lies elsewhere.
    WeightsError
        For weights that are not there.
    PolicyError
        For a policy that is not there, was made for another checkpoint, or has no threshold.
    """

    def __init__(
        self,
        checkpoint: str | Path,
        *,
        weights: Mapping[str, str] | None = None,
        artifacts: Path = ARTIFACTS,
        device: str = "auto",
        windowing: Windowing | None = None,
        opened: dict[str, Engine] | None = None,
        policy: str = "",
        policy_file: Path | None = None,
        threshold: float | None = None,
        threads: int | None = None,
        computes: bool = True,
    ) -> None:
        self.path = Path(checkpoint)
        checkpoints = load_checkpoints(self.path)
        self.checkpoint = next(iter(checkpoints.values()))
        self.digest = checkpoint_digest(self.path)
        self.windowing = windowing or Windowing()
        about = self.checkpoint.about
        self.modality = about.modality
        self.model_id = model_id(about.variant, about.modality, self.digest)
        self.policy = policy
        if threshold is None:
            thresholds = {
                category: self._threshold(category, own, policy_file)
                for category, own in checkpoints.items()
            }
        else:
            thresholds = {"": _given_threshold(self.path, threshold, checkpoints)}
        self.threshold = next(iter(thresholds.values()))
        self.params = _replace_weights(self.path, about.features, weights or {})
        for name in self.checkpoint.classifier.dims:
            if name not in (weights or {}):
                _refuse_far_weights(self.path, name, getattr(self.params, name), artifacts)
        self.engines = self._open_engines(
            artifacts,
            choose_device(device if computes else "cpu"),
            {} if opened is None else opened,
            threads,
            computes,
        )
        self._by_category = {
            category: self._with_output(own, thresholds[category])
            for category, own in checkpoints.items()
            if category
        }

    @property
    def outputs(self) -> dict[str, Predictor]:
        """See the attributes. No attribute: a ring would keep gigabytes of networks in memory."""
        return self._by_category or {"": self}

    @property
    def categories(self) -> list[str]:
        """The categories that are scored; none where being harmful is."""
        return list(self._by_category)

    def _threshold(self, category: str, checkpoint: Checkpoint, policy_file: Path | None) -> float:
        if not self.policy:
            return checkpoint.threshold
        file, about = policy_file or _policy_file_of(self.path), checkpoint.about
        section = f"{about.modality}-{category}" if category else about.modality
        found = threshold_for(file, self.policy, about.variant, section, self.digest)
        return float(found.threshold or 0.0)

    def _with_output(self, checkpoint: Checkpoint, threshold: float) -> Predictor:
        output = copy.copy(self)
        output._by_category = {}
        output.checkpoint, output.threshold = checkpoint, threshold
        return output

    def _open_engines(
        self,
        artifacts: Path,
        device: torch.device,
        opened: dict[str, Engine],
        threads: int | None,
        computes: bool,
    ) -> dict[str, Engine]:
        keep_compiler_cache(artifacts / "compiled")
        precision = choose_precision(self.params.precision, device)
        engines = {}
        for name in self.checkpoint.classifier.dims:
            weights = find_weights(self.params, name, artifacts / "weights")
            store = open_store(self.params, name, weights, self.modality, str(precision), artifacts)
            _refuse_mismatch(self.path, name, self.checkpoint, store.settings)
            key = f"{weights.key} {precision} {getattr(self.params, name)!r}"
            if key not in opened:
                backbone = load_backbone(self.params, name, weights)
                cache = artifacts / "compiled"
                opened[key] = (
                    open_engine(backbone, device, precision, cache, threads)
                    if computes
                    else Unopened(backbone)
                )
            engines[name] = opened[key]
        return engines

    def score(self, vectors: Vectors) -> tuple[float, torch.Tensor]:
        """The logit of one window, and its joined and scaled features (1, dim).

        Parameters
        ----------
        vectors : dict of str to ndarray
            Backbone to its vector.
        """
        joined = np.concatenate([vectors[name] for name in self.engines])
        features = self.checkpoint.scaler(joined[None])
        with torch.inference_mode():
            return float(self.checkpoint.classifier.logits(features).double()), features

    def bands(
        self,
        min_recall: float,
        min_precision: float,
        confidence: float | None = None,
        method: Method = "learn-then-test",
    ) -> Bands:
        """Pass, review and block for this classifier, chosen on its validation items.

        Parameters
        ----------
        min_recall, min_precision : float
            Floors in (0, 1]; see `choose_bands`, which raises ValueError for others.
        confidence : float, optional
            That both floors hold on new groups; without it they hold on validation alone.
        method : {"learn-then-test", "jackknife"}
            Of the confidence.
        """
        if self.categories:
            raise ValueError(
                f"{self.path}: bands are of one score; this checkpoint has one for each of "
                f"{', '.join(self.categories)}"
            )
        items, about = self.checkpoint.validation, self.checkpoint.about
        return choose_bands(
            items.label.numpy().astype(int),
            probabilities(items.logit),
            items.group,
            min_recall=min_recall,
            min_precision=min_precision,
            confidence=confidence,
            method=method,
            candidates=about.epochs * about.recipes,
        )


def open_predictors(
    checkpoint: str | Path,
    *,
    weights: Mapping[str, str] | None = None,
    artifacts: Path = ARTIFACTS,
    device: str = "auto",
    windowing: Windowing | None = None,
    policy: str = "",
    policy_file: Path | None = None,
    threshold: float | None = None,
    threads: int | None = None,
    computes: bool = True,
) -> list[Predictor]:
    """Open a checkpoint file, or the checkpoints of both modalities in a folder.

    Parameters
    ----------
    checkpoint : str or Path
        A file, or a folder that holds ``*_model_best.pth``.
    weights : mapping of str to str, optional
    artifacts : Path
    device : str
    windowing : Windowing, optional
    policy : str
    policy_file : Path, optional
    threshold : float, optional
    threads : int, optional
    computes : bool
        These nine as for `Predictor`.

    Returns
    -------
    list of Predictor
        One, or those of images and videos in this order. Both see through the same backbones.

    Raises
    ------
    CheckpointError
        If the folder holds no checkpoint, and as `Predictor`.
    WeightsError, PolicyError
        As `Predictor`.
    """
    path = Path(checkpoint)
    files = sorted(path.glob("*_model_best.pth")) if path.is_dir() else [path]
    if not files:
        raise CheckpointError(
            told(
                f"{path}: holds no checkpoint (*_model_best.pth)",
                f"{path}: 체크포인트가 없습니다(*_model_best.pth)",
            )
        )
    opened: dict[str, Engine] = {}
    return [
        Predictor(
            file,
            weights=weights,
            artifacts=artifacts,
            device=device,
            windowing=windowing,
            opened=opened,
            policy=policy,
            policy_file=policy_file,
            threshold=threshold,
            threads=threads,
            computes=computes,
        )
        for file in files
    ]


def _given_threshold(path: Path, threshold: float, checkpoints: Mapping[str, Checkpoint]) -> float:
    if "" not in checkpoints:
        raise ValueError(
            told(
                f"{path}: one threshold was given, and this checkpoint has one for each of "
                f"{', '.join(checkpoints)}; use a policy",
                f"{path}: threshold를 하나 주었는데 이 체크포인트에는 {', '.join(checkpoints)}마다 "
                "하나씩 있습니다. 정책을 쓰십시오",
            )
        )
    if not 0 <= threshold <= 1:
        raise ValueError(
            told(
                f"threshold {threshold:g}: a probability, 0 to 1",
                f"threshold {threshold:g}: 0에서 1 사이의 확률이어야 합니다",
            )
        )
    return threshold


def _policy_file_of(checkpoint: Path) -> Path:
    """`policy.json` of the run's folder, in which checkpoints lie as models/<variant>/<file>."""
    return checkpoint.resolve().parent.parent.parent / "policy.json"


def _replace_weights(
    path: Path, features: FeatureParams, weights: Mapping[str, str]
) -> FeatureParams:
    content = features.model_dump()
    known = backbone_names(features, "video")  # they include those of images
    for name, spec in weights.items():
        if name not in known:
            raise CheckpointError(f"{path}: it has no backbone {name!r}; it has {', '.join(known)}")
        if "weights" not in content[name]:
            raise CheckpointError(f"{path}: {name} has no weights; leave {name}={spec} out")
        content[name]["weights"] = spec
    return FeatureParams.model_validate(content)


def _refuse_far_weights(path: Path, name: str, section: Any, artifacts: Path) -> None:
    """A checkpoint may come from anybody: it opens no file that isn't the program's or beside it.

    The user's own word counts for any place.
    """
    spec = getattr(section, "weights", None)  # motion has none
    if spec in (None, "pretrained", "untrained"):
        return
    try:
        places = [folder.resolve() for folder in (artifacts, path.parent)]
        is_near = any(Path(spec).resolve().is_relative_to(place) for place in places)
    except (OSError, ValueError):  # no path at all, or a loop of links
        is_near = False
    if not is_near:
        raise CheckpointError(
            told(
                f"{path}: it names weights of {name} at {spec}. A checkpoint's own paths are "
                f"opened only below {artifacts} and beside the checkpoint; if you trust this "
                f"file, say so: --weights {name}={spec}",
                f"{path}: 여기 적힌 {name} 가중치의 경로({spec})를 열지 않았습니다. {artifacts} "
                "아래나 체크포인트 옆일 때만 엽니다. 믿을 수 있는 파일이면 이 옵션을 더하십시오: "
                f"--weights {name}={spec}",
            )
        )


def _refuse_mismatch(path: Path, name: str, checkpoint: Checkpoint, now: dict[str, Any]) -> None:
    """Precision may differ: its vectors are the same within a known bound."""
    then = checkpoint.about.backbones[name]
    differing = [
        told(
            f"{key} {now.get(key)!r}, trained with {then.get(key)!r}",
            f"{key} {now.get(key)!r}(학습 때 {then.get(key)!r})",
        )
        for key in sorted(now.keys() | then.keys())
        if key != "precision" and now.get(key) != then.get(key)
    ]
    if differing:
        raise CheckpointError(
            told(
                f"{path}: {name} differs from the training: {'; '.join(differing)}. Give the "
                f"weights that the classifier was trained with ({name}=PATH), or train again with "
                "these",
                f"{path}: {name}: 학습 때와 다릅니다: {'; '.join(differing)}. 분류기를 학습할 때 "
                f"쓴 가중치를 주거나({name}=경로) 지금 가중치로 다시 학습하십시오",
            )
        )
