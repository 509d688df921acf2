"""Names that become folders: what is refused, with the line and the cure."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmlib.params import load_params
from harmlib.params.names import LONGEST, check_name
from harmlib.params.yaml_reading import ParamsError

HOSTILE = [
    "../../../../y/evil", "..", ".", ".hidden", "a/b", "a\\b", "/etc", "-rf", "a..b", "a.", "a b",
    "<data autofocus onfocus=alert(1)>", '"><script>', "{{x}}", "$(x)", "`x`", "a\nb", "a\x00b",
    "=1+1", "a:b", "~", "%2e%2e", "a\u202eb", "\u3164", "x" * (LONGEST + 1), "",
    unicodedata.normalize("NFD", "모델"), "😀",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_no_such_name_becomes_a_folder(name):
    with pytest.raises(ValueError, match=r"^a name becomes a folder: .*(;|it anew)"):
        check_name(name)


@pytest.mark.parametrize("name", ["model4", "모델4", "Model-4.b_2", "_x", "2026", "뷁", "é"])
def test_usual_names_do(name):
    assert check_name(name) == name


@given(st.text(max_size=80))
def test_what_is_let_through_is_one_part_of_a_path(tmp_path_factory, name):
    try:
        check_name(name)
    except ValueError:
        return
    folder = tmp_path_factory.getbasetemp() / "names"
    (folder / name).mkdir(parents=True, exist_ok=True)
    assert (folder / name).parent.resolve() == folder.resolve()
    assert [path.name for path in folder.iterdir()] == [name]
    (folder / name).rmdir()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("run: a/b\ndata: {root: d}\n", "line 1, column 1: run: "),
        (
            "run: a\ndata: {root: d}\nvariants:\n  ../../y/evil: {based_on: model4}\n",
            "line 4, column 3: variants.../../y/evil: ",
        ),
    ],
)
def test_the_message_names_line_and_cure(tmp_path, text, place):
    file = tmp_path / "my.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError) as refused:
        load_params(file)
    assert f"{file}: {place}a name becomes a folder" in str(refused.value)
    assert "rename it" in str(refused.value)


def test_names_that_differ_in_capitals_only_are_one_folder_elsewhere(tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("run: a\ndata: {root: d}\nvariants: {Model4: {based_on: model4}}\n")
    with pytest.raises(ParamsError, match="'model4' and 'Model4' would be one folder"):
        load_params(file)
