"""Statements of reasons from the log of decisions, for the EU's DSA Transparency Database.

Names and allowed values of the fields: https://transparency.dsa.ec.europa.eu/page/api-documentation
and the database's own rules in its published source (github.com/digital-services-act/
transparency-database, ``StatementsStoreRequest`` and ``Statement``). What a log of decisions can't
know is the text TO_FILL, which `unfilled` names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

TO_FILL = "[to be filled in]"
_CONTENT = {"image": "CONTENT_TYPE_IMAGE", "video": "CONTENT_TYPE_VIDEO"}
_RESTRICTIONS = ("decision_visibility", "decision_monetary", "decision_provision",
                 "decision_account")  # fmt: skip
_GROUNDS = {
    "DECISION_GROUND_ILLEGAL_CONTENT":
        ("illegal_content_legal_ground", "illegal_content_explanation"),
    "DECISION_GROUND_INCOMPATIBLE_CONTENT":
        ("incompatible_content_ground", "incompatible_content_explanation"),
}  # fmt: skip
_REQUIRED = ("decision_ground", "content_type", "category", "content_date", "application_date",
             "decision_facts", "source_type", "automated_detection", "automated_decision",
             "puid")  # fmt: skip
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "decision_ground": tuple(_GROUNDS),
    "automated_detection": ("Yes", "No"),
    "automated_decision": ("AUTOMATED_DECISION_FULLY", "AUTOMATED_DECISION_PARTIALLY",
                           "AUTOMATED_DECISION_NOT_AUTOMATED"),
}  # fmt: skip
_LONGEST = {"decision_facts": 5000, "puid": 500}
_NEEDED = {"id", "time", "modality", "model_id", "probability", "threshold"}
_DATES = ("content_date", "application_date")


def statement(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Write what is known of one decision's statement of reasons.

    Neither paths nor names of files are in it: they may be personal data. The puid is made of the
    decision's id, so that a platform finds it again in its log.

    Parameters
    ----------
    entry : mapping
        Of the log (`harmlib.predict.decision_log.log_entry`); its decision is harmful.

    Returns
    -------
    dict
        Fields of the database.

    Raises
    ------
    ValueError
        The decision is not one against an item.

    Examples
    --------
    >>> entry = {"id": "7b81", "time": "2026-03-01T10:00:00+00:00", "modality": "image",
    ...          "decision": "harmful", "probability": 0.91, "threshold": 0.5, "model_id": "m@0f"}
    >>> made = statement(entry)
    >>> made["content_type"], made["application_date"], made["automated_detection"]
    (['CONTENT_TYPE_IMAGE'], '2026-03-01', 'Yes')
    """
    if entry["decision"] != "harmful":
        raise ValueError(f"decision {entry['id']}: nothing was restricted; it needs no statement")
    policy = f", policy {entry['policy']}" if entry.get("policy") else ""
    day = datetime.fromisoformat(entry["time"]).date().isoformat()
    return {
        "decision_visibility": TO_FILL,
        "decision_ground": TO_FILL,
        "category": TO_FILL,
        "content_type": [_CONTENT[entry["modality"]]] if entry["modality"] in _CONTENT else TO_FILL,
        "content_date": TO_FILL,
        "territorial_scope": TO_FILL,
        "application_date": day,
        "decision_facts": (
            f"An automated classifier ({entry['model_id']}{policy}) gave this "
            f"{entry['modality']} the probability {entry['probability']:.4f} of being harmful; its "
            f"threshold is {entry['threshold']:.4f}. {TO_FILL}"
        ),
        "source_type": TO_FILL,
        "automated_detection": "Yes",
        # The log knows what the classifier said, not whether a person decided after it.
        "automated_decision": TO_FILL,
        "puid": f"harmlib-{entry['id']}",
    }


def statements(entries: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Write the statements of all harmful decisions of a log.

    Parameters
    ----------
    entries : iterable of mapping
        Of the log; lines that are no decisions are passed over.

    Yields
    ------
    dict
        As `statement` returns it, in the order of the log.
    """
    for entry in entries:
        if entry.get("decision") == "harmful" and set(entry) >= _NEEDED:
            yield statement(entry)


def unfilled(made: Mapping[str, Any]) -> dict[str, str]:
    """Name what a statement still lacks, or has wrong, before the database would take it.

    Parameters
    ----------
    made : mapping
        A statement, filled in or not.

    Returns
    -------
    dict of str to str
        By field what is to be done; empty: nothing that can be told without the database's lists of
        categories, countries and restrictions.

    Examples
    --------
    >>> unfilled({"decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"]})["category"]
    'missing'
    """
    found = {}
    for name in (*_REQUIRED, *_GROUNDS.get(str(made.get("decision_ground")), ())):
        if made.get(name) in (None, "", []):
            found[name] = "missing"
    if all(made.get(name) in (None, "", []) for name in _RESTRICTIONS):
        found["decision_visibility"] = f"missing; it or one of {', '.join(_RESTRICTIONS[1:])}"
    for name, value in made.items():
        if TO_FILL in str(value):
            found[name] = "to be filled in"
        elif name in _ALLOWED and value not in (None, *_ALLOWED[name]):
            found[name] = f"must be one of {', '.join(_ALLOWED[name])}"
        elif name in _DATES and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
            found[name] = "must be a date, YYYY-MM-DD"
        elif len(str(value)) > _LONGEST.get(name, 1 << 30):
            found[name] = f"has more than {_LONGEST[name]:,} characters"
    if made.get("decision_ground") == TO_FILL:
        needed = " or ".join(" and ".join(names) for names in _GROUNDS.values())
        found["decision_ground"] = f"to be filled in, and with it {needed}"
    return found
