"""What a run's figures recommend, and what was found: the tables behind the first screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from harmlib.analysis.equal_networks import equal_networks
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.recommendation import recommendation, recommendation_differences
from harmlib.params import Params, ScoresParams
from harmlib.reporting.report import Report
from harmlib.reporting.text import data_findings, model_findings
from harmlib.reporting.text.coded_findings import Finding, in_order
from harmlib.reporting.text.recommendation_findings import recommendation_findings

_WRITER = "05_report"  # or 05_scores, which is the report of a table of scores


class WritableRun(Protocol):
    """Where tables are read from and written to: `harmlib.workflow.run.Run` is one."""

    @property
    def params(self) -> Params | ScoresParams:
        """The run's settings."""

    def read(self, name: str, made_by: str) -> pd.DataFrame:
        """Read the table `name`; its numbers can be cited."""

    def write(self, table: pd.DataFrame, name: str) -> None:
        """Write the table `name`."""

    def scores(self, modality: str, *, folds: bool = False) -> pd.DataFrame:
        """Return the scores of a section: of the run's own split, or of the folds."""


@dataclass(frozen=True)
class Decision:
    """What the first screen tells, by section; numbers cite their cells.

    Attributes
    ----------
    recommended : dict of str to DataFrame
        As `harmlib.analysis.recommendation.recommendation` returns it; of a table of scores with
        native and scale: the threshold in the model's own numbers.
    differences : dict of str to DataFrame
        As `recommendation_differences` returns it.
    findings : tuple of Finding
        All of them, the gravest first.
    """

    recommended: dict[str, pd.DataFrame]
    differences: dict[str, pd.DataFrame]
    findings: tuple[Finding, ...]


def decide(run: WritableRun, report: Report, scales: Mapping[str, Scale] | None = None) -> Decision:
    """Write a run's recommendations, read them back, and gather what was found.

    Parameters
    ----------
    run : Run
        ``tables/recommendations_<section>.csv``, ``recommendation_differences_<section>.csv`` and
        ``equal_networks_<section>.csv`` are written.
    report : Report
        Of this run.
    scales : mapping of str to Scale, optional
        Of a table of scores, by variant: the models' own numbers.

    Returns
    -------
    Decision
    """
    recommended, differences, found = {}, {}, data_findings.weights_findings(report.weights)
    for section in report.modalities:
        _write(run, report, section, scales)
        recommended[section], differences[section], networks = (
            run.read(f"tables/{kind}_{section}.csv", _WRITER)
            for kind in ("recommendations", "recommendation_differences", "equal_networks")
        )
        # A CSV file has no empty text, only missing values
        recommended[section] = recommended[section].fillna({"held_by": ""})
        found += recommendation_findings(recommended[section], differences[section], section)
        found += _findings(report, section, recommended[section], networks)
    media = list(report.sections) or list(report.modalities)
    found += data_findings.file_findings(report.ledger, media)
    return Decision(recommended, differences, tuple(in_order(found)))


def _write(
    run: WritableRun, report: Report, section: str, scales: Mapping[str, Scale] | None
) -> None:
    """The tables of one section."""
    compared = report.against_baseline[section], report.differences[section]
    made = recommendation(
        report.preferred(section), report.chosen(section), report.results(section),
        report.evidence(section), *compared, trained=_trained(report, section),
    )  # fmt: skip
    variant = str(made["variant"].iloc[0])
    if scales is not None:
        scale = scales[variant]
        native = scale.native_line(float(made["threshold"].iloc[0]))
        made = made.assign(native=native, scale=scale.kind)
    run.write(made, f"tables/recommendations_{section}.csv")
    others = recommendation_differences(variant, *compared)
    run.write(others, f"tables/recommendation_differences_{section}.csv")
    pairs = equal_networks(run.scores(section), run.scores(section, folds=True))
    run.write(pairs, f"tables/equal_networks_{section}.csv")


def _trained(report: Report, section: str) -> bool:
    """Whether every backbone of a section that has weights ran with trained ones."""
    if report.weights.empty:
        return True
    own = report.weights[report.weights["modality"] == report.medium(section)]
    return not own["weights"].str.startswith("untrained").any()


def _findings(
    report: Report, section: str, recommended: pd.DataFrame, networks: pd.DataFrame
) -> list[Finding]:
    """What a section's tables tell beside its recommendation."""
    chosen, variant = report.chosen(section), str(recommended["variant"].iloc[0])
    found = model_findings.network_findings(networks, chosen, section)
    found += model_findings.edge_findings(chosen, section)
    found += data_findings.prevalence_findings(report.prevalence[section], section)
    found += model_findings.drop_findings(report.drops[section], variant, section)
    if report.policies:
        found += model_findings.policy_findings(report.policies[section], section)
    return found
