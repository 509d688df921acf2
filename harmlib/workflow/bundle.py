"""One file to hand on: a run's pages, and the tables that they lead to."""

from __future__ import annotations

import zipfile
from pathlib import Path

from harmlib.language import told
from harmlib.media.whole_file import written_whole
from harmlib.reporting.page.failure import is_failure_page
from harmlib.workflow.recorded_run import UnreadableRun

# What the pages link to or name; neither media nor models, nor the scores of every item and epoch.
_FILES = (
    "index.html",
    "notebooks/*.html",
    "metrics.json",
    "run.json",
    "policy.json",
    "ledger.csv",
    "tables/*.csv",
)
_FIGURES = ("figures/*.svg", "figures/*.png")
_STAMP = (1980, 1, 1, 0, 0, 0)  # the same run gives the same file


def write_bundle(folder: Path, out: Path, *, figures: bool = False) -> list[str]:
    """Write the pages of a run, their tables and figures as JSON, into one ZIP file.

    The files lie in a folder named as the run is; links between them work once it is unpacked.

    Parameters
    ----------
    folder : Path
        Of a finished run.
    out : Path
        The file to write; it appears whole or not at all.
    figures : bool
        Put the files of `figures/` into it, too: they are on the pages already.

    Returns
    -------
    list of str
        What it holds, as paths below `folder`, in their order.

    Raises
    ------
    UnreadableRun
        If the run has no report, or stopped.
    CannotWrite
        If there is no room.
    """
    page = folder / "index.html"
    if not page.is_file() or is_failure_page(page):
        raise UnreadableRun(
            told(
                f"{folder}: no finished report (index.html); run it first",
                f"{folder}: 완성된 보고서(index.html)가 없습니다. 먼저 실행하십시오",
            )
        )
    patterns = _FILES + (_FIGURES if figures else ())
    paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    top = folder.resolve().name
    with written_whole(out) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in paths:
            about = zipfile.ZipInfo(f"{top}/{path.relative_to(folder).as_posix()}", _STAMP)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            bundle.writestr(about, path.read_bytes())
    return [path.relative_to(folder).as_posix() for path in paths]
