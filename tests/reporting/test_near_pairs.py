import pandas as pd

from harmlib.reporting.text.near_pairs import pictured_pairs


def test_the_pictured_pairs_hold_each_item_once():
    pairs = pd.DataFrame(
        {"item_a": list("aabcc"), "item_b": list("xyzuv"), "label_a": 1,
         "label_b": [0, 0, 0, 1, 1]}
    )  # fmt: skip
    assert pictured_pairs(pairs, 2).index.tolist() == [0, 2, 3]
    assert pictured_pairs(pairs, 1).index.tolist() == [0, 3]
