"""The command line.

`harmlib init`, `run`, `analyse`, `compare`, `predict`, `explain`, `log`, `drift`, `sample`,
`estimate`, `export`, `bundle` and `audit`.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
import traceback
from contextlib import nullcontext
from pathlib import Path

from harmlib.cli.options import parser
from harmlib.cli.signals import ended_in_order
from harmlib.cli.terminal_language import asked_language
from harmlib.language import languages, told

_READER_GONE = 141  # what a shell calls a program that SIGPIPE has ended


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for.

    What a command needs is imported with it: torch alone takes seconds.

    Parameters
    ----------
    arguments : list of str, optional
        Without them, those of the process; then Ctrl-C, SIGTERM and SIGHUP end the process in
        order (`harmlib.cli.signals`), with the exit status 130, 143 or 129.

    Returns
    -------
    int
        Exit status: 0 done, 1 something failed or differs, 2 the input can't be used, or a place
        can't be written to or is in use, 3 a fault of the program itself, 141 nobody reads the
        output any more.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a test or a notebook may have put another there
            stream.reconfigure(errors="backslashreplace")  # a name must not end the work
    given = sys.argv[1:] if arguments is None else arguments
    try:
        language, rest = asked_language(given, os.environ)
    except ValueError as error:
        return _failed(error)
    with languages(terminal=language), ended_in_order() if arguments is None else nullcontext():
        return _told(rest)


def _told(arguments: list[str]) -> int:
    """Do what is asked for; whatever stops it is said in a line."""
    from harmlib.media.owned_lock import InUse

    try:
        status = _command(arguments)
        sys.stdout.flush()  # here, where a full disk or a closed pipe is still told
    except InUse as error:
        return _failed(error)
    except BrokenPipeError:
        _silence(sys.stdout)
        print(
            told(
                "harmlib: ended: nobody reads the output any more",
                "harmlib: 출력을 읽는 곳이 없어 멈춥니다",
            ),
            file=sys.stderr,
        )
        return _READER_GONE
    except OSError as error:
        if error.filename is None and error.errno == errno.ENOSPC:
            _silence(sys.stdout)  # it may be what lies on the full disk
        return _failed(_in_words(error))
    except MemoryError as error:
        said = told("out of memory", "메모리가 모자랍니다")
        return _failed(f"{said}: {error}".removesuffix(": "))
    except Exception:  # noqa: BLE001 - the last boundary: 1 would mean that some files are unusable
        traceback.print_exc()
        print(
            told(
                "harmlib: a fault of the program itself; please report the lines above",
                "harmlib: 프로그램 자체의 결함입니다. 위의 내용을 알려 주십시오",
            ),
            file=sys.stderr,
        )
        return 3
    return status


def _failed(why: object) -> int:
    print(f"harmlib: {why}", file=sys.stderr)
    return 2


def _in_words(error: OSError) -> str:
    """Return one line: what can't be read or written, and what to do."""
    from harmlib.media.whole_file import CannotWrite, cannot_write

    if isinstance(error, CannotWrite):
        return str(error)
    if error.filename is not None:
        path = Path(os.fsdecode(error.filename))
        return str(cannot_write(error, path) or f"{path}: {error.strerror}")
    if error.errno == errno.ENOSPC:
        return told(
            "no space is left (No space left on device) where the output goes, or in the temporary "
            f"folder {tempfile.gettempdir()}. Make room there and start again",
            f"출력할 곳이나 임시 폴더 {tempfile.gettempdir()}에 남은 공간이 없습니다. 공간을 "
            "비우고 다시 "
            "실행하십시오",
        )
    return str(error)


def _silence(stream: object) -> None:
    """Let nothing more be written there: Python would complain again at its end."""
    if isinstance(stream, io.TextIOWrapper):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _command(arguments: list[str]) -> int:
    options = parser().parse_args(arguments)
    if (encoding := sys.getfilesystemencoding()) != "utf-8":
        print(
            told(
                f"harmlib: this Python reads file names as {encoding}, and would not find all "
                "files; set PYTHONUTF8=1 (or LC_ALL=C.UTF-8) and run it again",
                f"harmlib: 이 Python은 파일 이름을 {encoding}로 읽어 찾지 못하는 파일이 생깁니다. "
                "PYTHONUTF8=1(또는 LC_ALL=C.UTF-8)을 설정하고 다시 실행하십시오",
            ),
            file=sys.stderr,
        )
        return 2
    match options.command:
        case "init":
            from harmlib.cli.init import run_init

            return run_init(options)
        case "run":
            from harmlib.cli.run import run_notebooks

            return run_notebooks(options)
        case "analyse":
            from harmlib.cli.analyse import run_analyse

            return run_analyse(options)
        case "compare":
            from harmlib.cli.compare import run_compare

            return run_compare(options)
        case "predict":
            from harmlib.cli.predict_inputs import unusable_inputs

            if said := unusable_inputs(options):  # at once: what follows imports networks
                return _failed(said)
            from harmlib.cli.predict import run_predict

            return run_predict(options)
        case "explain":
            from harmlib.cli.explain import run_explain

            return run_explain(options)
        case "log":
            from harmlib.cli.log import run_log

            return run_log(options)
        case "drift":
            from harmlib.cli.drift_inputs import unusable_drift

            if said := unusable_drift(options):
                return _failed(said)
            from harmlib.cli.drift import run_drift

            return run_drift(options)
        case "sample":
            from harmlib.cli.sample import run_sample

            return run_sample(options)
        case "estimate":
            from harmlib.cli.estimate import run_estimate

            return run_estimate(options)
        case "export":
            from harmlib.cli.export import run_export

            return run_export(options)
        case "bundle":
            from harmlib.cli.bundle import run_bundle

            return run_bundle(options)
        case _:
            from harmlib.cli.audit import run_audit

            return run_audit(options)


if __name__ == "__main__":
    sys.exit(main())
