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
from filelock import FileLock

from harmlib.params import PROJECT_ROOT, Params, load_params

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEDGER_COLUMNS = ["path", "label", "modality", "step", "reason"]
LABEL_NAMES = {1: "harmful", 0: "safe"}
_PART_KEYS = ["modality", "variant", "seed"]


class MissingTable(ValueError):
    """A table that an earlier notebook should have written isn't there."""


class Run:
    """The folder `reports/<run>/` of one set of params. Tables are whole or absent, never half."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self.dir = params.run_dir
        self.dir.mkdir(parents=True, exist_ok=True)

    @classmethod
    def open(cls, params_file: str | Path) -> Run:
        return cls(load_params(params_file))

    # Tables

    def read(self, name: str, made_by: str) -> pd.DataFrame:
        """A table (`.parquet` or `.csv`) by its name in the folder.

        It carries `attrs` name and rows (how many), so that sentences can point at its cells.
        """
        path = self.dir / name
        if not path.exists():
            raise MissingTable(f"{path}: not there yet; run the notebook {made_by} first")
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        table.attrs = {"name": name, "rows": len(table)}
        return table

    def write(self, table: pd.DataFrame, name: str) -> Path:
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        if path.suffix == ".parquet":
            table.to_parquet(part, index=False)
        else:
            table.to_csv(part, index=False, encoding="utf-8-sig")
        part.replace(path)
        return path

    def write_json(self, content: dict[str, Any], name: str) -> Path:
        path = self.dir / name
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False, default=str)
        path.write_text(text + "\n", encoding="utf-8")
        return path

    def write_figure(self, figure: Figure, name: str) -> None:
        """As SVG and PNG into `figures/`."""
        folder = self.dir / "figures"
        folder.mkdir(exist_ok=True)
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        figure.savefig(folder / f"{name}.png", dpi=160)

    # What each of the tables means

    def items(self, modality: str) -> pd.DataFrame:
        """The manifest's rows of a modality, less those that extraction had to give up."""
        manifest = self.read("manifest.parquet", "00_data")
        ledger = self.ledger()
        lost = set(ledger.loc[ledger["step"] == "extract", "path"])
        rows = manifest[(manifest["modality"] == modality) & ~manifest["path"].isin(lost)]
        if rows.empty:
            raise MissingTable(f"{self.dir / 'manifest.parquet'}: holds no {modality}s")
        return _renumbered(rows)

    def ledger(self) -> pd.DataFrame:
        path = self.dir / "ledger.csv"
        if not path.exists():
            return pd.DataFrame(columns=LEDGER_COLUMNS)
        ledger = pd.read_csv(path, dtype=str, keep_default_na=False)
        ledger.attrs = {"name": path.name, "rows": len(ledger)}
        return ledger

    def record(self, lost: pd.DataFrame, step: str, modality: str) -> pd.DataFrame:
        """Put the files that a step lost into the ledger, in place of what it said before.

        lost : columns path, label (0/1 or its name), reason
        """
        kept = self.ledger()
        kept = kept[(kept["step"] != step) | (kept["modality"] != modality)]
        rows = lost.assign(label=lost["label"].replace(LABEL_NAMES), modality=modality, step=step)[
            LEDGER_COLUMNS
        ]
        ledger = pd.concat([kept, rows], ignore_index=True) if len(kept) else rows
        self.write(ledger, "ledger.csv")
        return rows

    def steps(self) -> dict[str, Any]:
        """What the pipeline recorded of each finished step; empty where it ran none."""
        path = self.dir / "steps.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def checkpoint(self, variant: str, modality: str) -> Path:
        return self.dir / "models" / variant / f"{modality}_model_best.pth"

    def write_training(
        self, modality: str, variant: str, scores: pd.DataFrame, history: pd.DataFrame
    ) -> None:
        """Keep one training's rows, and bring `scores.parquet` and `history.parquet` up to date."""
        key = {"modality": modality, "variant": variant, "seed": self.params.seed}
        # Trainings run side by side: one at a time gathers what is there.
        with FileLock(self.dir / ".gather.lock"):
            for kind, table in {"scores": scores, "history": history}.items():
                table = table.assign(**key)
                table = table[_PART_KEYS + [c for c in table if c not in _PART_KEYS]]
                self.write(table, f"models/{variant}/{modality}_{kind}.parquet")
                parts = [
                    self.dir / "models" / v / f"{m}_{kind}.parquet"
                    for m in self.params.modalities
                    for v in self.params.variants
                ]
                known = [pd.read_parquet(part) for part in parts if part.exists()]
                self.write(pd.concat(known, ignore_index=True), f"{kind}.parquet")

    def provenance(self) -> dict[str, Any]:
        """What one needs to make this run again: `run.json`."""
        names = ("torch", "torchvision", "openvino", "ultralytics", "openai-clip", "pytorchvideo",
                 "numpy", "pandas", "scikit-learn", "matplotlib", "av", "papermill")  # fmt: skip
        tables = ("manifest.parquet", "ledger.csv", "scores.parquet", "history.parquet")
        weights = [
            self.read(f"tables/weights_{m}.csv", "01_extract_features").assign(modality=m)
            for m in self.params.modalities
        ]
        return {
            "params": self.params.model_dump(mode="json"),
            "weights": pd.concat(weights).astype(object).fillna("").to_dict("records"),
            "sha256": {
                name: hashlib.sha256((self.dir / name).read_bytes()).hexdigest() for name in tables
            },
            "versions": {"python": platform.python_version()}
            | {name: importlib.metadata.version(name) for name in names},
            "machine": f"{platform.system()} {platform.machine()}",
            "made": datetime.now().astimezone().isoformat(timespec="seconds"),
            "commit": _commit(),
        }

    def scores(self, modality: str) -> pd.DataFrame:
        table = self.read("scores.parquet", "02_train")
        return _renumbered(table[table["modality"] == modality])

    def history(self, modality: str) -> pd.DataFrame:
        table = self.read("history.parquet", "02_train")
        return _renumbered(table[table["modality"] == modality])


def _renumbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as a table of its own; its index no longer tells a file's row."""
    table = rows.reset_index(drop=True)
    table.attrs = {}
    return table


def _commit() -> str:
    """The commit of the program, with a `+` when files differ from it; empty outside of git."""
    git = ["git", "-C", str(PROJECT_ROOT)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
        state = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if state.stdout.strip() else "")
