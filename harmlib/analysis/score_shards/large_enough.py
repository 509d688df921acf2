"""Whether there are enough items to choose and judge thresholds, and the same for all models."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from harmlib.address import Address
from harmlib.analysis.checks import IntArray
from harmlib.analysis.own_scores.halves import HALVES
from harmlib.analysis.own_scores.sections import LEFT_OUT_COLUMNS
from harmlib.analysis.score_shards.tally import Tally
from harmlib.language import told
from harmlib.tables.complaint import TableError

_FEWEST = 2  # blocks of each class in each split; intervals need more, and say so themselves


def large_enough(
    tally: Tally, sections: dict[str, dict[str, IntArray]], seed: int
) -> tuple[dict[str, dict[str, IntArray]], pd.DataFrame]:
    """Tell the sections in which a threshold can be chosen and judged from the others.

    Parameters
    ----------
    tally : Tally
    sections : dict of str to dict of str to ndarray
        As `tally.sections_of` returns them.
    seed : int
        As `ShardCounts.of_split` takes it.

    Returns
    -------
    large : dict of str to dict of str to ndarray
        Those in which every model has enough groups of each class in each split.
    left_out : DataFrame
        The others, with why.

    Examples
    --------
    >>> from harmlib.analysis.score_shards.counts import ShardCounts
    >>> large_enough(Tally(ShardCounts(has_splits=True)), {}, seed=0)[0]
    {}
    """
    rows, large = [], {}
    for section, models in sections.items():
        held_of = {model: _held(tally, cells, seed) for model, cells in models.items()}
        least = min(held_of, key=lambda model: min(held_of[model].values()))
        held, cells = held_of[least], models[least]
        if min(held.values()) >= _FEWEST:
            large[section] = models
            continue
        harmful, safe = (int(cells[:, label].sum()) for label in (1, 0))
        reason = (
            f"{held[1, 'val']} group(s) with harmful items in val, {held[1, 'test']} in test; "
            f"{held[0, 'val']} with safe items in val, {held[0, 'test']} in test"
        )
        reason += f", scored by {least}" if len(models) > 1 else ""
        rows.append((section, harmful, safe, reason))
    return large, pd.DataFrame(rows, columns=list(LEFT_OUT_COLUMNS))


def _held(tally: Tally, cells: IntArray, seed: int) -> dict[tuple[int, str], int]:
    """Groups (or blocks) of each label and split."""
    return {
        (label, split): int(tally.counts.of_split(cells, split, seed)[label].any(axis=1).sum())
        for label in (1, 0) for split in HALVES
    }  # fmt: skip


def check_same_items(
    place: Path | Address, tally: Tally, sections: dict[str, dict[str, IntArray]], seed: int
) -> None:
    """Refuse models that scored other items: their differences would be those of the items.

    Parameters
    ----------
    place : Path or Address
        Of the shards, for the message.
    tally, sections, seed : Tally, dict, int
        As in `large_enough`.

    Raises
    ------
    TableError
        The models of a section have other numbers of safe or harmful items in a split.

    Examples
    --------
    >>> from harmlib.analysis.score_shards.counts import ShardCounts
    >>> check_same_items(Path("a"), Tally(ShardCounts(has_splits=True)), {}, seed=0)
    """
    for section, models in sections.items():
        for split in HALVES:
            sums = {
                model: tally.counts.of_split(cells, split, seed).sum(axis=(1, 2)).tolist()
                for model, cells in models.items()
            }
            if len({tuple(own) for own in sums.values()}) > 1:
                shown = ", ".join(f"{m} {bad} + {ok}" for m, (ok, bad) in sums.items())
                raise TableError(_other_items(place, section, split, shown))


def _other_items(place: Path | Address, section: str, split: str, shown: str) -> str:
    return told(
        f"{place}: section {section}, {split}: the models were scored on different items "
        f"(harmful + safe: {shown}), so they can't be compared; keep only the items that all of "
        "them have scored, "
        "give each model a column of its own (rows that lack a score are then left out of all), "
        "or put each model's shards into a folder of its own",
        f"{place}: {section} 절의 {split}: 모델마다 점수를 매긴 항목이 달라(유해 + 안전: "
        f"{shown}) 견줄 수 없습니다. 모든 모델의 점수가 있는 항목만 남기거나, 모델마다 열을 따로 "
        "두거나(점수가 빠진 "
        "행은 모든 모델에서 빠집니다), 모델마다 폴더를 나누십시오",
    )
