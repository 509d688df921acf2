"""`harmlib explain`: why a logged decision was made."""

from __future__ import annotations

import argparse
import sys

from harmlib.address import place
from harmlib.cli.predict_inputs import weights_by_backbone
from harmlib.language import told
from harmlib.predict.asked_logs import asked_logs
from harmlib.predict.decision_log import Entry, LogError, format_decision


def run_explain(options: argparse.Namespace) -> int:
    """Print why a logged decision was made, and make it again where asked.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `explain`.

    Returns
    -------
    int
        Exit status: 0 explained, 1 the replay gave another decision, 2 unusable input.
    """
    try:
        weights = weights_by_backbone(options.weights)
        entry = _asked_entry(options)
        print(format_decision(entry))
        if not options.replay:
            return 0
        from harmlib.predict.replay import replay  # here: it imports networks

        again = replay(entry, weights=weights)
    except ValueError as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    print(
        told(
            f"replay     {again.decision}, probability {again.probability:.6f}: ",
            f"다시 판정  {again.decision}, 확률 {again.probability:.6f}: ",
        )
        + (
            told("the same decision", "기록과 같은 판정입니다")
            if again.same
            else told("NOT the logged decision", "기록과 다른 판정입니다")
        )
    )
    return int(not again.same)


def _asked_entry(options: argparse.Namespace) -> Entry:
    """The decision that is asked for; of a table of predictions, in the log beside it."""
    logs = asked_logs(place(options.log))
    if options.id is not None:
        return logs.find(options.id)
    ids = [f"{entry.get('id')}  {entry.get('path')}" for entry in logs.last(5)]
    listed = "".join(f"\n  {ascii(line)[1:-1]}" for line in ids)
    raise LogError(
        told(
            f"{logs.shown}: which decision? Name a file or an id: harmlib explain {logs.shown} NAME"
            f"{listed and '. The last ones:'}{listed}",
            f"{logs.shown}: 어느 판정입니까? 파일 이름이나 id를 적으십시오: harmlib explain "
            f"{logs.shown} 이름"
            f"{listed and '. 마지막 판정:'}{listed}",
        )
    )
