"""`harmlib sample`: which decisions people should look at, as a CSV and a page."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

import pandas as pd

from harmlib.analysis.audit_sample.decisions import (
    Decisions,
    check_slices,
    decide,
    read_decisions,
)
from harmlib.analysis.audit_sample.drawing import draw_sample
from harmlib.analysis.own_scores.columns import ALIASES
from harmlib.analysis.policy_file import PolicyError, read_policy_file
from harmlib.cli.analyse import pairs
from harmlib.media.whole_file import written_whole
from harmlib.params import TableReading
from harmlib.tables.csv_output import write_csv


def run_sample(options: argparse.Namespace) -> int:
    """Draw a sample, write it and its page, and say what was drawn.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `sample`.

    Returns
    -------
    int
        Exit status: 0 done, 2 unusable input.
    """
    from harmlib.models.checkpoint import CheckpointError

    try:
        if options.out.suffix.lower() != ".csv":
            raise ValueError(f"--out {options.out}: must end in .csv")
        if options.n < 1:
            raise ValueError(f"--n {options.n}: look at one item or more")
        if options.out.exists():
            raise ValueError(
                f"{options.out} is there already, and may hold labels; name another with --out"
            )
        found, live = live_decisions(options)
        by = check_slices(live, options.by, options.scores)
        sample = draw_sample(live, by, options.n, options.seed)
        page = _write(sample, options)
    except (CheckpointError, PolicyError, ValueError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(_told(sample, live, found, page, options))
    return 0


def live_decisions(options: argparse.Namespace) -> tuple[Decisions, pd.DataFrame]:
    """Read the table of the command line, and decide as it says.

    Parameters
    ----------
    options : argparse.Namespace
        Of `sample` and `estimate`: scores, threshold, checkpoint, policy and its file, model,
        column and scale.

    Returns
    -------
    found : Decisions
    live : DataFrame
        Its items with their decisions.

    Raises
    ------
    ValueError
        What can't be read, or no threshold.
    """
    columns = pairs(options.column, "--column")
    if unknown := sorted(set(columns) - set(ALIASES)):
        raise ValueError(f"--column {unknown[0]}=…: no such role; known: {', '.join(ALIASES)}")
    reading = TableReading.model_validate({"columns": columns, "scale": options.scale})
    found = read_decisions(options.scores, reading, options.model)
    told = (options.threshold, options.checkpoint, options.policy)
    if found.is_decided and told == (None, None, None):
        return found, found.items
    return found, decide(found, _thresholds(options, found))


def _thresholds(options: argparse.Namespace, found: Decisions) -> dict[str, float]:
    """By section; ``""`` for all of them."""
    if options.threshold is not None:
        return {"": found.scale.threshold_probability(options.threshold)}
    if options.checkpoint is not None:
        from harmlib.models.checkpoint import load_checkpoint

        return {"": float(load_checkpoint(options.checkpoint).threshold)}
    if options.policy is None:
        raise ValueError(
            f"{options.scores}: nothing says what is live; give --threshold T, --checkpoint FILE, "
            "or --policy NAME --policy-file FILE"
        )
    if options.policy_file is None:
        raise ValueError("--policy needs --policy-file, the policy.json of the run")
    known = read_policy_file(options.policy_file).policies
    own = [one for one in known if one.policy == options.policy and one.variant == found.model]
    if not own:
        has = ", ".join(sorted({f"{one.policy} of {one.variant}" for one in known})) or "none"
        raise ValueError(
            f"{options.policy_file}: has no policy {options.policy!r} of model {found.model!r}; it "
            f"has: {has}"
        )
    return {one.section: one.threshold for one in own if one.threshold is not None}


def _write(sample: pd.DataFrame, options: argparse.Namespace) -> Path:
    """Write the sample and its page; the page first, so that a sample never lacks it."""
    from harmlib.reporting.page.labelling import labelling_html
    from harmlib.reporting.page.pages import write_html

    out: Path = options.out
    out.parent.mkdir(parents=True, exist_ok=True)
    pictures = _pictures(sample, options.media or options.scores.parent)
    page = out.with_suffix(".html")
    write_html(
        labelling_html(sample, pictures, f"{out.stem}-labels.csv"), page, f"표본 판정: {out.stem}"
    )
    with written_whole(out) as unfinished:
        write_csv(sample, unfinished)
    return page


def _pictures(sample: pd.DataFrame, folder: Path) -> dict[str, bytes]:
    """Small pictures of the items whose files are at hand."""
    from harmlib.media.decode import MediaError
    from harmlib.media.identify import identify
    from harmlib.media.thumbnails import thumbnails

    files: dict[str, dict[str, Path]] = {"image": {}, "video": {}}
    for name in sample["item_id"].unique():
        with contextlib.suppress(MediaError, ValueError):  # no such file: it is shown by its name
            files[identify(folder / name)][name] = folder / name
    return thumbnails(files["image"], "image") | thumbnails(files["video"], "video")


def _told(
    sample: pd.DataFrame,
    live: pd.DataFrame,
    found: Decisions,
    page: Path,
    options: argparse.Namespace,
) -> str:
    strata = sample.drop_duplicates("stratum").sort_values("stratum")
    thresholds = ", ".join(sorted(sample["threshold"].unique()))
    lines = [
        f"{len(sample):,} of {len(live):,} decisions at threshold {thresholds} "
        f"({found.scale.kind}), sample {sample['sample_id'].iloc[0]}",
        f"{'looked at':>9} {'of':>10}  stratum (1 is nearest to the threshold)",
        *(
            f"{row.stratum_sampled:>9,} {row.stratum_size:>10,}  {row.stratum}"
            for row in strata.itertuples()
        ),
    ]
    if found.without_score:
        lines.append(f"{found.without_score:,} rows have no score: nothing was decided, none drawn")
    lines += [
        f"{options.out}: fill in the column label (harmful, safe, unknown), or",
        f"{page}: label there, and download",
        f"then: harmlib estimate {options.out.stem}-labels.csv",
    ]
    return "\n".join(lines)
