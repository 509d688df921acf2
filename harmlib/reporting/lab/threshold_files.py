"""A threshold that was chosen in the lab, written down: as params to run, or as a policy to use."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harmlib.analysis.policy_file import SCHEMA_VERSION, PolicyFile, PolicyThreshold, model_id
from harmlib.media.whole_file import write_text_whole
from harmlib.params import VARIANTS_FILE, Params, ScoresParams, load_params
from harmlib.params.names import LONGEST
from harmlib.params.places import portable, portable_paths

FOLDER = "thresholds"  # below the run's folder
POLICY = "lab"  # the name by which `harmlib predict --policy` asks for it


class CannotKeep(ValueError):
    """A threshold can't be written down so; the message says why, in Korean."""


@dataclass(frozen=True)
class Kept:
    """A file that holds a chosen threshold.

    Attributes
    ----------
    path : Path
    is_new : bool
        False where the same file was there already.
    command : str
        What uses it.
    """

    path: Path
    is_new: bool
    command: str


@dataclass(frozen=True)
class ThresholdFiles:
    """Writes thresholds of one section of a run into files of their own, beside the run.

    Attributes
    ----------
    params : Params or ScoresParams
        Of the run.
    folder : Path
        The run's folder.
    section : str
        A modality, or a category of one.
    checkpoint : callable
        From a variant to the path of its saved classifier.
    """

    params: Params | ScoresParams
    folder: Path
    section: str
    checkpoint: Callable[[str], Path]

    def as_params(self, variant: str, threshold: float) -> Kept:
        """Write params that train as the run did, with the threshold fixed, under a run of its own.

        Parameters
        ----------
        variant : str
        threshold : float

        Returns
        -------
        Kept

        Raises
        ------
        CannotKeep
            The run has no training, or its params don't take such a threshold, or the file is there
            with other contents.
        """
        if isinstance(self.params, ScoresParams):
            raise CannotKeep(
                "점수표에서 시작한 실행에는 학습이 없습니다. 점수표의 params 파일에 "
                f"threshold: {{{variant}: 값}}을 점수의 눈금으로 적으십시오."
            )
        if self.params.category_of(self.section) is not None:
            raise CannotKeep(
                "카테고리를 배우는 실행의 params는 모든 카테고리에 한 threshold만 고정할 수 있습니다. 이 "
                "카테고리에만 쓰려면 policy 파일로 저장하십시오."
            )
        run = self._run_name(variant, threshold)
        content = fixed_params(self.params, run, self.section, variant, threshold)
        text = (
            f"# {self.params.run}의 {self.section}, {variant}에서 threshold를 {threshold!r}에 고정한 설정.\n"
            f"# 원래 보고서를 바꾸지 않고 reports/{run}에 따로 씁니다.\n"
        ) + yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        _check_params(text)
        path = self.folder / FOLDER / f"{run}.yaml"
        return Kept(path, _write_new(path, text), f"./run_all.sh {_quoted(path)}")

    def as_policy(self, variant: str, threshold: float, objective: str) -> Kept:
        """Write a policy file with which the saved classifier decides by the threshold.

        Parameters
        ----------
        variant : str
        threshold : float
        objective : str
            What it was chosen for, as `harmlib.analysis.objectives` reads it; ``fixed`` for
            nothing but itself.

        Returns
        -------
        Kept

        Raises
        ------
        CannotKeep
            There is no saved classifier, or the file is there with other contents.
        """
        model = self.checkpoint(variant)
        if isinstance(self.params, ScoresParams) or not model.is_file():
            raise CannotKeep(
                "저장된 모델이 없어 판정에 쓸 수 없습니다. 02_train을 먼저 실행하십시오."
            )
        digest = hashlib.sha256(model.read_bytes()).hexdigest()
        chosen = PolicyThreshold(
            policy=POLICY, section=self.section, variant=variant,
            model_id=model_id(variant, self.section, digest), model_sha256=digest,
            asked=f"threshold {threshold!r}, chosen in 06_explore on validation",
            objective=objective, state="ok", threshold=threshold, native_threshold=threshold,
            scale="probability", prevalence=None, prevalence_from="", kept="", test={},
        )  # fmt: skip
        document = PolicyFile(
            schema_version=SCHEMA_VERSION, run=self.params.run, costs=self.params.costs,
            volume=self.params.volume, policies=[chosen],
        )  # fmt: skip
        path = self.folder / FOLDER / f"{self._run_name(variant, threshold)}.policy.json"
        is_new = _write_new(path, document.model_dump_json(indent=1) + "\n")
        return Kept(
            path,
            is_new,
            f"harmlib predict {_quoted(model)} FOLDER --policy {POLICY} "
            f"--policy-file {_quoted(path)} --out decisions.csv",
        )

    def _run_name(self, variant: str, threshold: float) -> str:
        """A name that no other threshold has: all digits are in it."""
        own = f"-{self.section}-{variant}-{threshold!r}"
        return self.params.run[: max(1, LONGEST - len(own))] + own


def fixed_params(
    params: Params, run: str, modality: str, variant: str, threshold: float
) -> dict[str, Any]:
    """Return the params of a run whose one variant operates at a threshold, for one modality.

    Parameters
    ----------
    params : Params
    run : str
        The new run's name.
    modality : str
        The others are left out: a fixed threshold holds for all modalities of a run.
    variant : str
        One of the params'.
    threshold : float

    Returns
    -------
    dict
        As a params file holds them.

    Examples
    --------
    >>> demo = load_params("params/demo.yaml")
    >>> content = fixed_params(demo, "demo-0.25", "video", "model4", 0.25)
    >>> content["run"], content["modalities"], content["variants"]["model4"]["fixed_threshold"]
    ('demo-0.25', ['video'], 0.25)
    """
    content = portable_paths(params.model_dump(mode="json"))
    content |= {"run": run, "modalities": [modality]}
    for policy in content["policies"].values():
        own = policy["categories"]
        policy["categories"] = {name: goal for name, goal in own.items() if name == modality}
    content["policies"] = {
        name: _without_nulls(policy) for name, policy in content["policies"].items()
    }
    variants = content["variants"]
    variants[variant] |= {"threshold_rule": "fixed", "fixed_threshold": threshold}
    table = yaml.safe_load(VARIANTS_FILE.read_text(encoding="utf-8"))
    for name, own in variants.items():
        if name not in table:
            variants[name] = {"based_on": next(iter(table))} | own
    content["variants"] = variants | {name: None for name in table if name not in variants}
    return dict(content)


def _without_nulls(policy: Mapping[str, Any]) -> dict[str, Any]:
    """A goal without the half that it doesn't have."""
    return {
        name: {k: _without_nulls(v) for k, v in value.items()} if name == "categories" else value
        for name, value in policy.items()
        if value is not None
    }


def _check_params(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "params.yaml")
        file.write_text(text, encoding="utf-8")
        try:
            load_params(file)
        except ValueError as error:
            told = str(error).replace(f"{file}:", "").strip()
            raise CannotKeep(f"이 threshold는 params에 적을 수 없습니다: {told}") from None


def _write_new(path: Path, text: str) -> bool:
    """Write a file that isn't there; False where it is there with the same contents."""
    if path.exists():
        if path.read_text(encoding="utf-8") == text:
            return False
        raise CannotKeep(
            f"{portable(path)} 파일이 다른 내용으로 이미 있어 덮어쓰지 않았습니다. 그 파일을 옮기거나 지운 뒤 "
            "다시 저장하십시오."
        )
    write_text_whole(path, text)
    return True


def _quoted(path: Path) -> str:
    """A path as it stands in a command that is given in the project's folder."""
    text = portable(path)
    plain = text.replace("~/", "", 1)
    is_plain = all(c.isalnum() or c in "/._-" for c in plain)
    return text if is_plain else "'" + str(path).replace("'", "'\\''") + "'"
