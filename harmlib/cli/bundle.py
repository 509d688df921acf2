"""`harmlib bundle`: a run's pages and tables in one file, to be handed on."""

from __future__ import annotations

import argparse
import sys

from harmlib.language import told
from harmlib.workflow.bundle import write_bundle
from harmlib.workflow.recorded_run import UnreadableRun, find_run


def run_bundle(options: argparse.Namespace) -> int:
    """Write the file, and say what it holds.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `bundle`.

    Returns
    -------
    int
        Exit status: 0 written, 2 unusable input.
    """
    try:
        folder = find_run(options.run)
        out = options.out or folder / "report.zip"
        held = write_bundle(folder, out, figures=options.figures)
    except UnreadableRun as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    pages = sum(name.endswith(".html") for name in held)
    others, size = len(held) - pages, f"{out.stat().st_size / 2**20:.1f} MiB"
    print(
        told(
            f"{out}: {pages:,} pages and {others:,} other files, {size}. Unpack it and open "
            "index.html",
            f"{out}: 페이지 {pages:,}개, 그 밖의 파일 {others:,}개, {size}. 압축을 풀고 "
            "index.html을 여십시오",
        )
    )
    print(
        told(
            "- it names your files, and its gallery of errors may hold pictures of them, veiled",
            "- 데이터의 파일 이름과, 가려진 오류 그림이 들어 있을 수 있습니다",
        )
    )
    return 0
