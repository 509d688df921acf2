"""The rows that a page's numbers come from, as the page carries them."""

import json

import pytest
from bs4 import BeautifulSoup

from harmlib.language import languages
from harmlib.reporting.page.source_rows import SHOWN, source_rows_html

# As `Run.write` writes: with a byte order mark.
TEST = """﻿variant,split,label,f1,n,is_cut,camera,gap
model4,test,1,0.93364928,27,True,07,
baseline,val,0,-0.5,3,False,</script><b>,0.25
"""


@pytest.fixture
def run(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "test.csv").write_text(TEST, encoding="utf-8")
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    return tmp_path


def cite(*cells):
    # In both orders of attributes: nbconvert sorts them.
    pairs = [('value="1.0"', f'data-cell="{cell}"') for cell in cells]
    pairs[1::2] = [pair[::-1] for pair in pairs[1::2]]
    return "".join(f"<p><data {' '.join(pair)}>1</data></p>" for pair in pairs)


def carried(run, *cells):
    script = BeautifulSoup(source_rows_html(cite(*cells), run), "html.parser").script
    return json.loads(script.string)["tables"] if script else {}


def test_the_cited_rows_come_along_whole_in_a_readers_words(run):
    (table,) = carried(run, "tables/test.csv[0].f1", "tables/test.csv[0].n").values()
    assert table["keys"][:4] == ["variant", "split", "label", "f1"]
    names = ["모델", "분할", "라벨", "F1", "항목 수", "구간으로 나눔", "camera", "gap"]
    assert table["names"] == names
    assert table["rows"] == {"0": ["Model 4", "시험", "유해", "0.9336", "27", "예", "07", "–"]}


def test_both_cells_of_a_difference_and_the_rows_of_a_count_are_found(run):
    both = carried(run, "tables/test.csv[0].f1 - tables/test.csv[1].f1")["tables/test.csv"]
    assert set(both["rows"]) == {"0", "1"}
    assert set(carried(run, "count(tables/test.csv[1])")["tables/test.csv"]["rows"]) == {"1"}
    assert carried(run, "count(tables/test.csv)") == {}


def test_of_a_count_of_many_some_rows_are_enough(run):
    lines = "\n".join(["n", *map(str, range(100))])
    (run / "tables" / "many.csv").write_text(lines, encoding="utf-8")
    rows = ",".join(map(str, range(100)))
    assert len(carried(run, f"count(tables/many.csv[{rows}])")["tables/many.csv"]["rows"]) == SHOWN


def test_what_a_value_says_neither_ends_the_element_nor_gets_lost(run):
    html = source_rows_html(cite("tables/test.csv[1].f1"), run)
    assert html.count("</script>") == 1
    assert "<b>" not in html
    assert "</script><b>" in carried(run, "tables/test.csv[1].f1")["tables/test.csv"]["rows"]["1"]


@pytest.mark.parametrize(
    "cell",
    [
        "tables/../secret.csv[0].a", "secret.csv[0].a", "tables/.csv[0].a", "tables/none.csv[0].a",
        "tables/test.csv[9].f1", "manifest.parquet[0].a", "tables\\..\\secret.csv[0].a",
    ],
)  # fmt: skip
def test_nothing_but_rows_of_the_runs_tables_is_read(run, cell):
    assert carried(run, cell) == {}


def test_an_english_page_names_columns_in_english(run):
    with languages(page="en"):
        table = carried(run, "tables/test.csv[1].f1")["tables/test.csv"]
    assert table["names"][5] == "made by cutting"
    assert table["rows"]["1"][5] == "no"
