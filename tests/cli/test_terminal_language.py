"""The terminal speaks the language that was asked for, and only it."""

import pytest

from harmlib.cli import main as cli
from harmlib.cli.options import parser
from harmlib.cli.terminal_language import asked_language
from harmlib.language import told


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko"}, "ko"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LC_ALL": "C.UTF-8", "LANG": "ko_KR.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LC_MESSAGES": "ko_KR.UTF-8", "LANG": "en_US.UTF-8"}, "ko"),
        ({"LANG": "kok_IN.UTF-8"}, "en"),
    ],
)
def test_the_environment_decides(environment, language):
    assert asked_language(["audit", "x"], environment) == (language, ["audit", "x"])


@pytest.mark.parametrize("arguments", [["--lang", "ko", "run", "x"], ["run", "x", "--lang=ko"]])
def test_an_option_anywhere_comes_before_the_environment(arguments):
    assert asked_language(arguments, {"LANG": "en_US"}) == ("ko", ["run", "x"])


def test_behind_two_dashes_everything_is_a_name():
    assert asked_language(["run", "--", "--lang", "x"], {})[1] == ["run", "--", "--lang", "x"]


@pytest.mark.parametrize("arguments", [["--lang", "fr", "run", "x"], ["run", "x", "--lang"]])
def test_another_language_is_refused(capsys, arguments):
    assert cli.main(arguments) == 2
    assert "--lang ko (한국어) or --lang en" in capsys.readouterr().err


def test_messages_and_help_are_in_it_and_the_language_ends_with_the_call(tmp_path, capsys):
    missing = str(tmp_path / "none.yaml")
    assert cli.main(["run", missing, "--lang", "ko"]) == 2
    assert "그런 설정 파일이 없습니다" in capsys.readouterr().err
    assert cli.main(["run", missing, "--lang", "en"]) == 2
    assert "there is no such params file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["--lang", "ko", "init", "--help"])
    assert "설정 파일" in capsys.readouterr().out
    assert told("english", "korean") == "english"


def test_the_version_is_said(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    name, number = capsys.readouterr().out.split()
    assert name == "harmlib"
    assert number[0].isdigit()


def test_every_command_has_a_help():
    (commands,) = (a for a in parser()._actions if a.dest == "command")
    assert set(commands.choices) == {one.dest for one in commands._choices_actions}
