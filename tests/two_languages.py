"""What the terminal says in English and in Korean, side by side."""

import re
from collections import Counter

from harmlib.language import languages

HANGUL = re.compile("[가-힣]")


def in_both(say):
    """What `say` returns in English and in Korean."""
    said = []
    for language in ("en", "ko"):
        with languages(terminal=language):
            said.append(say())
    return tuple(said)


def differences(english, korean):
    """What is wrong with two wordings: each in its language, and both with the same numbers."""
    found = []
    if HANGUL.search(english):
        found.append("the English has Hangul")
    if not HANGUL.search(korean):
        found.append("the Korean has none")
    if numbers(english) != numbers(korean):
        found.append("the numbers differ")
    return found


def numbers(text):
    """All numbers of a text, whatever their order."""
    return Counter(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text))


def english_words(korean):
    """Words of English sentences that are left in a Korean text."""
    common = {"the", "is", "are", "of", "and", "to", "an", "in", "no", "not", "by", "with",
              "there", "such", "must", "give", "has", "have", "it", "its", "that", "this", "for",
              "from", "be", "was", "argument", "required", "invalid", "choose"}  # fmt: skip
    return set(re.findall(r"(?<![\w./-])[a-z]+(?![\w./-])", korean.lower())) & common
