"""What is wrong with a command line is said in the terminal's language."""

import pytest
from two_languages import english_words

from harmlib.cli import main as cli

MISTAKES = {
    "": ("the following arguments are required: command", "명령을 적으십시오"),
    "run": ("the following arguments are required: params", "빠진 인자: 설정파일"),
    "prdict x y": ("Did you mean predict?", "'prdict': 그런 명령이 없습니다(명령: "),
    "zzz": ("invalid choice: 'zzz'", "'zzz': 그런 명령이 없습니다(명령: "),
    "run a b": ("unrecognized arguments: b", "알 수 없는 인자: b"),
    "run a --max-hours": ("expected one argument", "--max-hours: 값이 하나 필요합니다"),
    "run a --max-hours 0": ("a number of hours, more than 0, got 0", "0보다 큰 시간"),
    "run a --max-hours many": ("a number of hours, more than 0, got many", "(적은 값: many)"),
    "run a --verify=yes": ("ignored explicit argument 'yes'", "값을 받지 않는 옵션입니다('yes')"),
    "sample a --n 3.5": ("invalid int value: '3.5'", "--n '3.5': 정수가 아닙니다"),
    "sample a --by": ("expected at least one argument", "--by: 값이 하나 이상 필요합니다"),
    "sample a --threshold 1 --policy p": (
        "argument --policy: not allowed with argument --threshold",
        "--policy, --threshold: 둘 중 하나만 쓸 수 있습니다",
    ),
    "sample a --m x": ("ambiguous option: --m", "--m: 어느 옵션입니까? 후보: --media, --model"),
    "predict a b --threshold x": ("invalid float value: 'x'", "--threshold 'x': 수가 아닙니다"),
    "predict a b --bands 1": ("expected 2 arguments", "--bands: 값이 2개 필요합니다"),
    "analyse a --scale percnt": ("Did you mean percent?", "--scale 'percnt': 쓸 수 없는 값입니다"),
}  # fmt: skip


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_told_in_both_languages(capsys, line):
    for language, words in zip(("en", "ko"), MISTAKES[line], strict=True):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["--lang", language, *line.split()])
        assert stopped.value.code == 2
        use, _, last = capsys.readouterr().err.rstrip("\n").rpartition("\n")
        assert words in last
        if language == "en":
            assert use.startswith("usage: harmlib")
            assert ": error: " in last
        else:
            assert use.startswith("사용법: harmlib")
            assert ": 오류: " in last
            assert not english_words(last)


def test_the_name_of_a_command_stands_once_before_its_mistakes(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--lang", "ko", "run"])
    assert capsys.readouterr().err.splitlines()[-1].startswith("harmlib run: 오류: ")


def test_a_word_that_is_near_is_offered_in_korean(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--lang", "ko", "anlyse", "x"])
    assert capsys.readouterr().err.rstrip().endswith(". analyse입니까?")
