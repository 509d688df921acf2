"""The steps of a run: each is one notebook with its parameters, what it reads and writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from harmlib.params import MODALITIES, Modality, Params, ScoresParams
from harmlib.workflow.paths import (
    COUNT_TABLES,
    POLICY_FILE,
    TRAINING_TABLES,
    checkpoint_name,
    training_part,
    weights_table_name,
)

# What 03_thresholds writes of each modality: `tables/<kind>_<modality>.csv`.
THRESHOLD_TABLES = (
    "items", "operating_points", "sweep", "stability", "changes", "curves", "test", "intervals",
    "against_baseline", "drops", "choices", "bands", "tried", "optimism", "differences", "gains",
    "scale", "reliability", "calibration", "prevalence", "net_benefit", "cost_curves", "floors",
)  # fmt: skip
# And `figures/<name>_<modality>.svg` and `.png`; the last ones only where there is enough to draw.
THRESHOLD_FIGURES = (
    "epoch_thresholds", "precision_recall", "metrics_by_threshold", "score_distribution",
    "against_baseline", "f1_bands", "reliability", "prevalence", "net_benefit", "cost_curves",
)  # fmt: skip
THRESHOLD_FIGURES_SOMETIMES = ("tried_thresholds", "gains", "policies")
# And of the folds together, where there are folds.
FOLD_TABLES = ("pooled", "pooled_intervals", "judged")
# And where the params have policies; the figure is `policies`.
POLICY_TABLES = ("policies", "policy_curves")
# The drawings that the reports show again.
SHOWN_AGAIN = (
    "epoch_thresholds", "metrics_by_threshold", "against_baseline", "f1_bands", "reliability",
    "prevalence", "net_benefit", "cost_curves", *THRESHOLD_FIGURES_SOMETIMES,
)  # fmt: skip
# What 04_study writes of each modality, where the params ask for a study.
STUDY_TABLES = (
    "ablation", "ablation_levels", "later_steps", "fusion", "fusion_gains", "ignored_groups",
    "spread_values", "spread", "item_flips", "flip_summary", "epoch_choices", "epoch_luck",
    "imbalance_ratios", "imbalance_effects", "imbalance_prevalences", "strata", "data_needed",
    "width_by_groups",
)  # fmt: skip
STUDY_FIGURES = (
    "ablation", "ablation_orders", "fusion", "ignored_groups", "study_seeds", "study_epochs",
)  # fmt: skip
STUDY_FIGURES_SOMETIMES = ("later_steps", "study_imbalance", "study_strata", "study_widths")
# What 05_report writes: `tables/<name>.csv`, and `tables/<kind>_<modality>.csv` of each modality,
# or of each of its sections where categories are learned.
REPORT_TABLES = (
    "variants", "constants", "steps", "settings", "versions", "manifest", "history", "scores",
    "account",
)  # fmt: skip
# And where there are printed figures to compare with.
PUBLISHED_TABLES = ("published", "audit", "audit_counts")
REPORT_TABLES_OF_SECTION = (
    "summary", "overview", "errors", "effect", "without_near_duplicates",
    "slices", "slices_left_out", "doubts", "doubt_bounds",
    "recommendations", "recommendation_differences", "equal_networks",
    "review", "errors_by_group",
)  # fmt: skip
REPORT_TABLES_OF_MODALITY = ("lost_bounds",)
# And of each modality of which categories are learned.
REPORT_TABLES_OF_CATEGORIES = ("any_category", "any_category_intervals", "categories")
# What 01_extract_features writes of each modality beside the table of weights.
NEAR_DUPLICATE_TABLES = ("near_duplicates", "near_duplicate_search")
# What 05_scores writes, the report of a table of scores, beside its tables of each section.
SCORES_REPORT_TABLES = ("account", "thresholds", "settings", "versions", "constants", "steps")
SCORES_REPORT_TABLES_OF_SECTION = (
    "summary", "lost_bounds", "slices", "slices_left_out", "doubts", "doubt_bounds",
    "recommendations", "recommendation_differences", "equal_networks", "review",
)  # fmt: skip
# What 05_shards writes of each section, the report of scores that were counted.
SHARDS_REPORT_TABLES_OF_SECTION = (
    "operating_points", "test", "intervals", "summary", "against_baseline", "differences",
    "choices", "bands", "curves", "prevalence", "reliability",
)  # fmt: skip
SHARDS_REPORT_TABLES = ("thresholds", "settings", "versions")
SHARDS_REPORT_FIGURES = (
    "precision_recall", "metrics_by_threshold", "score_distribution",
    "against_baseline", "f1_bands", "reliability", "prevalence",
)  # fmt: skip
# The notebooks that are a run's last step.
REPORTS = ("05_report", "05_scores", "05_shards")
REPORT_FIGURES_OF_MODALITY = ("report_precision_recall", "mistakes")


@dataclass(frozen=True)
class LedgerRows:
    """Rows of ``ledger.csv``, which several steps write.

    Attributes
    ----------
    step : str
        Of this step only, ``data`` or ``extract``; empty for all steps. Rows that no step of the
        run can have written count as rows of ``data``.
    modality : str
        Of this modality only; empty for both.
    """

    step: str = ""
    modality: str = ""


@dataclass(frozen=True)
class Step:
    """One execution of one notebook.

    Attributes
    ----------
    notebook : str
        The notebook's name without its suffix.
    parameters : dict
        What the notebook is given besides ``params_file``.
    reads, writes : tuple of str or LedgerRows
        Files below the run's folder, or rows of the ledger.
    may_write : tuple of str
        Files that the step writes only where there is something to show.
    media : tuple of str
        The modalities whose media files the step reads.
    vectors : str
        The modality whose vectors the step puts into the feature store; mostly empty.
    """

    notebook: str
    parameters: dict[str, str] = field(default_factory=dict)
    reads: tuple[str | LedgerRows, ...] = ()
    writes: tuple[str | LedgerRows, ...] = ()
    may_write: tuple[str, ...] = ()
    media: tuple[Modality, ...] = ()
    vectors: str = ""

    @property
    def name(self) -> str:
        """Return the notebook's name and the values of its parameters.

        Examples
        --------
        >>> Step("02_train", {"modality": "video", "variant": "model4"}).name
        '02_train-video-model4'
        """
        return "-".join([self.notebook, *self.parameters.values()])


def plan(params: Params | ScoresParams) -> list[Step]:
    """Return the steps of a run, in an order in which each finds what it reads.

    Parameters
    ----------
    params : Params or ScoresParams
        The run's params: their modalities and variants decide what there is to do. A table of
        scores needs no extraction and no training.

    Returns
    -------
    list of Step
        One per execution of a notebook.
    """
    variants = list(params.variants)
    kinds = THRESHOLD_TABLES + (FOLD_TABLES if params.folds else ())
    kinds += POLICY_TABLES if params.policies else ()
    if isinstance(params, ScoresParams) and params.counted:
        return [_shards_report(params.sections)]
    if isinstance(params, ScoresParams):
        return [
            *(_thresholds(section, section, variants, kinds) for section in params.sections),
            _scores_report(params.sections, variants, kinds),
        ]
    modalities = [m for m in MODALITIES if m in params.modalities]
    return [
        Step(
            "00_data",
            writes=(
                "manifest.parquet",
                "tables/listed.csv",
                LedgerRows("data"),
                *_figures("class_balance"),
            ),
            media=tuple(modalities),
        ),
        *(_extraction(m) for m in modalities),
        *(_training(m, params.sections_of(m), v) for m in modalities for v in variants),
        *(_thresholds(m, s, variants, kinds) for m in modalities for s in params.sections_of(m)),
        *(_study(m, variants) for m in modalities if params.study),
        _report(
            {m: params.sections_of(m) for m in modalities},
            variants,
            kinds + (STUDY_TABLES if params.study else ()),
            params,
        ),
    ]


def _extraction(modality: Modality) -> Step:
    return Step(
        "01_extract_features",
        {"modality": modality},
        reads=("manifest.parquet",),
        writes=(
            weights_table_name(modality),
            *_tables(NEAR_DUPLICATE_TABLES, modality),
            LedgerRows("extract", modality),
        ),
        media=(modality,),
        vectors=modality,
    )


def _training(modality: str, sections: list[str], variant: str) -> Step:
    parts = [part for section in sections for part in _parts(section, [variant])]
    return Step(
        "02_train",
        {"modality": modality, "variant": variant},
        reads=("manifest.parquet", LedgerRows("extract", modality), weights_table_name(modality)),
        writes=(*parts, checkpoint_name(variant, modality)),
    )


def _thresholds(modality: str, section: str, variants: list[str], kinds: tuple[str, ...]) -> Step:
    return Step(
        "03_thresholds",
        {"modality": section},
        reads=(
            "manifest.parquet",
            LedgerRows("extract", modality),
            *_parts(section, variants),
        ),
        writes=(
            *_tables(kinds, section),
            *(file for name in THRESHOLD_FIGURES for file in _figures(name, section)),
        ),
        may_write=tuple(
            file for name in THRESHOLD_FIGURES_SOMETIMES for file in _figures(name, section)
        ),
    )


def _study(modality: str, variants: list[str]) -> Step:
    return Step(
        "04_study",
        {"modality": modality},
        reads=(
            "manifest.parquet",
            LedgerRows("extract", modality),
            weights_table_name(modality),
            *_parts(modality, variants),
        ),
        writes=(
            *_tables(STUDY_TABLES, modality),
            *(file for name in STUDY_FIGURES for file in _figures(name, modality)),
        ),
        may_write=tuple(
            file for name in STUDY_FIGURES_SOMETIMES for file in _figures(name, modality)
        ),
    )


def _report(
    sections: dict[Modality, list[str]], variants: list[str], kinds: tuple[str, ...], params: Params
) -> Step:
    modalities = list(sections)
    reads: list[str | LedgerRows] = ["manifest.parquet", "tables/listed.csv", LedgerRows()]
    if "policies" in kinds:  # which are made for these checkpoints
        reads += [checkpoint_name(variant, m) for m in modalities for variant in variants]
    reads += [] if params.published is None else [str(params.published)]  # may lie anywhere
    tables = REPORT_TABLES + (PUBLISHED_TABLES if params.compared else ())
    writes = [f"tables/{name}.csv" for name in tables]
    for modality, own in sections.items():
        reads.append(weights_table_name(modality))
        reads += _tables(NEAR_DUPLICATE_TABLES, modality)
        for section in own:
            reads += [*_parts(section, variants), *_tables(kinds, section), *_drawings(section)]
            writes += _tables(REPORT_TABLES_OF_SECTION, section)
            for name in REPORT_FIGURES_OF_MODALITY:
                writes += _figures(name, section)
        writes += _tables(REPORT_TABLES_OF_MODALITY, modality)
        writes += _tables(REPORT_TABLES_OF_CATEGORIES, modality) if own != [modality] else []
    return Step(
        "05_report",
        reads=tuple(reads),
        writes=(*writes, "metrics.json", "run.json"),
        may_write=(POLICY_FILE,),
        media=tuple(modalities),  # the gallery shows some of them
    )


def _scores_report(sections: list[str], variants: list[str], kinds: tuple[str, ...]) -> Step:
    reads: list[str | LedgerRows] = ["manifest.parquet", LedgerRows()]
    reads += [f"tables/{name}.csv" for name in ("read_as", "left_out", "lost", "models")]
    writes = [f"tables/{name}.csv" for name in SCORES_REPORT_TABLES]
    for section in sections:
        reads += [*_parts(section, variants), *_tables(kinds, section), *_drawings(section)]
        writes += _tables(SCORES_REPORT_TABLES_OF_SECTION, section)
        for name in REPORT_FIGURES_OF_MODALITY:
            writes += _figures(name, section)
    return Step(
        "05_scores",
        reads=tuple(reads),
        writes=(*writes, "metrics.json", "run.json"),
        may_write=(
            POLICY_FILE,
            "tables/categories.csv",
            *(f"tables/agreement_{section}.csv" for section in sections),
        ),
    )


def _shards_report(sections: list[str]) -> Step:
    writes = [f"tables/{name}.csv" for name in SHARDS_REPORT_TABLES]
    for section in sections:
        writes += _tables(SHARDS_REPORT_TABLES_OF_SECTION, section)
        for name in SHARDS_REPORT_FIGURES:
            writes += _figures(name, section)
    return Step("05_shards", reads=COUNT_TABLES, writes=(*writes, "metrics.json", "run.json"))


def _parts(modality: str, variants: list[str]) -> list[str]:
    return [training_part(v, modality, kind) for v in variants for kind in TRAINING_TABLES]


def _tables(kinds: tuple[str, ...], modality: str) -> list[str]:
    return [f"tables/{kind}_{modality}.csv" for kind in kinds]


def _drawings(section: str) -> list[str]:
    return [f"figures/{name}_{section}.svg" for name in SHOWN_AGAIN]


def _figures(*name: str) -> list[str]:
    return [f"figures/{'_'.join(name)}.{suffix}" for suffix in ("svg", "png")]
