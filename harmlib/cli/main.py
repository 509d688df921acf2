"""The command line: `harmlib run`, `compare`, `predict`, `explain`, `drift`, `audit`."""

from __future__ import annotations

import io
import sys

from harmlib.cli.options import parser


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for.

    What a command needs is imported with it: torch alone takes seconds.

    Parameters
    ----------
    arguments : list of str, optional
        Without them, those of the process.

    Returns
    -------
    int
        Exit status: 0 done, 1 something failed or differs, 2 the input can't be used.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a test or a notebook may have put another there
            stream.reconfigure(errors="backslashreplace")  # a name must not end the work
    options = parser().parse_args(arguments)
    if (encoding := sys.getfilesystemencoding()) != "utf-8":
        print(
            f"harmlib: this Python reads file names as {encoding}, and would not find all files; "
            "set PYTHONUTF8=1 (or LC_ALL=C.UTF-8) and run it again",
            file=sys.stderr,
        )
        return 2
    match options.command:
        case "run":
            from harmlib.cli.run import run_notebooks

            return run_notebooks(options)
        case "compare":
            from harmlib.cli.compare import run_compare

            return run_compare(options)
        case "predict":
            from harmlib.cli.predict import run_predict

            return run_predict(options)
        case "explain":
            from harmlib.cli.predict import run_explain

            return run_explain(options)
        case "drift":
            from harmlib.cli.drift import run_drift

            return run_drift(options)
        case _:
            from harmlib.cli.audit import run_audit

            return run_audit(options)


if __name__ == "__main__":
    sys.exit(main())
