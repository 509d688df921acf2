"""The parser of the command line, with one subcommand for each command of the package."""

from __future__ import annotations

import argparse
from typing import NoReturn

from harmlib.cli.options.decisions import add_drift, add_explain, add_log
from harmlib.cli.options.own_scores import add_analyse, add_audit
from harmlib.cli.options.predicting import add_predict
from harmlib.cli.options.runs import add_bundle, add_compare, add_export, add_init, add_run
from harmlib.cli.options.sampling import add_estimate, add_sample
from harmlib.cli.options.speaking import SpeakingParser
from harmlib.language import LANGUAGES, told


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
    top = SpeakingParser(
        prog="harmlib",
        description=told(
            "Detectors for harmful images and videos, and their thresholds.",
            "유해 이미지·비디오 탐지기와 그 threshold를 다룹니다.",
        ),
    )
    top.add_argument(
        "--version",
        action=_Version,
        nargs=0,
        default=argparse.SUPPRESS,
        help=told("say which version this is", "버전을 표시합니다"),
    )
    top.add_argument(  # taken out by `harmlib.cli.terminal_language`; here for the help alone
        "--lang",
        choices=LANGUAGES,
        help=told(
            "language of what is said here (by default that of LC_ALL or LANG)",
            "터미널에 쓸 언어(기본값: LC_ALL 또는 LANG의 언어)",
        ),
    )
    commands = top.add_subparsers(dest="command", required=True)
    for add in (
        add_init, add_run, add_analyse, add_compare, add_predict, add_explain, add_log, add_drift,
        add_sample, add_estimate, add_export, add_bundle, add_audit,
    ):  # fmt: skip
        add(commands)
    return top


class _Version(argparse.Action):
    """Prints the version; it is looked up when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        import importlib.metadata

        print(f"harmlib {importlib.metadata.version('harmlib')}")
        parser.exit()
