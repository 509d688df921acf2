"""What is live: the decisions of a table of scores, whose labels nobody needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from harmlib.analysis.own_scores.columns import Columns, find_columns
from harmlib.analysis.own_scores.rows import check_rows
from harmlib.analysis.own_scores.scales import Scale
from harmlib.analysis.own_scores.scored_rows import table_rows, with_scores
from harmlib.analysis.own_scores.sections import in_sections
from harmlib.params import TableReading
from harmlib.tables.complaint import TableError
from harmlib.tables.csv_output import unmarked
from harmlib.tables.files import read_file
from harmlib.tables.headers import fold
from harmlib.tables.numbers import numbers
from harmlib.tables.table import Table

PREDICTED = ("path", "modality", "probability", "threshold", "decision")  # of `harmlib predict`
_FLAGGED = {"harmful": True, "safe": False}


@dataclass(frozen=True)
class Decisions:
    """Decisions of one model on one table.

    Attributes
    ----------
    items : DataFrame
        One row per decision, numbered from 0: item_id, category, modality, group, probability,
        score (text, as the table has it), section; further columns are slices. Of a table of
        predictions also threshold_probability, threshold (text) and flagged.
    scale : Scale
        Of the scores.
    model : str
    without_score : int
        Rows that have no score, and so no decision; they are not among the items.
    """

    items: pd.DataFrame
    scale: Scale
    model: str
    without_score: int

    @property
    def is_decided(self) -> bool:
        """Whether the table says itself what was decided."""
        return "flagged" in self.items


def read_decisions(path: Path, reading: TableReading, model: str | None = None) -> Decisions:
    r"""Read what is live from a table of scores, or from one of `harmlib predict`.

    Parameters
    ----------
    path : Path
        See `harmlib.tables.files.read_file`.
    reading : TableReading
        What is known of its columns and scales.
    model : str, optional
        Which, where the table has several.

    Returns
    -------
    Decisions

    Raises
    ------
    TableError
        What can't be read, no such model, or several and none was named.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text("item,score\na.jpg,0.9\nb.jpg,0.2\nc.jpg,\n")
    ...     found = read_decisions(file, TableReading())
    >>> found.items["score"].tolist(), found.without_score
    (['0.9', '0.2'], 1)
    """
    table = read_file(path, ("score", "item"))
    if table.frame.empty:
        raise TableError(f"{path}: has no rows")
    if set(PREDICTED) <= set(table.frame):
        return _predicted(table)
    columns = find_columns(list(table.frame), reading.columns, path, needs_label=False)
    if "count" in columns.roles:
        raise TableError(
            f"{path}: has a column of counts ({columns.roles['count']!r}); a person looks at "
            "items; give a table with one row for each"
        )
    if "item" not in columns.roles:
        raise TableError(
            f"{path}: no column is known as the item; nobody could find again what is to be looked "
            "at. Say which it is: --column item=…"
        )
    rows, scales = with_scores(table, table_rows(table, columns), columns, reading)
    own = _one_model(rows.assign(label=np.nan), list(scales), model, path)
    check_rows(Table(path, own), 1)
    name = str(own["model"].iloc[0])
    scored = own[own["native"].notna()].reset_index(drop=True)
    items = _items(scored, columns)
    return Decisions(items, scales[name], name, len(own) - len(scored))


def _one_model(
    rows: pd.DataFrame, models: list[str], model: str | None, path: Path
) -> pd.DataFrame:
    if model is None and len(models) > 1:
        raise TableError(
            f"{path}: has {len(models)} models ({', '.join(models)}); say whose decisions are "
            f"live: --model {models[0]}"
        )
    if model is not None and model not in models:
        raise TableError(f"{path}: has no model {model!r}; it has {', '.join(models)}")
    return rows[rows["model"] == (model or models[0])]


def _items(scored: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    names = [name for name in columns.slices if name in scored]
    items = scored[["item_id", "category", "modality", "group", *names]].copy()
    items["score"] = [f"{value:.6g}" for value in scored["native"]]
    items["native"] = scored["native"]
    units = items.assign(unit=range(len(items)), label=1)
    return items.assign(section=in_sections(units)["section"].to_numpy())


def _predicted(table: Table) -> Decisions:
    """A table of `harmlib predict`, as it decided itself."""
    rows = table.frame
    odd = ~rows["decision"].isin(list(_FLAGGED))
    if odd.any():
        table.refuse(
            odd, f"column 'decision': {table.first('decision', odd)}; write harmful or safe"
        )
    again = rows.duplicated("path")
    if again.any():
        table.refuse(again, f"path {table.first('path', again)} has a second row; keep one of them")
    read = {name: numbers(table, name, 0, 1) for name in ("probability", "threshold")}
    if rows.index.name == "line":
        rows = unmarked(rows)
    items = rows.rename(columns={"path": "item_id"}).drop(columns=[*read, "decision"])
    items = items.assign(
        category="",
        group=rows["group"] if "group" in rows else rows["path"],
        probability=read["probability"],
        score=[f"{value:.6g}" for value in read["probability"]],
        threshold_probability=read["threshold"],
        threshold=[f"{value:.6g}" for value in read["threshold"]],
        flagged=rows["decision"].map(_FLAGGED).astype(bool),
        section=rows["modality"],
    )
    return Decisions(items.reset_index(drop=True), Scale("probability"), "", 0)


def decide(found: Decisions, thresholds: dict[str, float]) -> pd.DataFrame:
    """Decide by thresholds.

    Parameters
    ----------
    found : Decisions
    thresholds : dict of str to float
        By section, on probabilities; the section ``""`` stands for all that aren't named.

    Returns
    -------
    DataFrame
        The items with threshold_probability, threshold (text, in the scores' own numbers) and
        flagged: above the threshold (of levels: that level and those above).

    Raises
    ------
    ValueError
        The table says itself what was decided, or a section has no threshold.

    Examples
    --------
    >>> items = pd.DataFrame({"native": [0.0, 4.0, 6.0], "section": "all"})
    >>> scale = Scale("levels", (0, 2, 4, 6))
    >>> line = scale.threshold_probability(4)
    >>> decide(Decisions(items, scale, "api", 0), {"": line})["flagged"].tolist()
    [False, True, True]
    """
    if found.is_decided:
        raise ValueError(
            "the table says what was decided (threshold, decision); leave out --threshold, "
            "--checkpoint and --policy: another threshold is not what is live"
        )
    sections = found.items["section"].unique()
    lacking = [name for name in sections if name not in thresholds and "" not in thresholds]
    if lacking:
        raise ValueError(f"no threshold for {', '.join(sorted(lacking))}")
    of_section = {name: thresholds.get(name, thresholds.get("", np.nan)) for name in sections}
    texts = {name: f"{found.scale.native_line(line):.6g}" for name, line in of_section.items()}
    items = found.items
    probability = found.scale.to_probability(items["native"].to_numpy())
    line = items["section"].map(of_section).to_numpy(np.float64)
    return items.drop(columns="native").assign(
        probability=probability,
        threshold_probability=line,
        threshold=items["section"].map(texts),
        flagged=probability > line,
    )


def check_slices(items: pd.DataFrame, by: Sequence[str], path: Path) -> list[str]:
    """Return the columns to slice by as the table names them.

    Parameters
    ----------
    items : DataFrame
    by : sequence of str
        As a person wrote them.
    path : Path
        For the message.

    Returns
    -------
    list of str

    Raises
    ------
    TableError
        A column that isn't there.

    Examples
    --------
    >>> check_slices(pd.DataFrame({"item_id": ["a"], "site": ["x"]}), [" Site"], Path("a.csv"))
    ['site']
    """
    hidden = {"item_id", "probability", "threshold_probability", "threshold", "score", "native",
              "flagged", "section"}  # fmt: skip
    names = [fold(name) for name in by]
    for name in names:
        if name not in items or name in hidden:
            has = [column for column in items if column not in hidden]
            raise TableError(f"{path}: no column {name!r} to slice by; it has {', '.join(has)}")
    return names
