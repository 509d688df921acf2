import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from harmlib.reporting.text.cited_numbers import (
    CitedNumber,
    at,
    count,
    html,
    literal,
    plain,
    row,
    rows,
)
from harmlib.reporting.text.korean import particle, signed
from harmlib.reporting.text.markdown import inline_html


@pytest.fixture
def table():
    table = pd.DataFrame(
        {"variant": ["model2", "model4"], "f1": [0.25, 0.875], "n": [1200, 7], "ok": [True, False]}
    )
    table.attrs = {"name": "tables/test.csv", "rows": 2}
    return table


def test_a_number_in_a_sentence_names_its_cell(table):
    assert (
        html(f"F1 {row(table, 'variant', 'model4').f1:.2f}")
        == 'F1 <data value="0.875" data-cell="tables/test.csv[1].f1">0.88</data>'
    )


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (0.5, ".4f", "0.5000"),
        (-0.25, "+.2f", "−0.25"),
        (-0.0001, ".2f", "0.00"),
        (0.833, ".1%", "83.3%"),
        (1200, ",", "1,200"),
        (3, "", "3"),
        (0.5, "", "0.5"),
    ],
)
def test_format(value, spec, text):
    assert format(CitedNumber(value, ""), spec) == text
    assert plain(format(CitedNumber(value, "t[0].x"), spec)) == text


def test_differences_and_sums_name_both_cells(table):
    first, second = rows(table)
    assert (second.f1 - first.f1).cell == "tables/test.csv[1].f1 - tables/test.csv[0].f1"
    assert second.f1 - first.f1 == 0.625
    assert (second.n + first.n).cell == "tables/test.csv[1].n + tables/test.csv[0].n"
    assert not isinstance(second.f1 - 0.1, CitedNumber), "half a source is none"


def test_a_filtered_table_keeps_the_files_row_numbers(table):
    found = table[table["f1"] > 0.5]
    assert at(found, found["f1"].idxmax()).f1.cell == "tables/test.csv[1].f1"
    assert (
        html(f"{count(found)}")
        == '<data value="1.0" data-cell="count(tables/test.csv[1])">1</data>'
    )
    assert count(table).cell == "count(tables/test.csv)"


def test_words_and_truth_values_stay_what_they_are(table):
    first = next(rows(table))
    assert first.variant == "model2"
    assert not isinstance(first.ok, CitedNumber)


def test_a_table_without_a_name_gives_plain_text(table):
    table.attrs = {}
    assert f"{row(table, 'variant', 'model2').f1:.2f}" == "0.25"
    assert f"{count(table)}" == "2"


def test_unknown_row_and_column_are_errors(table):
    with pytest.raises(KeyError, match=r"variant 'model9' in tables/test\.csv"):
        row(table, "variant", "model9")
    with pytest.raises(AttributeError, match="recall"):
        _ = next(rows(table)).recall


def test_html_escapes_all_but_the_citations(table):
    text = f"a < b, {row(table, 'variant', 'model2').f1:.2f}"
    assert re.fullmatch(r"a &lt; b, <data [^>]*>0\.25</data>", html(text))
    assert plain(text) == "a < b, 0.25"


def test_particles_and_signs_look_at_the_number_not_at_its_citation(table):
    number = f"{row(table, 'variant', 'model4').n}"
    assert particle(number, "은/는").endswith("7</data>은")
    assert plain(signed(CitedNumber(-0.5, "t[0].x"), 2)) == "−0.50"
    assert "data-cell" in signed(CitedNumber(-0.5, "t[0].x"), 2)


@pytest.mark.parametrize(
    "name",
    [
        "<data autofocus onfocus=alert(1)>x</data>",
        '<data value="1.0" data-cell="tables/test.csv[0].f1">1</data>',
        "</data><img src=x onerror=alert(1)>",
        "&#60;b&#62; &lt;",
        "**a** `b` [c](javascript:d) * [e]: f",
        "a\\*b",
    ],
)
def test_a_name_is_text_whatever_it_looks_like(name):
    text = f"{literal(name)}: F1 {CitedNumber(0.5, 't[0].f1'):.1f}, {name}"
    written = BeautifulSoup(inline_html(text), "html.parser")
    assert [element.attrs for element in written.find_all("data")] == [
        {"value": "0.5", "data-cell": "t[0].f1"}
    ]
    assert written.get_text().startswith(f"{name}: F1 0.5, ")
    assert not written.find_all(["img", "b", "a"]) or "javascript" not in str(written.find_all("a"))
    assert plain(text) == f"{name}: F1 0.5, {name}"
    assert BeautifulSoup(html(text), "html.parser").get_text() == f"{name}: F1 0.5, {name}"


@given(st.text(alphabet="<>data &;:*`[]()\\/=\"'x0", max_size=60))
def test_no_text_makes_an_element(name):
    assert not BeautifulSoup(html(name), "html.parser").find_all()
    found = BeautifulSoup(inline_html(literal(name)), "html.parser")
    assert not found.find_all()
    assert found.get_text() == name
