"""What decides on the files of a folder of shards: one rule, told beside them.

Shards are read together. Where an earlier call decided by another checkpoint or threshold, and this
one is ended halfway, nobody would see in the folder which rows are whose.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harmlib.address import Address
from harmlib.analysis.bands import Bands
from harmlib.features.store_folder import LocalFolder, RemoteFolder
from harmlib.language import told
from harmlib.media.owned_lock import held
from harmlib.predict.far_outputs import lock_of
from harmlib.predict.predictor import Predictor

FILE = "decided_by.json"
_SHARDS = "part-*.parquet"

Rule = dict[str, dict[str, Any]]


class OtherShards(ValueError):
    """A folder holds shards that were decided in another way; the message says what to do."""


def rule_of(
    predictors: list[Predictor],
    thresholds: Mapping[str, Mapping[str, float]],
    bands: dict[str, Bands] | None,
) -> Rule:
    """What decides on files, in plain values.

    Parameters
    ----------
    predictors : list of Predictor
        One, or one for each modality.
    thresholds : mapping of str to mapping of str to float
        By modality, by the names that they have in an entry of the log.
    bands : dict of str to Bands, optional
        By modality.

    Returns
    -------
    dict of str to dict
        By modality.
    """
    return {
        one.modality: {
            "checkpoint": one.digest,
            "threshold": dict(thresholds[one.modality]),
            "policy": one.policy,
            "windows": asdict(one.windowing),
            "bands": _ends(bands, one.modality),
        }
        for one in predictors
    }


def _ends(bands: dict[str, Bands] | None, modality: str) -> list[float | None]:
    return [bands[modality].pass_at, bands[modality].block_above] if bands else []


@contextmanager
def claimed(where: Path | Address, rule: Rule) -> Iterator[None]:
    """Have a folder for the shards of one rule, which is told there; refuse it if another decided.

    The folder is locked as long as the block runs: until its first shard is there, nothing else
    keeps a second call from deciding by another rule.

    Parameters
    ----------
    where : Path or Address
        The folder, which need not exist.
    rule : dict of str to dict
        As `rule_of` returns it.

    Yields
    ------
    None
        While no other process of this machine writes shards there; of several machines an address
        can't be locked.

    Raises
    ------
    InUse
        If another process of this machine does.
    OtherShards
        If it holds shards that another rule has decided, or nobody knows which.
    Unreachable
        If an address doesn't answer.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with claimed(Path(folder), {"image": {"threshold": 0.5}}):
    ...         pass  # no shard is written
    ...     with claimed(Path(folder), {"image": {"threshold": 0.6}}):
    ...         Path(folder, "part-00000.parquet").touch()
    ...     with claimed(Path(folder), {"image": {"threshold": 0.7}}):
    ...         pass
    Traceback (most recent call last):
    harmlib.predict.shard_rule.OtherShards: ...: holds shards ... (image: threshold)...
    """
    with held(lock_of(where / FILE), told(f"the output {where}", f"출력 {where}")):
        _claim(where, rule)
        yield


def _claim(where: Path | Address, rule: Rule) -> None:
    folder = LocalFolder(where) if isinstance(where, Path) else RemoteFolder(where)
    try:
        known: Rule | None = json.loads(folder.read(FILE))
    except (FileNotFoundError, ValueError):
        known = None
    if known == rule:
        return
    if folder.sizes(_SHARDS):
        raise OtherShards(_refusal(where, known, rule))
    folder.write(FILE, json.dumps(rule, indent=1, sort_keys=True).encode())


def _refusal(where: Path | Address, known: Rule | None, rule: Rule) -> str:
    differs = told("unknown how", "방식을 알 수 없음")
    if isinstance(known, dict):
        differs = ", ".join(_differences(known, rule))
    return told(
        f"{where}: holds shards that were decided in another way ({differs}), and they would be "
        f"read together with new ones. Name another folder, or remove {_SHARDS} there; the logs "
        "beside them may stay",
        f"{where}: 다른 방식으로 판정한 조각이 있어({differs}) 새 조각과 섞여 읽힙니다. 다른 "
        f"폴더를 적거나, 그 폴더의 {_SHARDS}을 지우십시오. 옆의 기록은 남겨 두어도 됩니다",
    )


def _differences(known: Rule, rule: Rule) -> list[str]:
    return [
        f"{modality}: {name}"
        for modality in sorted(known.keys() | rule.keys())
        for name in sorted({**known.get(modality, {}), **rule.get(modality, {})})
        if known.get(modality, {}).get(name) != rule.get(modality, {}).get(name)
    ]
