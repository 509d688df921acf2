"""The ledger: every file that could not be used, the step that found out, and why."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

LABELS = {"harmful": 1, "safe": 0}
LABEL_NAMES = {number: name for name, number in LABELS.items()}
LEDGER_COLUMNS = ("path", "label", "modality", "step", "reason")
# How else a label may be written, in folders' names and in tables
LABEL_WORDS = {
    "harmful": ("유해", "1", "1.0"),
    "safe": ("안전", "무해", "0", "0.0"),
}


def plain_label(word: str) -> str | None:
    """Return the label that a word means; None where it is none.

    Parameters
    ----------
    word : str
        Such as a folder's name.

    Returns
    -------
    str or None
        ``harmful`` or ``safe``.

    Examples
    --------
    >>> plain_label("유해"), plain_label("0"), plain_label("Safe")
    ('harmful', 'safe', None)
    """
    plain = unicodedata.normalize("NFC", word)
    for label, words in LABEL_WORDS.items():
        if plain == label or plain in words:
            return label
    return None


@dataclass(frozen=True)
class Unusable:
    """A file that could not be used: one row of the ledger.

    Attributes
    ----------
    path : str
        The file as it was named.
    reason : str
        Why it could not be used, in words that tell a person what to do.
    step : str
        Which step found out, such as ``find``, ``identify``, ``probe`` or ``extract``.
    modality : str
        ``image`` or ``video``; empty where it is not known.
    label : str
        ``harmful`` or ``safe``; empty where it is not known.

    Examples
    --------
    >>> Unusable("a.jpg", "empty file (0 bytes)", "identify").row()["reason"]
    'empty file (0 bytes)'
    """

    path: str
    reason: str
    step: str
    modality: str = ""
    label: str = ""

    def row(self) -> dict[str, str]:
        """Return the values of `LEDGER_COLUMNS`, in their order."""
        return {name: getattr(self, name) for name in LEDGER_COLUMNS}
