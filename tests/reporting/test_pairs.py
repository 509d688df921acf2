"""Pictures of nearly equal files, side by side."""

import io

import pandas as pd
from near_tables import PAIR, table
from PIL import Image

from harmlib.reporting.page.pairs import pairs_html


def jpeg(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def test_each_picture_of_a_pair_is_veiled_and_has_its_own_button():
    page = pairs_html(table(**PAIR), {"a.jpg": jpeg("red"), "b.jpg": jpeg("blue")}, "이미지")
    figures = page.split("<figure>")[1:]
    assert len(figures) == 2
    for figure in figures:
        shown = figure.split("</figure>")[0]
        assert shown.count('class="veil"') == shown.count('class="reveal"') == 1
    assert 'data-cell="tables/t.csv[0].hash_distance"' in page


def test_a_lost_picture_is_said_and_a_name_is_text():
    hostile = PAIR | {"item_a": "<script>alert(1)</script>"}
    page = pairs_html(table(**hostile), {"b.jpg": jpeg("blue")}, "이미지")
    assert "이 항목의 사진이 없습니다" in page
    assert "<script>alert" not in page


def test_no_pairs_no_section():
    assert pairs_html(pd.DataFrame(columns=list(PAIR)), {}, "이미지") == ""
