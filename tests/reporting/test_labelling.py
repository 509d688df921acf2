"""The page on which a sample is labelled: its rows are the CSV's, and no name becomes markup."""

import html
import re

import pandas as pd
import pytest
from gallery_cards import PICTURES

from harmlib.reporting.page.labelling import labelling_html
from harmlib.reporting.page.policy import content_security_policy

JPEG = next(iter(PICTURES.values()))
SAMPLE = pd.DataFrame(
    {
        "item_id": ['=1+1,"a".jpg', "<script>alert(1)</script>", "두\n줄.jpg"],
        "category": ["gun", "", ""],
        "decision": ["flagged", "passed", "passed"],
        "inclusion_probability": [0.5, 0.0123457, 0.1],
        "sample_id": "0123456789ab",
        "label": "",
    }
)


def test_each_row_is_as_the_sample_has_it():
    page = labelling_html(SAMPLE, {}, "a-labels.csv")
    rows = [html.unescape(row) for row in re.findall(r'data-row="(.*?)"', page, flags=re.S)]
    assert rows == [
        '"\'=1+1,""a"".jpg",gun,flagged,0.5,0123456789ab',
        "<script>alert(1)</script>,,passed,0.0123457,0123456789ab",
        '"두\n줄.jpg",,passed,0.1,0123456789ab',
    ]
    assert "<script>alert" not in page
    assert page.count("사진이 없습니다") == 3


def test_what_the_model_decided_is_not_shown():
    page = re.sub(r'data-row=".*?"', "", labelling_html(SAMPLE, {}, "a.csv"), flags=re.S)
    assert "flagged" not in page
    assert "passed" not in page


def test_only_its_own_scripts_may_run():
    page = labelling_html(SAMPLE, {SAMPLE["item_id"][0]: JPEG}, "a.csv")
    policy = content_security_policy(page)
    assert policy.count("'sha256-") == 3  # the page's, the gallery's, its own
    assert "connect-src" not in policy
    assert "default-src 'none'" in policy


def test_a_picture_that_is_no_jpeg_is_refused():
    with pytest.raises(ValueError, match="is no JPEG"):
        labelling_html(SAMPLE, {SAMPLE["item_id"][1]: b"GIF89a"}, "a.csv")
