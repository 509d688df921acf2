"""What 04_report tells: the tables of a run, by kind and modality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from harmlib.params import Params
from harmlib.reporting.text.cited_numbers import count, row

# The report begins with videos: they are what the earlier report was about.
ORDER = ("video", "image")
# Written by 03_thresholds as `tables/<kind>_<modality>.csv`; each is a field of `Report`.
KINDS = (
    "items", "operating_points", "sweep", "stability", "changes", "curves", "test", "intervals",
    "against_baseline", "drops", "choices", "bands", "tried", "optimism", "differences", "gains",
    "scale", "reliability", "calibration", "prevalence", "net_benefit", "cost_curves", "floors",
)  # fmt: skip


class RunFolder(Protocol):
    """Where the tables are read from: `harmlib.workflow.run.Run` is one."""

    @property
    def params(self) -> Params:
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
        Those of the run, in the order of the report.
    manifest : DataFrame
        One row per file that was used.
    ledger : DataFrame
        One row per file that could not be used.
    weights : DataFrame
        One row per modality and backbone.
    published : DataFrame
        The figures that the earlier report printed.
    items, operating_points, sweep, … : dict of str to DataFrame
        By modality, for each of KINDS: `tables/<kind>_<modality>.csv`.
    """

    modalities: tuple[str, ...]
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

    def chosen(self, modality: str) -> pd.DataFrame:
        """Return the operating points of the saved epochs, one row per variant."""
        table = self.operating_points[modality]
        return table[table["chosen"]]

    def f1_intervals(self, modality: str) -> pd.DataFrame:
        """Return the intervals of F1 on test, one row per variant."""
        table = self.intervals[modality]
        return table[table["metric"] == "f1"]

    def published_of(self, modality: str) -> pd.DataFrame:
        """Return the printed figures of a modality, possibly none."""
        return self.published[self.published["modality"] == modality]

    @property
    def rows_on_test(self) -> float:
        """How many rows of results on test the report shows; the number cites their tables."""
        pairs = {m: table[table["split"] == "test"] for m, table in self.differences.items()}
        kinds = (self.test, self.choices, self.floors, pairs)
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
        `tables/published.csv` beside.

    Returns
    -------
    Report

    Raises
    ------
    MissingTable
        A table is not there; the message names the notebook to run first.
    """
    modalities = tuple(m for m in ORDER if m in run.params.modalities)
    weights = [
        run.read(f"tables/weights_{m}.csv", "01_extract_features").assign(modality=m)
        for m in modalities
    ]
    tables: dict[str, dict[str, pd.DataFrame]] = {
        kind: {m: run.read(f"tables/{kind}_{m}.csv", "03_thresholds") for m in modalities}
        for kind in KINDS
    }
    # A CSV file has no empty text, only missing values.
    tables["operating_points"] = {
        m: table.fillna({"at_grid_edge": ""}) for m, table in tables["operating_points"].items()
    }
    return Report(
        modalities=modalities,
        manifest=run.read("manifest.parquet", "00_data"),
        ledger=run.ledger(),
        weights=pd.concat(weights),
        published=run.read("tables/published.csv", "04_report"),
        **tables,
    )
