"""The command line: `harmlib run`, `compare`, `predict`, `explain`, `drift`, `audit`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from harmlib.analysis.audit import audit, format_audit, read_claims
from harmlib.analysis.run_changes import compare_runs
from harmlib.analysis.run_changes_text import format_changes
from harmlib.drift_command import add_drift
from harmlib.params import Params, ParamsError
from harmlib.pipeline import StepFailed, run_pipeline
from harmlib.predict_command import add_explain, add_predict
from harmlib.recorded import UnreadableRun, find_run, read_run
from harmlib.reporting.metrics import MetricsError
from harmlib.verify import NotVerifiable, format_verdict, verify


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 a step failed or a number differs, 2 the input can't be used."""
    options = _parser().parse_args(arguments)
    if options.command in ("predict", "explain", "drift"):
        return options.run(options)
    if options.command == "audit":
        return print_audit(options.file)
    if options.command == "compare":
        return print_changes(options.run_a, options.run_b, as_json=options.json)
    try:
        if options.verify:
            verdict = verify(options.params)
            print(format_verdict(verdict))
            return int(not verdict.passed)
        print_results(run_pipeline(options.params))
    except (ParamsError, NotVerifiable) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    except StepFailed as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="harmlib", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="execute the notebooks and write the report")
    run.add_argument("params", type=Path, help="a params file, e.g. params/demo.yaml")
    run.add_argument(
        "--verify",
        action="store_true",
        help="execute everything again in a temporary folder, features too, and fail where a "
        "number differs from the run on disk",
    )
    compare = commands.add_parser("compare", help="what changed between two runs")
    for name in ("run_a", "run_b"):
        compare.add_argument(name, help="a run's folder, or its name below reports/")
    compare.add_argument("--json", action="store_true", help="for machines")
    add_predict(commands)
    add_explain(commands)
    add_drift(commands)
    claims = commands.add_parser("audit", help="what a table of printed metrics gives away")
    claims.add_argument("file", type=Path, help="CSV with the columns precision, recall, f1, …")
    return parser


def print_changes(run_a: str, run_b: str, *, as_json: bool) -> int:
    """Print what changed between two runs. Exit status: 2 if one of them can't be read."""
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
