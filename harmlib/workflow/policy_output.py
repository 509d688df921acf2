"""`policy.json` of a run: there while its params have policies, gone when they have none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pandas as pd

from harmlib.analysis.policy_file import policy_file
from harmlib.workflow.paths import POLICY_FILE
from harmlib.workflow.run import Run


def write_policies(run: Run, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write the thresholds of the policies, each for the checkpoint that it was chosen for.

    Parameters
    ----------
    run : Run
    tables : mapping of str to DataFrame
        By section, as `harmlib.analysis.policies.compare_policies` returns them; none removes the
        file of an earlier run.
    """
    if not tables:
        (run.dir / POLICY_FILE).unlink(missing_ok=True)
        return
    digests = {}
    for section, table in tables.items():
        for variant in table["variant"].unique() if run.params.trains else ():
            content = run.checkpoint(variant, section).read_bytes()
            digests[variant, section] = hashlib.sha256(content).hexdigest()
    params = run.params
    document = policy_file(params.run, tables, digests, params.costs, params.volume)
    run.write_json(document.model_dump(mode="json"), POLICY_FILE)
