"""Statements of reasons: what a log knows, and what a person must say."""

import pytest

from harmlib.predict.statements import TO_FILL, statement, statements, unfilled

ENTRY = {
    "id": "7b81", "time": "2026-03-01T23:30:00+00:00", "path": "/home/kim/uploads/a.jpg",
    "file": "/home/kim/uploads/a.jpg", "modality": "video", "decision": "harmful",
    "probability": 0.91, "threshold": 0.5, "model_id": "model4/video@0f",
}  # fmt: skip
FILLED = {
    "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
    "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
    "incompatible_content_ground": "terms, section 4",
    "incompatible_content_explanation": "violence",
    "category": "STATEMENT_CATEGORY_VIOLENCE",
    "content_date": "2026-02-28",
    "territorial_scope": ["DE"],
    "decision_facts": "seen by a classifier",
    "source_type": "SOURCE_VOLUNTARY",
    "automated_decision": "AUTOMATED_DECISION_FULLY",
}


def test_what_is_known_is_filled_in():
    made = statement(ENTRY | {"policy": "children"})
    assert made["content_type"] == ["CONTENT_TYPE_VIDEO"]
    assert made["application_date"] == "2026-03-01"
    assert made["automated_detection"] == "Yes"
    assert "0.9100" in made["decision_facts"]
    assert "policy children" in made["decision_facts"]


def test_no_name_of_a_file_gets_out():
    assert "kim" not in str(statement(ENTRY))


def test_every_placeholder_is_named():
    made = statement(ENTRY)
    marked = {name for name, value in made.items() if TO_FILL in str(value)}
    assert set(unfilled(made)) == marked
    assert "category" in marked


def test_a_filled_statement_lacks_nothing():
    assert unfilled(statement(ENTRY) | FILLED) == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"automated_decision": "Yes"}, "automated_decision"),
        ({"content_date": "28.02.2026"}, "content_date"),
        ({"decision_visibility": None}, "decision_visibility"),
        ({"decision_facts": "x" * 5001}, "decision_facts"),
        ({"decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT"}, "illegal_content_legal_ground"),
        ({"incompatible_content_ground": ""}, "incompatible_content_ground"),
        ({"puid": ""}, "puid"),
    ],
)
def test_a_fault_is_named(change, field):
    assert field in unfilled(statement(ENTRY) | FILLED | change)


def test_only_harmful_decisions_have_statements():
    with pytest.raises(ValueError, match="needs no statement"):
        statement(ENTRY | {"decision": "safe"})
    log = [ENTRY, ENTRY | {"decision": "safe"}, {"note": "somebody's line"}]
    assert len(list(statements(log))) == 1
