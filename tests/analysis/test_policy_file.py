"""`policy.json`: written and read back, its schema, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from harmlib.analysis.policies import COLUMNS
from harmlib.analysis.policy_file import (
    PolicyError,
    policy_file,
    read_policy_file,
    schema_text,
    threshold_for,
)
from harmlib.params import PROJECT_ROOT, Costs
from harmlib.params.policies import OPERATING

DIGEST = "ab" * 32


def table(**changed):
    row = dict.fromkeys(COLUMNS, np.nan) | {
        "variant": "model4", "policy": "children", "asked": "recall>=0.95", "state": "ok",
        "objective": "precision@recall>=0.95", "threshold": 0.31, "native": 0.31,
        "scale": "probability", "prevalence": 0.02, "prevalence_from": "params", "kept": "unsure",
        "recall": 0.96, "recall_low": 0.9, "recall_high": 0.99,
    }  # fmt: skip
    plain = row | {"policy": OPERATING, "asked": "", "objective": "", "kept": ""}
    return pd.DataFrame([plain, row | changed], columns=list(COLUMNS))


def written(folder, found, digests=None):
    digests = {("model4", "video"): DIGEST} if digests is None else digests
    document = policy_file("demo", {"video": found}, digests, Costs(miss=5, false_alarm=1))
    path = folder / "policy.json"
    text = json.dumps(document.model_dump(mode="json"), ensure_ascii=False, allow_nan=False)
    path.write_text(text, encoding="utf-8")
    return path


def test_what_is_written_is_read_back(tmp_path):
    path = written(tmp_path, table())
    (one,) = read_policy_file(path).policies
    assert one.model_id == f"model4/video@{DIGEST[:12]}"
    assert one.test["recall"].low == 0.9
    assert set(one.test) == {"recall"}
    assert threshold_for(path, "children", "model4", "video", DIGEST).threshold == 0.31


def test_the_schema_in_the_docs_is_the_programs():
    committed = (PROJECT_ROOT / "docs" / "policy.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), "write schema_text() to docs/policy.schema.json again"


@pytest.mark.parametrize(
    ("found", "digests", "asked", "message"),
    [
        ({}, None, ("other", DIGEST), "has no policy 'other'; it has: children"),
        ({}, None, ("children", "cd" * 32), "was made for model4/video@abab.*is model4/video@cdcd"),
        ({}, {}, ("children", DIGEST), "was made for model4; this checkpoint is"),
        (
            {"state": "infeasible", "threshold": np.nan},
            None,
            ("children", DIGEST),
            r"\(recall>=0.95\) has no threshold .*: none meets it on validation",
        ),
    ],
)
def test_what_is_refused(tmp_path, found, digests, asked, message):
    path = written(tmp_path, table(**found), digests)
    policy, digest = asked
    with pytest.raises(PolicyError, match=f"^{path}: .*{message}"):
        threshold_for(path, policy, "model4", "video", digest)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no policy file of version 1"),
        ('{"schema_version": 2, "run": "x", "costs": null, "volume": null, "policies": []}',
         "schema_version"),
        ('{"schema_version": 1, "run": "x", "costs": null, "volume": null}', "policies: Field req"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused(tmp_path, text, message):
    path = tmp_path / "policy.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=message):
        read_policy_file(path)
