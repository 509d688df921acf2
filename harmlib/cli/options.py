"""The options of the command line. Nothing heavy is imported here: `--help` answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; the command's name comes as the option `command`.

    Returns
    -------
    argparse.ArgumentParser
        With one subcommand per command of the package.

    Examples
    --------
    >>> parser().parse_args(["run", "params/demo.yaml"]).command
    'run'
    """
    top = argparse.ArgumentParser(
        prog="harmlib", description="Detectors for harmful images and videos, and their thresholds."
    )
    commands = top.add_subparsers(dest="command", required=True)
    _run(commands)
    _compare(commands)
    _predict(commands)
    _explain(commands)
    _log(commands)
    _drift(commands)
    audit = commands.add_parser("audit", help="what a table of printed metrics gives away")
    audit.add_argument("file", type=Path, help="CSV with the columns precision, recall, f1, …")
    return top


def _run(commands: Commands) -> None:
    parser = commands.add_parser(
        "run",
        help="execute the notebooks and write the report",
        description="Needs the project's checkout. Steps that are still valid are reused. Exit "
        "status: 0 done, 1 a notebook stopped or a number differs, 2 unusable input, or a place "
        "that can't be written to or is in use by another run.",
    )
    parser.add_argument("params", type=Path, help="a params file, e.g. params/demo.yaml")
    parser.add_argument(
        "--max-hours",
        type=_hours,
        metavar="HOURS",
        help="how long one notebook may take before it counts as hanging, and is ended (48)",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="execute everything again in a temporary folder, features too, and fail where a "
        "number differs from the run on disk",
    )


def _hours(text: str) -> float:
    hours = float(text)  # argparse says so if it is none
    if not hours > 0:
        raise argparse.ArgumentTypeError(f"must be more than 0, got {text}")
    return hours


def _compare(commands: Commands) -> None:
    parser = commands.add_parser("compare", help="what changed between two runs")
    for name in ("run_a", "run_b"):
        parser.add_argument(name, help="a run's folder, or its name below reports/")
    parser.add_argument("--json", action="store_true", help="for machines")


def _predict(commands: Commands) -> None:
    parser = commands.add_parser(
        "predict",
        help="score files with a saved classifier, and apply its saved threshold",
        description="One row per file. Exit status: 0 all files predicted, 1 some are unusable "
        "(see the ledger), 2 nothing could start.",
    )
    parser.add_argument(
        "checkpoint", type=Path, help="a .pth file, or a folder with those of both modalities"
    )
    parser.add_argument(
        "paths", nargs="+", help="files, folders, patterns, or - for one path per line on stdin"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="table (.csv, .parquet, .jsonl); a second call continues where the first stopped. "
        "Without it rows are printed as CSV",
    )
    _add_weights(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, …")
    _add_windows(parser)
    _add_limits(parser)
    _add_bands(parser)


def _add_windows(parser: argparse.ArgumentParser) -> None:
    """How long videos are scored."""
    parser.add_argument("--window", type=float, metavar="SEC", help="window of long videos")
    parser.add_argument("--stride", type=float, metavar="SEC", help="from window to window")
    parser.add_argument(
        "--reduce",
        default="max",
        metavar="HOW",
        help="a long video's score: max (default), or top:K, the mean of the K highest windows",
    )
    parser.add_argument(
        "--early-exit",
        action="store_true",
        help="stop reading a video once its decision can't change; segments may be incomplete",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """What one file may cost."""
    parser.add_argument(
        "--max-frames",
        type=int,
        metavar="N",
        help="look at no more frames of a file; the row's note says where this cut something",
    )
    parser.add_argument(
        "--max-pixels",
        type=int,
        metavar="N",
        help="decode no image of more pixels; it goes into the ledger",
    )
    parser.add_argument(
        "--max-decode-sec",
        type=float,
        metavar="SEC",
        help="a file that takes longer to be decoded goes into the ledger",
    )
    parser.add_argument(
        "--max-decode-gib",
        type=float,
        metavar="GIB",
        help="a file that takes more memory to be decoded goes into the ledger",
    )
    parser.add_argument(
        "--max-windows",
        type=int,
        metavar="N",
        help="score no more windows of a file: of more, as many, spread evenly; the note says so",
    )


def _add_bands(parser: argparse.ArgumentParser) -> None:
    """Two thresholds in place of one."""
    parser.add_argument(
        "--bands",
        type=float,
        nargs=2,
        metavar=("RECALL", "PRECISION"),
        help="pass, review or block instead of one threshold: the floors of recall (what passes) "
        "and of precision (what is blocked) on validation; adds a column band",
    )
    parser.add_argument(
        "--confidence",
        type=float,
        metavar="SHARE",
        help="with --bands: both floors are to hold on new files of the same kind of sources, with "
        "this confidence (0.9); where that can't be promised, people review",
    )
    parser.add_argument(
        "--method",
        choices=("learn-then-test", "jackknife"),
        default="learn-then-test",
        help="of the confidence: proven (default), or an approximate bound that fewer groups allow",
    )


def _explain(commands: Commands) -> None:
    parser = commands.add_parser("explain", help="why a logged decision was made")
    parser.add_argument("log", type=Path, help="the .decisions.jsonl beside the table")
    parser.add_argument("id", help="the decision's id")
    parser.add_argument("--replay", action="store_true", help="predict the file again and compare")
    _add_weights(parser)


def _add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="BACKBONE=PATH",
        help="where a backbone's weights lie on this machine; a path in the checkpoint counts only "
        "below artifacts/ and beside the checkpoint",
    )


def _log(commands: Commands) -> None:
    parser = commands.add_parser(
        "log",
        help="the decisions of a log, or whether anything in it was changed",
        description="Exit status: 0 listed, or all lines hold; 1 a line was cut, edited, removed "
        "or moved; 2 there is no such log.",
    )
    parser.add_argument("file", type=Path, help="the .decisions.jsonl beside the table")
    parser.add_argument(
        "--verify", action="store_true", help="check the chain of hashes, and say so in one line"
    )


def _drift(commands: Commands) -> None:
    parser = commands.add_parser(
        "drift",
        help="whether new scores still look like those of validation",
        description="Exit status: 0 steady or too few, 1 watch, choose again or name the sources, "
        "2 unusable input.",
    )
    parser.add_argument("checkpoint", type=Path, help="the .pth file that gave the scores")
    parser.add_argument(
        "scores", type=Path, help="table of `harmlib predict` (.csv, .parquet, .jsonl); a column "
        "label (harmful/safe or 1/0) may be added for the items whose truth is known"
    )  # fmt: skip
    parser.add_argument(
        "--group",
        metavar="COLUMN",
        help="which rows come from one source: a column (path: each file is its own), or folder "
        "for the parent folders. Default: a column group, else the folders where there are several",
    )
