"""HTML that notebooks and page show alike: tables."""

import re

import pandas as pd

from harmlib.reporting.page.fragments import table_html
from harmlib.reporting.text.cited_numbers import CitedNumber

NUMBER = CitedNumber(0.25, "tables/test.csv[0].f1")


def test_headers_have_scopes_and_known_columns_korean_names():
    table = pd.DataFrame(
        {"variant": ["model2", "baseline"], "f1": [0.84255, float("nan")], "tp": [3, 1234]}
    )
    page = table_html(table, "표 <1>", pd.Series([True, False]))
    assert page.count('scope="col"') == 3
    assert page.count('scope="row"') == 2
    assert "<caption>표 &lt;1&gt;</caption>" in page
    assert ">Model 2<" in page
    assert ">모두 유해(기준선)<" in page
    assert re.findall(r'<td class="number">([^<]*)', page) == ["0.8426", "3", "–", "1,234"]
    assert page.count("class=best") == 1
    assert '<th scope="col" class="number">F1' in page


def test_missing_values_of_every_kind_are_dashes():
    table = pd.DataFrame({"a": ["x"], "b": [None], "c": [pd.NA], "d": [pd.NaT]})
    assert table_html(table, "").count(">–<") == 3


def test_text_is_escaped():
    page = table_html(pd.DataFrame({"path": ["<script>alert(1)</script>"]}), "")
    assert "<script>" not in page
