"""The whole help, in English and in Korean: every description and every option's text."""

import unicodedata

import pytest
from two_languages import HANGUL, english_words, in_both

from harmlib.cli.options import parser

COMMANDS = ("init", "run", "analyse", "compare", "predict", "explain", "log", "drift", "sample",
            "estimate", "export", "bundle", "audit")  # fmt: skip


def parsers():
    """The top's parser and each command's, by name."""
    top = parser()
    (commands,) = (one for one in top._actions if one.dest == "command")
    return {"": top} | commands.choices


def texts():
    """All that the help says, by place: titles, descriptions, commands, options."""
    found = {}
    for name, one in parsers().items():
        found[name, "positional"] = one._positionals.title
        found[name, "optional"] = one._optionals.title
        if one.description:
            found[name, "description"] = one.description
        for action in one._actions:
            if action.dest == "command":
                found |= {(choice.dest, "command"): choice.help for choice in
                          action._choices_actions}  # fmt: skip
            else:
                found[name, action.dest] = action.help
    return found


def test_all_commands_are_there():
    assert tuple(parsers())[1:] == COMMANDS


def test_every_text_of_the_help_is_in_both_languages():
    english, korean = in_both(texts)
    assert len(english) > 100
    assert list(english) == list(korean)
    assert not [place for place, text in english.items() if not text or HANGUL.search(text)]
    assert not [place for place, text in korean.items() if not text or not HANGUL.search(text)]
    assert not {place: left for place, text in korean.items() if (left := english_words(text))}


def test_a_language_changes_words_and_nothing_else():
    def options():
        return {
            (name, action.dest): (action.option_strings, action.default, action.nargs,
                                  action.type, action.required)
            for name, one in parsers().items() for action in one._actions
        }  # fmt: skip

    english, korean = in_both(options)
    assert english == korean


def test_status_numbers_and_defaults_are_the_same_in_both():
    def digits(text):
        return sorted(c for c in text if c.isdigit())

    english, korean = in_both(texts)
    assert not [p for p in english if digits(english[p]) != digits(korean[p])]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_korean_help_fits_a_terminal(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, said = in_both(lambda: parsers()[command].format_help())
    assert said.startswith(f"사용법: harmlib {command}".rstrip())
    assert "\0" not in said
    wide = [line for line in said.splitlines() if cells(line) > 80]
    assert not [line for line in wide if "{" not in line and "|" not in line], "no spaces in them"


def test_korean_texts_stand_in_one_column(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, said = in_both(lambda: parsers()["explain"].format_help())
    rows = [line for line in said.splitlines() if line.startswith("  ")]
    starts = {cells(line[: line.index(word)]) for word in ("판정 표 옆의", "판정의 id", "이 도움말",
              "파일을 다시") for line in rows if word in line}  # fmt: skip
    assert len(starts) == 1


def cells(line):
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line)
