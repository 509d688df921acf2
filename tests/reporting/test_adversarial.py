"""Data on which nothing can be claimed: the pages must not claim anything."""

import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from notebook_pages import EPOCHS, VARIANTS, make_run, rows_of, said

# What a page says where it claims that something is better, worse, moved, promised or significant.
CLAIMS = (
    r"전체가 0보다 높",
    r"신뢰구간 전체가 0의 한쪽에",
    r"우연으로 보기 어렵습니다",
    r"0을 포함하지 않습니다",
    r"만큼 낮아졌습니다",
    r"0\.5보다 나은 값은 Model",
)


def items_of(harmful):
    """Items of train, validation and test; `harmful`: the labels of one split's items, by group."""
    rows = []
    for split in ("train", "val", "test"):
        for group, labels in enumerate(harmful):
            rows += [(split, label, f"{split}{group}") for label in labels]
    return pd.DataFrame(rows, columns=["split", "label", "group"])


def mixed(groups, size, share, seed):
    rng = np.random.default_rng(seed)
    labels = (rng.random((groups, size)) < share).astype(int)
    labels[: groups // 2, 0], labels[groups // 2 :, 0] = 1, 0
    return items_of(labels.tolist())


def scored(items):
    return items[items["split"] != "train"]


def random_scores(seed=0, groups=12):
    items = mixed(groups, 4, 0.7, seed)
    rng = np.random.default_rng(seed + 1)
    return items, {v: by_chance(rng, scored(items)) for v in VARIANTS}


def by_chance(rng, items):
    """Logits of no use, by epoch; far from every threshold, so that none flags more than another.

    (Of scores of chance a lower threshold does have the higher F1, and a page may say so.)
    """
    sides = np.where(rng.random((len(EPOCHS), len(items))) < 0.7, 3, -3)
    return sides + rng.normal(0, 0.1, sides.shape)


def identical_models():
    items = mixed(12, 4, 0.7, 5)
    own = scored(items)
    rng = np.random.default_rng(2)
    seen = (own["label"].to_numpy() == 1) & (rng.random((len(EPOCHS), len(own))) < 0.3)
    logits = np.where(seen, 3.0, by_chance(rng, own))
    return items, dict.fromkeys(VARIANTS, logits)


def one_source():
    items = mixed(6, 20, 0.7, 3)
    items.loc[items["split"] != "train", "group"] = items["split"]
    own = scored(items)
    good = 6.0 * own["label"].to_numpy() - 3 + np.linspace(0, 0.5, len(own))
    rng = np.random.default_rng(4)
    poor = rng.normal(0, 1, len(own))
    return items, {"model2": [poor] * 3, "model3": [poor] * 3, "model4": [good] * 3}


def all_ties():
    items = mixed(12, 4, 0.7, 6)
    return items, {v: np.full((len(EPOCHS), len(scored(items))), 0.2) for v in VARIANTS}


def one_huge_group():
    rng = np.random.default_rng(7)
    labels = [[int(i % 10 < 7) for i in range(400)]]
    labels += [[int(rng.random() < 0.7) for _ in range(2)] for _ in range(14)]
    labels[1], labels[2], labels[3], labels[4], labels[5] = ([1, 0] for _ in range(5))
    items = items_of(labels)
    own = scored(items)
    huge = own["group"].str.endswith(("val0", "test0")).to_numpy()
    chance = by_chance(rng, own)
    useful = np.where(huge, 6.0 * own["label"] - 3, chance)
    return items, {"model2": chance, "model3": chance, "model4": useful}


def rare():
    """One harmful item in a thousand; scores of chance."""
    labels = [[int(group < 6 and i == 0) for i in range(150)] for group in range(40)]
    items = items_of(labels)
    rng = np.random.default_rng(8)
    return items, {v: by_chance(rng, scored(items)) for v in VARIANTS}


SCENES = {
    "random scores and identical models": (random_scores, identical_models),
    "one source and all ties": (one_source, all_ties),
    "one huge group and one in a thousand": (one_huge_group, rare),
}


@pytest.fixture(params=SCENES, ids=lambda name: name.replace(" ", "-"))
def pages(request, tmp_path):
    video, image = SCENES[request.param]
    with mpl.rc_context():
        return said(make_run(tmp_path, {"video": video(), "image": image()}))


def test_nothing_is_claimed_on_folds_either(tmp_path):
    with mpl.rc_context():
        pages = said(
            make_run(tmp_path, {"video": random_scores(3), "image": identical_models()}, folds=True)
        )
    for name, page in pages.items():
        assert "교차 검증" in page
        for pattern in CLAIMS:
            assert not rows_of(page, pattern), (name, pattern)


def test_nothing_is_claimed_where_nothing_can_be_known(pages):
    for name, page in pages.items():
        assert len(page) > 3000, name
        for pattern in CLAIMS:
            assert not rows_of(page, pattern), (name, pattern)


@pytest.mark.parametrize("folds", [False, True])
def test_a_model_that_knows_is_called_better(tmp_path, folds):
    """The same words do come where there is something to say: the test above can fail."""
    items = mixed(60, 4, 0.7, 9)
    own = scored(items)
    rng = np.random.default_rng(10)
    logits = {v: rng.normal(0, 1, (len(EPOCHS), len(own))) for v in VARIANTS}
    logits["model4"] = rng.normal(5.0 * own["label"] - 2.5, 1, (len(EPOCHS), len(own)))
    with mpl.rc_context():
        pages = said(make_run(tmp_path, {"video": (items, logits)}, folds))
    where = r"교차 검증\(3개 fold, seed 1개\)에서" if folds else "시험 분할에서"
    assert rows_of(pages["05"], f"Model 4는 {where} .*기준선.* 전체가 0보다 높습니다")
    assert rows_of(pages["05"], "Model 4가 Model 2보다 높으며, 차이의 신뢰구간 전체가")


def test_one_source_says_why_there_is_no_interval(tmp_path):
    with mpl.rc_context():
        page = said(make_run(tmp_path, {"video": one_source()}))["05"]
    assert rows_of(page, "그룹이 1개.*신뢰구간을 낼 수 없")
    assert not re.search(r"\bnan\b", page)
