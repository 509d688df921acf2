"""The options of the command line. Nothing heavy is imported here: `--help` answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from harmlib.language import LANGUAGES, told

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
    top.add_argument(
        "--version",
        action=_Version,
        nargs=0,
        default=argparse.SUPPRESS,
        help=told("say which version this is", "버전을 알려 준다"),
    )
    top.add_argument(  # taken out by `harmlib.cli.terminal_language`; here for the help alone
        "--lang",
        choices=LANGUAGES,
        help=told(
            "language of what is said here (by default that of LC_ALL or LANG)",
            "터미널의 언어(기본값은 LC_ALL 또는 LANG)",
        ),
    )
    commands = top.add_subparsers(dest="command", required=True)
    _init(commands)
    _run(commands)
    _analyse(commands)
    _compare(commands)
    _predict(commands)
    _explain(commands)
    _log(commands)
    _drift(commands)
    _sample(commands)
    _estimate(commands)
    _export(commands)
    _bundle(commands)
    audit = commands.add_parser("audit", help="what a table of printed metrics gives away")
    audit.add_argument("file", type=Path, help="CSV with the columns precision, recall, f1, …")
    return top


class _Version(argparse.Action):
    """Prints the version; it is looked up when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        import importlib.metadata

        print(f"harmlib {importlib.metadata.version('harmlib')}")
        parser.exit()


def _init(commands: Commands) -> None:
    parser = commands.add_parser(
        "init",
        help=told(
            "write a params file for your own media, after a look at them",
            "자신의 미디어를 살펴보고 설정 파일을 쓴다",
        ),
        description=told(
            "Says what it found: files, labels, groups guessed from names, weights, and whether it "
            "is enough. Never overwrites a params file or a report. Exit status: 0 written, 2 "
            "nothing that could be used, or the name is taken.",
            "파일, 라벨, 이름으로 짐작한 그룹, 가중치와 데이터가 충분한지를 알려 준다. 있는 설정 "
            "파일과 "
            "보고서는 덮어쓰지 않는다. 종료 상태: 0 썼음, 2 쓸 수 있는 것이 없거나 이름이 이미 "
            "있음.",
        ),
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("data"),
        help=told(
            "with images/{harmful,safe} and videos/{harmful,safe}, or CSV lists; or a CSV (data)",
            "images/{harmful,safe}, videos/{harmful,safe} 또는 CSV 목록이 있는 폴더, 또는 "
            "CSV(data)",
        ),
    )
    parser.add_argument(
        "--run",
        metavar="NAME",
        help=told("name of the run; by default the folder's", "실행 이름(기본값은 폴더 이름)"),
    )
    parser.add_argument(
        "--untrained",
        action="store_true",
        help=told(
            "random weights: tries the procedure, without a network",
            "무작위 가중치: 네트워크 없이 절차만 시험한다",
        ),
    )


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


def _analyse(commands: Commands) -> None:
    parser = commands.add_parser(
        "analyse",
        help="judge any detector by a table of its scores: thresholds, intervals, a report",
        description="Needs the project's checkout, and neither media nor weights. Writes a params "
        "file, says what it read as what, and runs it. Exit status as of `harmlib run`.",
    )
    parser.add_argument(
        "scores",
        type=Path,
        help="a table (.csv, .parquet, .jsonl) with a label and a score, and where there are: "
        "item, model, category, modality, group, split, date, count, label2 (a second label), and "
        "any columns to slice by",
    )
    parser.add_argument("--run", metavar="NAME", help="name of the run; by default the file's")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="ROLE=COLUMN",
        help="which column is what, where its name doesn't tell; several of role score are several "
        "models",
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="WORD=MEANING",
        help="what a label means: harmful, safe or unknown",
    )
    parser.add_argument(
        "--scale",
        choices=("probability", "percent", "logit", "levels"),
        help="what the scores are, where the numbers don't tell",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="decided before these items were seen, in the scores' own numbers: above it is "
        "harmful (of levels: that level and above)",
    )
    parser.add_argument(
        "--prevalence", type=float, metavar="SHARE", help="of harmful items in the traffic, 0 to 1"
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
    """Another threshold, or two in place of one."""
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="a probability, above which a file is harmful, in place of the checkpoint's own",
    )
    parser.add_argument(
        "--policy",
        default="",
        metavar="NAME",
        help="decide by the threshold of this policy of the run, not by the checkpoint's own; the "
        "column policy and the log say so",
    )
    parser.add_argument(
        "--policy-file",
        type=Path,
        metavar="FILE",
        help="where the policy stands; by default policy.json of the run in whose folder the "
        "checkpoint lies",
    )
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
    parser.add_argument(
        "log", type=Path, help="the .decisions.jsonl beside the table, or the table"
    )
    parser.add_argument("id", nargs="?", help="the decision's id, or the name of its file")
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
        "scores",
        nargs="?",
        type=Path,
        help="table of `harmlib predict` (.csv, .parquet, .jsonl); a column label (harmful/safe or "
        "1/0) may be added for the items whose truth is known",
    )
    parser.add_argument(
        "--group",
        metavar="COLUMN",
        help="which rows come from one source: a column (path: each file is its own), or folder "
        "for the parent folders. Default: a column group, else the folders where there are several",
    )


def _sample(commands: Commands) -> None:
    parser = commands.add_parser(
        "sample",
        help="which decisions people should look at, passed ones too: a CSV and a page to label on",
        description="Draws a stratified sample (decision x band of scores x slice) with inclusion "
        "probabilities, spread over groups. `harmlib estimate` takes the labels back. Exit status: "
        "0 done, 2 unusable input.",
    )
    parser.add_argument(
        "scores",
        type=Path,
        help="a table as `harmlib analyse` reads it, labels not needed, or of `harmlib predict`",
    )
    parser.add_argument("--n", type=int, default=200, metavar="N", help="how many (200)")
    parser.add_argument(
        "--by",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="slices: each value gets strata of its own, and estimates of its own",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("sample.csv"),
        help="the sample (sample.csv); its page lies beside it, as .html",
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed draws another sample (1)")
    parser.add_argument(
        "--media",
        type=Path,
        metavar="FOLDER",
        help="where the items' files lie, named as the items are; by default the table's folder. "
        "Images and videos found there are on the page, blurred",
    )
    _add_live(parser)


def _estimate(commands: Commands) -> None:
    parser = commands.add_parser(
        "estimate",
        help="precision, recall and prevalence of what is live, from a labelled sample",
        description="Exit status: 0 estimated, 1 too few to tell a measure over all, 2 unusable "
        "input.",
    )
    parser.add_argument(
        "labels", type=Path, help="the sample with labels: from its page, or filled in by hand"
    )
    parser.add_argument(
        "--scores",
        type=Path,
        help="the table that it was drawn from: check that decisions and threshold are still those",
    )
    parser.add_argument("--out", type=Path, help="write the estimates as a CSV, too")
    _add_live(parser)


def _export(commands: Commands) -> None:
    parser = commands.add_parser(
        "export",
        help="a finished run for an authority: its figures, statements of reasons, a summary",
        description="Writes the table of automated means of the EU's transparency report, a JSON "
        "file with intervals and counts, a summary of one page, and statements of reasons. What "
        "the program can't know is marked. Exit status: 0 written, 2 unusable input.",
    )
    parser.add_argument("run", help="a run's folder, or its name below reports/")
    parser.add_argument("--format", choices=("dsa",), default="dsa", help="whose forms (dsa)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="by default dsa/ in the run")
    parser.add_argument("--model", help="whose decisions, where the run has several models")
    parser.add_argument(
        "--log",
        type=Path,
        metavar="FILE",
        help="the log of decisions; by default all *.decisions.jsonl in predict/ of the run",
    )


def _bundle(commands: Commands) -> None:
    parser = commands.add_parser(
        "bundle",
        help="a run's report, notebooks' pages and tables in one ZIP file, to be handed on",
        description="Links between the pages work once it is unpacked. Neither media nor models go "
        "along. Exit status: 0 written, 2 unusable input.",
    )
    parser.add_argument("run", help="a run's folder, or its name below reports/")
    parser.add_argument("--out", type=Path, metavar="FILE", help="by default report.zip in the run")
    parser.add_argument(
        "--figures", action="store_true", help="the files of figures/, too: the pages show them"
    )


def _add_live(parser: argparse.ArgumentParser) -> None:
    """What tells the decisions of a table of scores."""
    line = parser.add_mutually_exclusive_group()
    line.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="what is live, in the scores' own numbers: above it is harmful (of levels: that level "
        "and above)",
    )
    line.add_argument("--checkpoint", type=Path, help="a .pth file, whose threshold is live")
    line.add_argument("--policy", metavar="NAME", help="a policy of --policy-file")
    parser.add_argument("--policy-file", type=Path, metavar="FILE", help="the run's policy.json")
    parser.add_argument("--model", help="whose scores, where the table has several models")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="ROLE=COLUMN",
        help="which column is what, where its name doesn't tell",
    )
    parser.add_argument(
        "--scale",
        choices=("probability", "percent", "logit", "levels"),
        help="what the scores are, where the numbers don't tell",
    )
