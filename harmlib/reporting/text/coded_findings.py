"""What a reader, or a program, has to know before the figures are used: findings with stable codes.

A finding follows a rule over a table; the codes are declared in `harmlib.params.finding_codes`.
Numbers cite their cells where the table was read from a run's folder. `section` is a modality, or a
section of categories or of a table of scores.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from harmlib.params.finding_codes import FINDING_KINDS, SEVERITIES, Severity
from harmlib.reporting.text.cited_numbers import plain


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes
    ----------
    code : str
        Of `finding_codes.FINDING_KINDS`.
    section : str
        What it is about.
    sentence : str
        In the page's language; numbers may cite their cells.
    short : str
        What differs from other sections' findings of this code, in a few words; may be empty.
    """

    code: str
    section: str
    sentence: str
    short: str = ""

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return FINDING_KINDS[self.code].severity


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """Put findings in order: the gravest first, then by code.

    Parameters
    ----------
    found : iterable of Finding

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> [f.code for f in in_order([Finding("HL009", "video", ""), Finding("HL001", "video", "")])]
    ['HL001', 'HL009']
    """
    return sorted(found, key=lambda one: (SEVERITIES.index(one.severity), one.code))


def entries(found: Iterable[Finding], mute: Collection[str]) -> list[dict[str, str | bool]]:
    """Write findings for `metrics.json`.

    Parameters
    ----------
    found : iterable of Finding
    mute : collection of str
        Codes that the params mute.

    Returns
    -------
    list of dict
        code, severity, section, sentence (plain), muted.

    Examples
    --------
    >>> entries([Finding("HL009", "video", "트래픽")], ["HL009"])
    [{'code': 'HL009', 'severity': 'note', 'section': 'video', 'sentence': '트래픽', 'muted': True}]
    """
    return [
        {
            "code": one.code,
            "severity": one.severity,
            "section": one.section,
            "sentence": plain(one.sentence),
            "muted": one.code in mute,
        }
        for one in found
    ]
