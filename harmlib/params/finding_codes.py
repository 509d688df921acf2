"""The findings of a report by their codes: params mute them, programs read them.

A code stays what it is: it is never given to another finding, and stays here when nothing finds it.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import AfterValidator

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # the gravest first

UNTRAINED_WEIGHTS = "HL001"
TOO_FEW_GROUPS = "HL002"
NOT_ABOVE_BASELINE = "HL003"
NOT_TOLD_APART = "HL004"
ANOTHER_ABOVE = "HL005"
EQUAL_NETWORKS = "HL006"
AT_GRID_EDGE = "HL007"
NO_THRESHOLD = "HL008"
PREVALENCE_UNKNOWN = "HL009"
PREVALENCE_DIFFERS = "HL010"
FILES_LEFT_OUT = "HL011"
LOWER_ON_TEST = "HL012"


class FindingKind(NamedTuple):
    """What a code stands for.

    Attributes
    ----------
    severity : {"error", "warning", "note"}
        `error`: the figures don't show what a reader would take from them. `warning`: weigh it
        before the model is used. `note`: what the figures are.
    meaning : str
        What was found, in English.
    """

    severity: Severity
    meaning: str


FINDING_KINDS: dict[str, FindingKind] = {
    UNTRAINED_WEIGHTS: FindingKind("error", "a backbone ran without trained weights"),
    TOO_FEW_GROUPS: FindingKind("error", "too few groups for an interval"),
    NOT_ABOVE_BASELINE: FindingKind("error", "not better than calling everything harmful"),
    NOT_TOLD_APART: FindingKind("warning", "the models are not told apart"),
    ANOTHER_ABOVE: FindingKind("warning", "another model is better on test than validation's"),
    EQUAL_NETWORKS: FindingKind("note", "models are one network with several thresholds"),
    AT_GRID_EDGE: FindingKind("warning", "the best threshold lies at the edge of what was tried"),
    NO_THRESHOLD: FindingKind("error", "validation could not choose a threshold"),
    PREVALENCE_UNKNOWN: FindingKind("note", "the harmful share of the traffic is not given"),
    PREVALENCE_DIFFERS: FindingKind("warning", "the data hold another harmful share than traffic"),
    FILES_LEFT_OUT: FindingKind("warning", "files or items could not be used"),
    LOWER_ON_TEST: FindingKind("warning", "F1 fell from validation to test by more than chance"),
}


def known_code(code: str) -> str:
    """Return a code that a finding has, and refuse any other.

    Parameters
    ----------
    code : str
        Such as ``HL001``.

    Returns
    -------
    str
        `code`.

    Raises
    ------
    ValueError
        No finding has it; the message lists those that there are.

    Examples
    --------
    >>> known_code("HL001")
    'HL001'
    >>> known_code("HL01")
    Traceback (most recent call last):
        ...
    ValueError: no finding has this code; there are: HL001 (a backbone ran without trained ...
    """
    if code not in FINDING_KINDS:
        known = ", ".join(f"{code} ({kind.meaning})" for code, kind in FINDING_KINDS.items())
        raise ValueError(f"no finding has this code; there are: {known}")
    return code


FindingCode = Annotated[str, AfterValidator(known_code)]
