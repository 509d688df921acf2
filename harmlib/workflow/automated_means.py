"""The figures of a finished run's automated means, for a report to an authority."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from harmlib.analysis.account import lost_files, worst_and_best
from harmlib.analysis.error_rates import decision_counts, error_rates
from harmlib.analysis.judged import judged_by_variant
from harmlib.analysis.own_scores.missing import missing_items
from harmlib.analysis.own_scores.scales import Scale
from harmlib.language import told
from harmlib.media.folds import OWN_SPLIT
from harmlib.reporting.metrics import read_metrics
from harmlib.workflow.recorded_run import UnreadableRun, read_about

LEVEL = 0.95
_TABLES = ("manifest.parquet", "scores.parquet", "operating_points.parquet")
CROSS_VALIDATED, HALVES, TEST = "cross-validation", "halves", "test"


def automated_means(folder: Path, model: str | None = None) -> dict[str, Any]:
    """Measure the decisions of one model in every section of a run.

    Parameters
    ----------
    folder : Path
        Of a finished run: from media, or from a table of scores.
    model : str, optional
        Whose decisions; needed where the run has several.

    Returns
    -------
    dict
        run, made, model, data (of scores, or media), level, sections (of dict), ledger (of dict).

    Raises
    ------
    UnreadableRun, MetricsError
        A run that isn't finished, is damaged, or has no such model.
    """
    about, metrics = read_about(folder), read_metrics(folder / "metrics.json")
    manifest, scores, points = (_recorded(folder, name, about) for name in _TABLES)
    names = list(dict.fromkeys(points["variant"]))
    if model is None and len(names) > 1:
        listed = ", ".join(names)
        raise UnreadableRun(
            told(
                f"{folder}: has the models {listed}; name one with --model",
                f"{folder}: 모델이 여럿입니다({listed}). --model로 하나를 고르십시오",
            )
        )
    model = model or names[0]
    if model not in names:
        listed = ", ".join(names)
        raise UnreadableRun(
            told(
                f"{folder}: no model {model!r}; there are: {listed}",
                f"{folder}: 그런 모델이 없습니다: {model!r}. 있는 모델: {listed}",
            )
        )
    if set(points["modality"]) - set(manifest["modality"]):
        raise UnreadableRun(
            f"{folder}: it learns categories, and decides by all of them together; the export is "
            "of runs with data.labels: binary"
        )
    groups = manifest[["modality", "item_id", "group"]]
    scores = scores[scores["variant"] == model].merge(groups, on=["modality", "item_id"])
    points, ledger = points[points["variant"] == model], _ledger(folder)
    run = _Recorded(folder, about["params"], manifest, ledger)
    sections = [
        _section(run, section, scores[scores["modality"] == section], own)
        for section, own in points.groupby("modality", sort=False)
    ]
    return {
        "run": metrics["run"],
        "made": about.get("made"),
        "model": model,
        "data": "scores" if run.is_of_scores else "media",
        "level": LEVEL,
        "sections": sections,
        "ledger": _losses(ledger),
    }


class _Recorded(NamedTuple):
    folder: Path
    params: dict[str, Any]
    manifest: pd.DataFrame
    ledger: pd.DataFrame

    @property
    def is_of_scores(self) -> bool:
        return "scores" in self.params


def _recorded(folder: Path, name: str, about: dict[str, Any]) -> pd.DataFrame:
    path = folder / name
    if not path.is_file():
        raise UnreadableRun(f"{path}: there is no such file; finish that run first")
    if hashlib.sha256(path.read_bytes()).hexdigest() != about["sha256"].get(name):
        raise UnreadableRun(
            f"{path}: not the table that run.json was written with; run it again to its end"
        )
    return pd.read_parquet(path)


def _ledger(folder: Path) -> pd.DataFrame:
    path = folder / "ledger.csv"
    if not path.is_file():
        raise UnreadableRun(f"{path}: there is no such file; finish that run first")
    return pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False)


def _section(
    run: _Recorded, section: str, scores: pd.DataFrame, points: pd.DataFrame
) -> dict[str, Any]:
    """What one section's decisions were, and by which threshold."""
    variant, own = points["variant"].iloc[0], points["fold"] == OWN_SPLIT
    split = TEST
    if not own.all():
        split = HALVES if run.is_of_scores else CROSS_VALIDATED
    use = own if split == TEST else ~own
    scored = scores[(scores["fold"] == OWN_SPLIT) == (split == TEST)]
    judged = judged_by_variant(scored, points[use], "test")[variant]
    # The threshold of what was saved, which is the one that would be live
    first = points[own & points["chosen"]].iloc[0]
    threshold, counts = float(first["threshold"]), decision_counts(judged)
    lost = _lost(run, section, split)
    n_lost = sum(lost.values())
    moved = worst_and_best(counts, **lost)
    return {
        "section": section,
        **_identity(run.folder, variant, section),
        "threshold": threshold,
        **_native(run.folder, variant, threshold),
        "decided_beforehand": _fixed(run.params, variant),
        "split": split,
        "items": int((run.manifest["modality"] == section).sum()),
        "lost": n_lost,
        "counts": counts,
        "figures": _rows(error_rates(judged, LEVEL)),
        "if_lost_judged": _rows(moved) if n_lost and points["seed"].nunique() == 1 else [],
    }


def _lost(run: _Recorded, section: str, split: str) -> dict[str, int]:
    """Count what would have been judged and couldn't be; of media also what was lost unsplit."""
    if run.is_of_scores:
        missing = missing_items(_table(run.folder, "lost").fillna(""))
        own = missing[missing["section"] == section]
        own = own[own["split"] == "test"] if split == TEST else own
        return {name: int((own["label"] == name).sum()) for name in ("harmful", "safe", "unknown")}
    account = _table(run.folder, "account")
    if split != TEST:  # every part of the data was judged by some fold
        account = account.assign(split="test")
    harmful, safe = lost_files(account, section, only_test=False)
    return {"harmful": harmful, "safe": safe, "unknown": 0}


def _table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"tables/{name}.csv"
    if not path.is_file():
        raise UnreadableRun(f"{path}: there is no such file; finish that run first")
    return pd.read_csv(path, encoding="utf-8-sig")


def _fixed(params: dict[str, Any], variant: str) -> bool:
    rule = (params.get("variants") or {}).get(variant) or {}
    return rule.get("threshold_rule") == "fixed"


def _identity(folder: Path, variant: str, section: str) -> dict[str, str | None]:
    """The checkpoint that decides; a table of scores has none."""
    path = folder / "models" / variant / f"{section}_model_best.pth"
    if not path.is_file():
        return {"model_id": None, "model_sha256": None}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"model_id": f"{variant}/{section}@{digest[:12]}", "model_sha256": digest}


def _native(folder: Path, variant: str, threshold: float) -> dict[str, Any]:
    """The threshold in the numbers of whoever made the scores."""
    path = folder / "tables" / "models.csv"
    if not path.is_file():
        return {"native": threshold, "scale": "probability"}
    models = pd.read_csv(path, encoding="utf-8-sig", keep_default_na=False, dtype=str)
    row = models[models["variant"] == variant].iloc[0]
    native = Scale.of_model(row).native_line(threshold)
    return {"native": None if math.isnan(native) else native, "scale": row["scale"]}


def _losses(ledger: pd.DataFrame) -> list[dict[str, Any]]:
    counted = ledger.groupby(["modality", "reason"], sort=False).size()
    return [
        {"section": section, "reason": reason, "items": int(items)}
        for (section, reason), items in counted.items()
    ]


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON, which has no NaN."""
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]
