"""The command line: `harmlib run`, `compare`, `predict`, `explain`, `drift`, `audit`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from harmlib.cli.options import parser
from harmlib.params import Params, ParamsError
from harmlib.workflow.pipeline import StepFailed, run_pipeline


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 something failed or differs, 2 the input can't be used.

    What a command needs is imported with it: torch alone takes seconds.
    """
    options = parser().parse_args(arguments)
    if options.command == "run":
        return (print_verdict if options.verify else run_notebooks)(options.params)
    if options.command == "compare":
        return print_changes(options.run_a, options.run_b, as_json=options.json)
    if options.command == "audit":
        return print_audit(options.file)
    if options.command == "drift":
        from harmlib.cli.drift import run_drift

        return run_drift(options)
    from harmlib.cli.predict import run_explain, run_predict

    return run_predict(options) if options.command == "predict" else run_explain(options)


def run_notebooks(params_file: Path) -> int:
    """Make a run, or what of it isn't valid any more."""
    try:
        print_results(run_pipeline(params_file))
    except (ParamsError, StepFailed) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2 if isinstance(error, ParamsError) else 1
    return 0


def print_verdict(params_file: Path) -> int:
    """Make a run again beside the one on disk, and compare. Exit status: 1 if a number differs."""
    from harmlib.workflow.verify import NotVerifiable, format_verdict, verify

    try:
        verdict = verify(params_file)
    except (ParamsError, NotVerifiable, StepFailed) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 1 if isinstance(error, StepFailed) else 2
    print(format_verdict(verdict))
    return int(not verdict.passed)


def print_changes(run_a: str, run_b: str, *, as_json: bool) -> int:
    """Print what changed between two runs. Exit status: 2 if one of them can't be read."""
    from harmlib.reporting.metrics import MetricsError
    from harmlib.workflow.recorded_run import UnreadableRun, find_run, read_run
    from harmlib.workflow.run_changes import compare_runs
    from harmlib.workflow.run_changes_text import format_changes

    try:
        changes = compare_runs(*(read_run(find_run(name)) for name in (run_a, run_b)))
    except (UnreadableRun, MetricsError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(changes.to_document(), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        print(format_changes(changes))
    return 0


def print_audit(file: Path) -> int:
    """Print what the table gives away. Exit status: 1 if a row is impossible, 2 if unreadable."""
    from harmlib.audit.auditor import audit, format_audit, read_claims

    try:
        audited = audit(read_claims(file))
    except (ValueError, OSError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(format_audit(audited))
    return int(any(finding.severity == "impossible" for finding in audited.findings))


def print_results(params: Params) -> None:
    """A short table of the test results, and where the page is."""
    metrics = json.loads((params.run_dir / "metrics.json").read_text(encoding="utf-8"))
    head = ("", "model", "threshold", "precision", "recall", "F1", "AP", "AUC")
    print("\nTest split, at the threshold chosen on validation:")
    print("{:<6} {:<9} {:>9} {:>9} {:>7} {:>7} {:>7} {:>7}".format(*head))
    for modality, models in metrics["modalities"].items():
        for name, entry in models.items():
            test = entry["test"]
            cells = [
                f"{entry['threshold']:.2f}" if "threshold" in entry else "-",
                *(f"{test[key]:.4f}" for key in ("precision", "recall", "f1")),
                *(f"{test[key] or 0:.4f}" for key in ("average_precision", "roc_auc")),
            ]
            print(f"{modality:<6} {name:<9} {cells[0]:>9} {cells[1]:>9} "
                  + " ".join(f"{c:>7}" for c in cells[2:]))  # fmt: skip
    print(f"\nReport: {params.run_dir / 'index.html'}")


if __name__ == "__main__":
    sys.exit(main())
