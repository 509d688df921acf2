"""A run's folder: which table lies where, read and written in one place."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from harmlib.media.categories import has_category
from harmlib.media.folds import OWN_SPLIT
from harmlib.media.ledger import LABEL_NAMES, LEDGER_COLUMNS
from harmlib.media.whole_file import set_aside, write_text_whole, written_whole
from harmlib.params import PROJECT_ROOT, Params, ScoresParams
from harmlib.params.places import portable_paths
from harmlib.tables.csv_output import read_csv, write_csv
from harmlib.workflow.paths import (
    COUNTS,
    GRID,
    TRAINING_TABLES,
    checkpoint_name,
    training_part,
)
from harmlib.workflow.step_record import read_record
from harmlib.workflow.steps import plan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from harmlib.models.fold_training import FoldTables

# Packages whose versions `run.json` tells.
PACKAGES = ("torch", "torchvision", "openvino", "ultralytics", "openai-clip", "pytorchvideo",
            "numpy", "pandas", "scikit-learn", "matplotlib", "av", "papermill")  # fmt: skip
_PART_KEYS = ["modality", "variant", "seed", "fold"]


class MissingTable(ValueError):
    """A table is missing that an earlier notebook should have written."""


class Run:
    """The folder ``reports/<run>/`` of one set of params.

    A table is written whole or not at all: an interrupted write leaves the old one.

    Parameters
    ----------
    params : Params
        The run's params. Their folder is created if it is missing.
    """

    def __init__(self, params: Params | ScoresParams) -> None:
        self.params = params
        self.dir = params.run_dir
        self.dir.mkdir(parents=True, exist_ok=True)

    @classmethod
    def open(cls, params_file: str | Path) -> Run:
        """Open the run that a params file describes. Raises ParamsError.

        A table of scores that the file names is brought in, if it has not been yet.
        """
        from harmlib.workflow.own_scores import complete_params  # it writes into a run

        return cls(complete_params(params_file))

    # Reading and writing tables

    def read(
        self, name: str, made_by: str, rows: list[tuple[str, str, Any]] | None = None
    ) -> pd.DataFrame:
        """Read a table by its name in the folder (``.parquet`` or ``.csv``).

        Its `attrs` hold its name and its number of rows, so that sentences can cite its cells.

        Parameters
        ----------
        name : str
            Such as ``tables/test_video.csv``.
        made_by : str
            The notebook that writes the table, for the message when it is missing.
        rows : list of tuple (column, operator, value), optional
            Only these rows of a ``.parquet``: all of the conditions hold (`pandas.read_parquet`).

        Raises
        ------
        MissingTable
            If the table is not there, or damaged.
        """
        path = self.dir / name
        if not path.exists():
            raise MissingTable(f"{path}: not there yet; run the notebook {made_by} first")
        try:
            is_parquet = path.suffix == ".parquet"
            table = pd.read_parquet(path, filters=rows) if is_parquet else read_csv(path)
        except (OSError, ValueError) as error:  # those of pandas and pyarrow are among these
            raise MissingTable(f"{path}: damaged: {error}; run {made_by} again") from None
        table.attrs = {"name": name, "rows": len(table)}
        return table

    def write(self, table: pd.DataFrame, name: str) -> None:
        """Write a table (``.parquet`` or ``.csv``).

        Nothing is returned: Jupyter would show a path, and the page with it this machine's folders.
        """
        path = self.dir / name
        with written_whole(path) as part:
            if path.suffix == ".parquet":
                table.to_parquet(part, index=False)
            else:
                write_csv(table, part)

    def write_json(self, content: dict[str, Any], name: str) -> None:
        """Write JSON. Raises ValueError for NaN and infinity."""
        path = self.dir / name
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False, default=str)
        write_text_whole(path, text + "\n")

    def write_figure(self, figure: Figure, name: str) -> None:
        """Write a figure as SVG and PNG into ``figures/``."""
        from harmlib.reporting.figures.saving import figure_png, figure_svg  # matplotlib: a second

        write_text_whole(self.dir / f"figures/{name}.svg", figure_svg(figure))
        with written_whole(self.dir / f"figures/{name}.png") as part:
            part.write_bytes(figure_png(figure))

    def drawn(self, name: str) -> str:
        """Return a figure of ``figures/`` that ``03_thresholds`` has drawn, as SVG.

        Raises
        ------
        MissingTable
            If it is not there.
        """
        path = self.dir / f"figures/{name}.svg"
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            text = f"{path}: not there yet; run the notebook 03_thresholds first"
            raise MissingTable(text) from None

    # The manifest and the ledger

    def items(self, section: str) -> pd.DataFrame:
        """Return the manifest's rows of a section without the files that extraction gave up.

        A section is a modality; one of a category holds all items of its modality, and the label is
        whether an item is of the category.
        """
        modality, category = section, None
        if isinstance(self.params, Params):
            modality, category = self.params.modality_of(section), self.params.category_of(section)
        manifest = self.read("manifest.parquet", "00_data")
        ledger = self.ledger()
        unusable = set(ledger.loc[ledger["step"] == "extract", "path"])
        rows = manifest[(manifest["modality"] == modality) & ~manifest["path"].isin(unusable)]
        if rows.empty:
            raise MissingTable(f"{self.dir / 'manifest.parquet'}: holds no {modality}s")
        if category is not None:
            rows = rows.assign(label=has_category(rows["category"], category))
        return _renumbered(rows)

    def ledger(self) -> pd.DataFrame:
        """Return the ledger, all columns as text; empty if no step has written it yet.

        A damaged one is set aside, with a line that says so: its steps are run again.
        """
        path = self.dir / "ledger.csv"
        try:
            ledger = read_csv(path, dtype=str, keep_default_na=False)
            if tuple(ledger) != LEDGER_COLUMNS:
                raise ValueError(f"its columns are {', '.join(map(str, ledger))}")
        except FileNotFoundError:
            return pd.DataFrame(columns=list(LEDGER_COLUMNS))
        except ValueError as error:  # pandas' own errors are among these
            set_aside({path: f"damaged: {error}"})
            return pd.DataFrame(columns=list(LEDGER_COLUMNS))
        ledger.attrs = {"name": path.name, "rows": len(ledger)}
        return ledger

    def record(self, unusable: pd.DataFrame, step: str, modality: str) -> pd.DataFrame:
        """Write a step's unusable files into the ledger, in place of its earlier rows.

        Parameters
        ----------
        unusable : pandas.DataFrame
            Columns path, label (0, 1 or the label's name) and reason.
        step : {"data", "extract"}
            The step that found out.
        modality : {"image", "video"}
            Rows of the same step with another modality stay.

        Returns
        -------
        pandas.DataFrame
            The rows that were written.
        """
        kept = self.ledger()
        kept = kept[(kept["step"] != step) | (kept["modality"] != modality)]
        # Not those of an earlier run with other modalities, nor what somebody wrote by hand.
        known = kept["step"].isin(("data", "extract"))
        kept = kept[known & kept["modality"].isin(self.params.modalities)]
        labels = unusable["label"].replace(LABEL_NAMES)
        rows = unusable.assign(label=labels, modality=modality, step=step)[list(LEDGER_COLUMNS)]
        ledger = pd.concat([kept, rows], ignore_index=True) if len(kept) else rows
        self.write(ledger, "ledger.csv")
        return rows

    # Trainings

    def checkpoint(self, variant: str, modality: str) -> Path:
        """Return the path of a variant's checkpoint, of a modality or of one of its sections."""
        if isinstance(self.params, Params):
            modality = self.params.modality_of(modality)
        return self.dir / checkpoint_name(variant, modality)

    def write_training(
        self,
        modality: str,
        variant: str,
        scores: pd.DataFrame,
        history: pd.DataFrame,
        operating_points: pd.DataFrame,
        folds: FoldTables | None = None,
    ) -> None:
        """Keep the tables of one training, and gather those of all trainings.

        The three tables go to ``models/<variant>/<modality>_<kind>.parquet``; the gathered ones
        (`scores.parquet`, `history.parquet`, `operating_points.parquet`) begin with the columns
        modality, variant, seed and fold.

        Parameters
        ----------
        modality : str
            Or a section of it.
        variant : str
            A name of ``params/variants.yaml``.
        scores : pandas.DataFrame
            One row per item and epoch: epoch, split, item_id, label, logit, probability.
        history : pandas.DataFrame
            One row per epoch: losses, learning rate, seconds.
        operating_points : pandas.DataFrame
            One row per epoch: the operating threshold and what it gives on validation.
        folds : FoldTables, optional
            The same of the trainings on folds. The three tables are those of the training whose
            checkpoint is saved: their seed is the run's, their fold OWN_SPLIT.
        """
        own = {"seed": self.params.seed, "fold": OWN_SPLIT}
        tables = dict(zip(TRAINING_TABLES, (scores, history, operating_points), strict=True))
        # Trainings run side by side: they gather one after another.
        with FileLock(self.dir / ".gather.lock"):
            for kind, table in tables.items():
                table = table.assign(**own)
                if folds is not None:
                    table = pd.concat([table, getattr(folds, kind)], ignore_index=True)
                table = table.assign(modality=modality, variant=variant)
                table = table[_PART_KEYS + [c for c in table if c not in _PART_KEYS]]
                self.write(table, training_part(variant, modality, kind))
            self.gather()

    def gather(self) -> None:
        """Write the tables of all trainings from those that each training has kept."""
        for kind in TRAINING_TABLES:
            parts = [
                self.dir / training_part(variant, modality, kind)
                for modality in self.params.sections
                for variant in self.params.variants
            ]
            known = [pq.read_table(part) for part in parts if part.exists()]
            table = pa.concat_tables(known, promote_options="permissive")
            with written_whole(self.dir / f"{kind}.parquet") as whole:
                # Small row groups: who reads one fold passes over those of the others
                pq.write_table(table, whole, row_group_size=1 << 17)

    def scores(self, modality: str, *, folds: bool = False) -> pd.DataFrame:
        """Return the rows of `scores.parquet` of a modality.

        Those of the trainings on the run's own split, whose checkpoints are saved; with `folds`
        those of the trainings on the folds (possibly none).
        """
        return self._of_trainings("scores", modality, folds)

    def history(self, modality: str) -> pd.DataFrame:
        """Return the rows of `history.parquet` of a modality, of the run's own split."""
        return self._of_trainings("history", modality, folds=False)

    def operating_points(self, modality: str, *, folds: bool = False) -> pd.DataFrame:
        """Return the rows of `operating_points.parquet` of a modality.

        One per variant and epoch, with `folds` one per variant, seed, fold and epoch. Columns
        modality, variant, seed and fold, those of
        `harmlib.analysis.operating_points.operating_points`, and pos_weight (the weight of the
        harmful class in the training's loss; 1 where it had none).
        """
        return self._of_trainings("operating_points", modality, folds)

    def _of_trainings(self, kind: str, modality: str, folds: bool) -> pd.DataFrame:
        if modality not in self.params.sections:
            known = ", ".join(self.params.sections)
            raise MissingTable(f"{self.dir}: has no section {modality!r}; it has: {known}")
        of_splits = ("fold", "!=" if folds else "==", OWN_SPLIT)
        rows = [("modality", "==", modality), of_splits]
        return _renumbered(self.read(f"{kind}.parquet", "02_train", rows))

    # What was run, and with what

    def steps(self) -> dict[str, Any]:
        """Return what the pipeline recorded of each finished step; empty where it ran none.

        Without the report, which asks for this while it is executed, and without steps that the
        params no longer ask for.
        """
        known = read_record(self.dir)["steps"]
        *planned, _report = (step.name for step in plan(self.params))
        return {name: known[name] for name in planned if name in known}

    def provenance(self) -> dict[str, Any]:
        """Return what is needed to make this run again: the content of `run.json`."""
        tables = ["manifest.parquet", "ledger.csv"]
        tables += [f"{kind}.parquet" for kind in TRAINING_TABLES]
        if isinstance(self.params, ScoresParams) and self.params.counted:
            tables = [COUNTS, GRID]
        weights = [
            self.read(f"tables/weights_{m}.csv", "01_extract_features").assign(modality=m)
            for m in self.params.modalities
            if isinstance(self.params, Params)
        ]
        rows = pd.concat(weights).astype(object).fillna("").to_dict("records") if weights else []
        return {
            "params": portable_paths(self.params.model_dump(mode="json")),
            "weights": rows,
            "sha256": {
                name: hashlib.sha256((self.dir / name).read_bytes()).hexdigest() for name in tables
            },
            "versions": {"python": platform.python_version()}
            | {name: importlib.metadata.version(name) for name in PACKAGES},
            "machine": f"{platform.system()} {platform.machine()}",
            "made": datetime.now().astimezone().isoformat(timespec="seconds"),
            "commit": _commit(),
        }


def _renumbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows as a table of its own: its index no longer tells a row of the file."""
    table = rows.reset_index(drop=True)
    table.attrs = {}
    return table


def _commit() -> str:
    """Return the program's commit, with a `+` if files differ from it; empty outside of git."""
    git = ["git", "-C", str(PROJECT_ROOT)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
        state = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if state.stdout.strip() else "")
