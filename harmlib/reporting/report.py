"""What 05_report tells: the tables of a run, by kind and modality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from harmlib.params import Params, ScoresParams
from harmlib.reporting.text.briefs_on_certainty import pairs_on_test
from harmlib.reporting.text.cited_numbers import Row, at, count, row
from harmlib.reporting.text.model_rows import chosen_rows, of_variant

# The report begins with videos: they are what the earlier report was about.
ORDER = ("video", "image")
# Written by 03_thresholds as `tables/<kind>_<modality>.csv`; each is a field of `Report`.
KINDS = (
    "items", "operating_points", "sweep", "stability", "changes", "curves", "test", "intervals",
    "against_baseline", "drops", "choices", "bands", "tried", "optimism", "differences", "gains",
    "scale", "reliability", "calibration", "prevalence", "net_benefit", "cost_curves", "floors",
)  # fmt: skip
# Written where there are folds: their test parts together.
FOLD_KINDS = ("pooled", "pooled_intervals", "judged")
# Written where the params have policies.
POLICY_KINDS = ("policies", "policy_curves")
# Written by 04_study, where the params ask for it.
STUDY_KINDS = (
    "ablation", "ablation_levels", "later_steps", "fusion", "fusion_gains", "ignored_groups",
    "spread_values", "spread", "item_flips", "flip_summary", "epoch_choices", "epoch_luck",
    "imbalance_ratios", "imbalance_effects", "imbalance_prevalences", "strata", "data_needed",
    "width_by_groups",
)  # fmt: skip


class RunFolder(Protocol):
    """Where the tables are read from: `harmlib.workflow.run.Run` is one."""

    @property
    def params(self) -> Params | ScoresParams:
        """The run's settings."""

    def read(self, name: str, made_by: str) -> pd.DataFrame:
        """Read the table `name`; say that the notebook `made_by` is missing, if it is."""

    def ledger(self) -> pd.DataFrame:
        """Return one row per file that could not be used."""


@dataclass(frozen=True)
class Report:
    """The tables of a run; their numbers cite their cells.

    Attributes
    ----------
    modalities : tuple of str
        Those of the run, in the order of the report; where categories are learned, or scored by
        others, their sections.
    sections : dict of str to tuple of str
        The sections of each modality that was trained: itself, or one for each category; none of a
        table of scores.
    manifest : DataFrame
        One row per file that was used.
    ledger : DataFrame
        One row per file that could not be used.
    weights : DataFrame
        One row per modality and backbone; none of a table of scores.
    published : DataFrame
        The figures that an earlier report printed; none where the params don't ask to compare.
    items, operating_points, sweep, … : dict of str to DataFrame
        By modality, for each of KINDS: `tables/<kind>_<modality>.csv`.
    pooled, pooled_intervals, judged : dict of str to DataFrame
        The same of FOLD_KINDS; empty where the run has no folds. With folds, `against_baseline`,
        `drops`, `differences` and `gains` are those of the folds, too.
    policies, policy_curves : dict of str to DataFrame
        The same of POLICY_KINDS; empty where the params have no policies.
    study : dict of str to dict of str to DataFrame
        By modality and kind (of STUDY_KINDS); empty where the run has no study.
    """

    modalities: tuple[str, ...]
    sections: dict[str, tuple[str, ...]]
    manifest: pd.DataFrame
    ledger: pd.DataFrame
    weights: pd.DataFrame
    published: pd.DataFrame
    items: dict[str, pd.DataFrame]
    operating_points: dict[str, pd.DataFrame]
    sweep: dict[str, pd.DataFrame]
    stability: dict[str, pd.DataFrame]
    changes: dict[str, pd.DataFrame]
    curves: dict[str, pd.DataFrame]
    test: dict[str, pd.DataFrame]
    intervals: dict[str, pd.DataFrame]
    against_baseline: dict[str, pd.DataFrame]
    drops: dict[str, pd.DataFrame]
    choices: dict[str, pd.DataFrame]
    bands: dict[str, pd.DataFrame]
    tried: dict[str, pd.DataFrame]
    optimism: dict[str, pd.DataFrame]
    differences: dict[str, pd.DataFrame]
    gains: dict[str, pd.DataFrame]
    scale: dict[str, pd.DataFrame]
    reliability: dict[str, pd.DataFrame]
    calibration: dict[str, pd.DataFrame]
    prevalence: dict[str, pd.DataFrame]
    net_benefit: dict[str, pd.DataFrame]
    cost_curves: dict[str, pd.DataFrame]
    floors: dict[str, pd.DataFrame]
    pooled: dict[str, pd.DataFrame]
    pooled_intervals: dict[str, pd.DataFrame]
    judged: dict[str, pd.DataFrame]
    policies: dict[str, pd.DataFrame]
    policy_curves: dict[str, pd.DataFrame]
    study: dict[str, dict[str, pd.DataFrame]]

    def medium(self, section: str) -> str:
        """Return the modality of a section, such as ``image`` of ``image-gun``."""
        return next(medium for medium, own in self.sections.items() if section in own)

    @property
    def by_category(self) -> dict[str, tuple[str, ...]]:
        """Return the sections of each modality of which categories are learned."""
        return {medium: own for medium, own in self.sections.items() if own != (medium,)}

    def results(self, modality: str) -> pd.DataFrame:
        """Return what claims rest on: the folds' test parts together, else the test split."""
        return (self.pooled or self.test)[modality]

    def preferred(self, modality: str) -> pd.DataFrame:
        """Return each variant's F1 on validation (variant, f1), by which one is preferred."""
        if not self.pooled:
            return self.chosen(modality)
        models = self.pooled[modality].dropna(subset="validation_f1")
        return models.assign(f1=models["validation_f1"])

    def best(self, modality: str) -> Row:
        """Return the row of `preferred` with the highest F1 on validation."""
        models = self.preferred(modality)
        return at(models, models["f1"].idxmax())

    def chosen(self, modality: str) -> pd.DataFrame:
        """Return the operating points of the saved epochs, one row per variant."""
        table = self.operating_points[modality]
        return table[table["chosen"]]

    def f1_intervals(self, modality: str) -> pd.DataFrame:
        """Return the intervals of F1 in `results`, one row per variant."""
        table = self.evidence(modality)
        return table[table["metric"] == "f1"]

    def evidence(self, modality: str) -> pd.DataFrame:
        """Return the intervals of all metrics in `results`."""
        return (self.pooled_intervals or self.intervals)[modality]

    def published_of(self, modality: str) -> pd.DataFrame:
        """Return the printed figures of a modality, possibly none."""
        if self.published.empty:
            return self.published
        return self.published[self.published["modality"] == modality]

    @property
    def rows_on_test(self) -> float:
        """How many rows of results on test the report shows; the number cites their tables."""
        choices = {m: chosen_rows(self.choices[m], self.best(m).variant) for m in self.modalities}
        pairs = {m: pairs_on_test(self.differences[m]) for m in self.modalities}
        floors = {m: of_variant(self.floors[m], self.best(m).variant) for m in self.modalities}
        kinds = (self.test, choices, floors, pairs, *filter(None, [self.pooled]))
        first, *others = (count(tables[m]) for tables in kinds for m in self.modalities)
        return sum(others, start=first)

    def validation_counts(self, modality: str) -> tuple[int, int]:
        """Return how many harmful and how many safe items validation has."""
        validation = row(self.items[modality], "split", "val")
        return int(validation.harmful), int(validation.safe)

    def harmful_share(self, modality: str) -> float:
        """Return the share of harmful items in validation, 0 to 1."""
        return float(row(self.items[modality], "split", "val").harmful_share)


def load_report(run: RunFolder) -> Report:
    """Read what the report tells.

    Parameters
    ----------
    run : Run
        A run that 03_thresholds has finished for each of its modalities, with
        `tables/published.csv` beside where the params ask to compare.

    Returns
    -------
    Report

    Raises
    ------
    MissingTable
        A table is not there; the message names the notebook to run first.
    """
    sections: dict[str, tuple[str, ...]] = {}
    compared = isinstance(run.params, Params) and run.params.compared
    if isinstance(run.params, Params):
        known = run.params.modalities
        sections = {m: tuple(run.params.sections_of(m)) for m in ORDER if m in known}
    modalities = tuple(s for own in sections.values() for s in own) or tuple(run.params.sections)
    weights = [
        run.read(f"tables/weights_{m}.csv", "01_extract_features").assign(modality=m)
        for m in sections
    ]
    kinds = dict.fromkeys(KINDS, modalities)
    kinds |= dict.fromkeys(FOLD_KINDS, modalities if run.params.folds else ())
    kinds |= dict.fromkeys(POLICY_KINDS, modalities if run.params.policies else ())
    tables: dict[str, dict[str, pd.DataFrame]] = {
        kind: {m: run.read(f"tables/{kind}_{m}.csv", "03_thresholds") for m in of}
        for kind, of in kinds.items()
    }
    study: dict[str, dict[str, pd.DataFrame]] = {
        m: {kind: run.read(f"tables/{kind}_{m}.csv", "04_study") for kind in STUDY_KINDS}
        for m in modalities
        if run.params.study is not None
    }
    # A CSV file has no empty text, only missing values.
    tables["operating_points"] = {
        m: table.fillna({"at_grid_edge": ""}) for m, table in tables["operating_points"].items()
    }
    return Report(
        modalities=modalities,
        sections=sections,
        manifest=run.read("manifest.parquet", "00_data"),
        ledger=run.ledger(),
        weights=pd.concat(weights) if weights else pd.DataFrame(),
        published=run.read("tables/published.csv", "05_report") if compared else pd.DataFrame(),
        study=study,
        **tables,
    )
