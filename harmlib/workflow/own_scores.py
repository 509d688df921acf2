"""Bring a table of scores into a run's folder: what training would have written there."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harmlib.address import Address
from harmlib.analysis.operating_points import operating_points
from harmlib.analysis.own_scores.reading import OwnScores, read_own_scores
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.own_scores.sections import distinct_plain_names
from harmlib.language import told
from harmlib.media.folds import OWN_SPLIT
from harmlib.media.ledger import LEDGER_COLUMNS
from harmlib.media.whole_file import write_text_whole
from harmlib.params import Params, ParamsError, ScoresParams, ThresholdRule, load_run_params
from harmlib.params.policies import check_sections
from harmlib.params.scores import FOUND
from harmlib.tables.complaint import TableError
from harmlib.tables.shards import is_sharded, list_shards
from harmlib.workflow.paths import TRAINING_TABLES, training_part
from harmlib.workflow.run import Run
from harmlib.workflow.score_shards import count_scores, outputs_of, shards_to_count, state_of

RECORD = ".own_scores.json"  # what was brought in, and from what
TABLES = ("read_as", "left_out", "lost", "models")
_FOLDS = 2  # each half is judged by the threshold that the other chose
_EPOCH = 1  # a finished model has one
_VERSION = 3  # raise it when the same table would be brought in as something else


def bring_in(params: ScoresParams) -> ScoresParams:
    """Read the table of scores, unless the run's folder has it already.

    A table of more than `count_above` rows is counted instead (`harmlib.workflow.score_shards`).
    Otherwise writes ``manifest.parquet``, ``ledger.csv``, the tables of scores, operating points
    and history (of each model, and of all), and `TABLES`.

    Parameters
    ----------
    params : ScoresParams
        As a params file gives them.

    Returns
    -------
    ScoresParams
        With what the table holds: `variants`, `modalities` and `folds`.

    Raises
    ------
    ParamsError
        The table can't be used; the message names the file, the line, the column and the cure.
    """
    record = params.run_dir / RECORD
    try:
        listed = shards_to_count(params)
        state = state_of(params, listed) if listed else _state(params)
        known = json.loads(record.read_text(encoding="utf-8"))
        if known["state"] == state and known["outputs"] == _outputs(params, known["found"]):
            return _filled(params, known["found"])
    except TableError as error:
        raise ParamsError(str(error)) from None
    except FileNotFoundError as error:
        if error.filename == str(params.scores):
            missing = told("there is no such file", "그런 파일이 없습니다")
            raise ParamsError(f"{params.scores}: {missing}") from None
    except OSError as error:
        if error.filename == str(params.scores):
            raise ParamsError(f"{params.scores}: can't be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        pass  # a damaged record: bring the table in again
    try:
        if listed:
            found = count_scores(params, listed)
        else:
            found = _write(params, read_own_scores(params.scores, params, params.seed))
    except TableError as error:
        raise ParamsError(str(error)) from None
    # Files that can't be read now may be readable the next time, and look the same in a listing
    settled = None if found.get("unreadable") else state
    content = {"state": settled, "found": found, "outputs": _outputs(params, found)}
    write_text_whole(record, json.dumps(content, ensure_ascii=False, indent=1))
    return _filled(params, found)


def is_brought_in(params: ScoresParams) -> bool:
    """Return whether some table of scores was brought into the run's folder before.

    Parameters
    ----------
    params : ScoresParams
        As a params file gives them.

    Returns
    -------
    bool
        `bring_in` may yet read it again: the table may be another now.
    """
    return (params.run_dir / RECORD).is_file()


def complete_params(params_file: str | Path) -> Params | ScoresParams:
    """Load the params of a run; those of a table of scores with what the table holds.

    Parameters
    ----------
    params_file : str or Path
        As in `harmlib.params.load_run_params`.

    Returns
    -------
    Params or ScoresParams

    Raises
    ------
    ParamsError
        If the params file, or the table that it names, can't be used.
    """
    params = load_run_params(params_file)
    return bring_in(params) if isinstance(params, ScoresParams) else params


def _filled(params: ScoresParams, found: dict[str, Any]) -> ScoresParams:
    try:
        check_sections(params.policies, found["sections"])
    except ValueError as error:
        raise ParamsError(str(error)) from None
    variants = {name: ThresholdRule(**rule) for name, rule in found["variants"].items()}
    names = {"folds": found["folds"], "counted": found["counted"]}
    return params.model_copy(update=names | {"variants": variants, "modalities": found["sections"]})


def _state(params: ScoresParams) -> str:
    # What is found in the table, and what nothing here depends on
    settings = params.model_dump_json(exclude={*FOUND, "policies", "costs", "volume", "mute"})
    digest = hashlib.sha256(f"{_VERSION} {settings}".encode())
    if isinstance(params.scores, Address) or is_sharded(params.scores):
        digest.update(list_shards(params.scores).state.encode())
    else:
        digest.update(params.scores.read_bytes())
    return digest.hexdigest()


def _outputs(params: ScoresParams, found: dict[str, Any]) -> str:
    if found["counted"]:
        return outputs_of(params)
    names = ["manifest.parquet", "ledger.csv", *(f"{kind}.parquet" for kind in TRAINING_TABLES)]
    names += [f"tables/{name}.csv" for name in TABLES]
    names += [
        training_part(variant, section, kind)
        for variant in found["variants"] for section in found["sections"]
        for kind in TRAINING_TABLES
    ]  # fmt: skip
    digest = hashlib.sha256()
    for name in names:
        digest.update((params.run_dir / name).read_bytes())
    return digest.hexdigest()


def _write(params: ScoresParams, own: OwnScores) -> dict[str, Any]:
    sections = list(dict.fromkeys(own.items["section"]))
    names = distinct_plain_names(own.scales)
    rules = {names[m]: _rule(scale, params.threshold_of(m)) for m, scale in own.scales.items()}
    folds = None if own.has_splits else _FOLDS
    found = {
        "variants": {name: rule.model_dump() for name, rule in rules.items()},
        "sections": sections,
        "folds": folds,
        "counted": False,
    }
    run = Run(_filled(params, found))
    manifest = own.items.rename(columns={"modality": "medium"})
    manifest = manifest.rename(columns={"section": "modality"}).assign(path=manifest["item_id"])
    run.write(manifest.astype({"label": np.int64}), "manifest.parquet")
    run.write(_ledger(own), "ledger.csv")
    run.write(own.read_as, "tables/read_as.csv")
    run.write(own.left_out, "tables/left_out.csv")
    run.write(own.lost, "tables/lost.csv")
    run.write(_models(own.scales, names, rules), "tables/models.csv")
    facts = own.items[["item_id", "section", "label", "split"]].astype({"label": np.int64})
    scores = own.scores.merge(facts, on=["item_id", "section"])
    for (section, model), rows in scores.groupby(["section", "model"], sort=False):
        variant = names[model]
        _write_part(run, section, variant, rows, rules[variant])
    run.gather()
    return found


def _write_part(
    run: Run, section: str, variant: str, rows: pd.DataFrame, rule: ThresholdRule
) -> None:
    columns = ["epoch", "split", "item_id", "label", "logit", "probability"]
    own = rows.assign(epoch=_EPOCH)[columns]
    split = own["split"]
    other = pd.Series("val", index=own.index, dtype=split.dtype).mask(split == "val", "test")
    ways = {OWN_SPLIT: own}
    if run.params.folds:
        ways |= {0: own, 1: own.assign(split=other)}
    key = {"modality": section, "variant": variant, "seed": run.params.seed}
    tables: dict[str, list[pd.DataFrame]] = {kind: [] for kind in TRAINING_TABLES}
    for fold, scored in ways.items():
        points = operating_points(
            scored[scored["split"] == "val"],
            rule.thresholds,
            rule.fixed_threshold,
            exact=rule.threshold_rule == "exact_f1",
        )
        history = {"epoch": [_EPOCH]} | dict.fromkeys(
            ("train_loss", "val_loss", "learning_rate", "seconds"), math.nan
        )
        made = (scored, pd.DataFrame(history), points.assign(pos_weight=1.0))
        for kind, table in zip(TRAINING_TABLES, made, strict=True):
            tables[kind].append(table.assign(**key, fold=fold))
    first = [*key, "fold"]
    for kind, parts in tables.items():
        table = pd.concat(parts, ignore_index=True)
        table = table[first + [name for name in table if name not in first]]
        run.write(table, training_part(variant, section, kind))


def _rule(scale: Scale, threshold: float | None) -> ThresholdRule:
    if threshold is None:
        return ThresholdRule(thresholds=scale.grid(), threshold_rule="exact_f1")
    return ThresholdRule(
        thresholds=scale.grid(),
        threshold_rule="fixed",
        fixed_threshold=scale.threshold_probability(threshold),
    )


def _ledger(own: OwnScores) -> pd.DataFrame:
    """What can't be judged, as rows of the ledger: the item stands for the file."""
    lost = own.lost
    reason = lost["reason"].where(lost["model"] == "", lost["reason"] + " of " + lost["model"])
    return lost.assign(
        path=lost["item_id"], modality=lost["section"], step="scores", reason=reason
    )[list(LEDGER_COLUMNS)]


def _models(
    scales: dict[str, Scale], names: dict[str, str], rules: dict[str, ThresholdRule]
) -> pd.DataFrame:
    rows = [
        {
            "variant": names[model],
            "model": model,
            "scale": scale.kind,
            "levels": " ".join(f"{level:g}" for level in scale.levels),
            "fixed_threshold": rules[names[model]].fixed_threshold,
        }
        for model, scale in scales.items()
    ]
    return pd.DataFrame(rows)
