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
from harmlib.cli.cells import right
from harmlib.language import told
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
            raise ValueError(
                told(
                    f"--out {options.out}: must end in .csv",
                    f"--out {options.out}: 파일 이름이 .csv로 끝나야 합니다",
                )
            )
        if options.n < 1:
            raise ValueError(
                told(
                    f"--n {options.n}: look at one item or more",
                    f"--n {options.n}: 하나 이상이어야 합니다",
                )
            )
        if options.out.exists():
            raise ValueError(
                told(
                    f"{options.out} is there already, and may hold labels; name another with --out",
                    f"{options.out}: 이미 있는 파일이며 라벨이 들어 있을 수 있습니다. --out으로 "
                    "다른 이름을 주십시오",
                )
            )
        found, live = live_decisions(options)
        by = check_slices(live, options.by, options.scores)
        sample = draw_sample(live, by, options.n, options.seed)
        page = _write(sample, options)
    except (CheckpointError, PolicyError, ValueError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(_drawn(sample, live, found, page, options))
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
        known = ", ".join(ALIASES)
        raise ValueError(
            told(
                f"--column {unknown[0]}=…: no such role; known: {known}",
                f"--column {unknown[0]}=…: 그런 역할이 없습니다. 가능한 역할: {known}",
            )
        )
    reading = TableReading.model_validate({"columns": columns, "scale": options.scale})
    found = read_decisions(options.scores, reading, options.model)
    given = (options.threshold, options.checkpoint, options.policy)
    if found.is_decided and given == (None, None, None):
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
            told(
                f"{options.scores}: nothing says what is live; give --threshold T, --checkpoint "
                "FILE, or --policy NAME --policy-file FILE",
                f"{options.scores}: 운영 threshold를 알 수 없습니다. --threshold T, --checkpoint "
                "파일, 또는 --policy 이름 --policy-file 파일을 주십시오",
            )
        )
    if options.policy_file is None:
        raise ValueError(
            told(
                "--policy needs --policy-file, the policy.json of the run",
                "--policy: --policy-file로 실행의 policy.json을 주어야 합니다",
            )
        )
    known = read_policy_file(options.policy_file).policies
    own = [one for one in known if one.policy == options.policy and one.variant == found.model]
    if not own:
        has = ", ".join(sorted({f"{one.policy} ({one.variant})" for one in known})) or "-"
        raise ValueError(
            told(
                f"{options.policy_file}: has no policy {options.policy!r} of model "
                f"{found.model!r}; it has: {has}",
                f"{options.policy_file}: 그런 정책이 없습니다: {options.policy!r}(모델 "
                f"{found.model!r}). 있는 정책: {has}",
            )
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


def _drawn(
    sample: pd.DataFrame,
    live: pd.DataFrame,
    found: Decisions,
    page: Path,
    options: argparse.Namespace,
) -> str:
    strata = sample.drop_duplicates("stratum").sort_values("stratum")
    thresholds = ", ".join(sorted(sample["threshold"].unique()))
    lines = [
        told(
            f"{len(sample):,} of {len(live):,} decisions at threshold {thresholds} "
            f"({found.scale.kind}), sample {sample['sample_id'].iloc[0]}",
            f"threshold {thresholds}({found.scale.kind})의 판정 {len(live):,}개 중 "
            f"{len(sample):,}개, 표본 {sample['sample_id'].iloc[0]}",
        ),
        f"{right(told('looked at', '표본'), 9)} {right(told('of', '전체'), 10)}  "
        + told("stratum (1 is nearest to the threshold)", "층(1이 threshold에 가장 가까움)"),
        *(
            f"{row.stratum_sampled:>9,} {row.stratum_size:>10,}  {row.stratum}"
            for row in strata.itertuples()
        ),
    ]
    if found.without_score:
        lines.append(
            told(
                f"{found.without_score:,} rows have no score: nothing was decided, none drawn",
                f"점수가 없는 {found.without_score:,}행은 판정이 없어 뽑지 않았습니다",
            )
        )
    lines += [
        told(
            f"{options.out}: fill in the column label (harmful, safe, unknown), or",
            f"{options.out}: label 열(harmful, safe, unknown)을 채우거나",
        ),
        told(f"{page}: label there, and download", f"{page}: 여기서 라벨을 붙여 내려받으십시오"),
        told("then", "그다음") + f": harmlib estimate {options.out.stem}-labels.csv",
    ]
    return "\n".join(lines)
