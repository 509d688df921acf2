"""Samples of items in groups, and the weights that a resample gives them."""

import numpy as np
from hypothesis import strategies as st
from scipy.special import expit, logit

from harmlib.analysis.groups import group_codes
from harmlib.analysis.resampling import draw_groups

item = st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(0, 4))


@st.composite
def small_samples(draw):
    """Labels, tied scores and groups with both classes and at least two groups."""
    items = [(0, draw(st.integers(0, 6)), 0), (1, draw(st.integers(0, 6)), 1)]
    labels, scores, groups = zip(*(items + draw(st.lists(item, max_size=20))), strict=True)
    return np.array(labels), np.array(scores) / 6, np.array(groups)


def clustered(n_groups=60, size=5, seed=3):
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.random(n_groups) < 0.6, size).astype(int)
    logits = np.repeat(rng.normal(size=n_groups), size) + rng.normal(size=n_groups * size)
    return labels, 1 / (1 + np.exp(-logits - 2 * labels + 1)), np.repeat(np.arange(n_groups), size)


def weights_of(groups, resamples, seed):
    """The item weights that the draws stand for, row 0 the sample itself."""
    codes, n_groups = group_codes(groups, len(groups))
    return np.concatenate(list(draw_groups(n_groups, resamples, seed)))[:, codes]


def holds_both(labels, weights):
    return 0 < weights @ labels < weights.sum()


def draw_groups_of_items(rng, groups, size=4, share=0.73, apart=2.2):
    """Labels, scores and groups: groups differ in their harmful share and shift their scores."""
    codes = np.repeat(np.arange(groups), size)
    shares = expit(1.15 * logit(share) + rng.standard_normal(groups))
    labels = (rng.random(len(codes)) < shares[codes]).astype(int)
    shifts = 0.7 * rng.standard_normal(groups)
    scores = apart * (labels - 0.5) + shifts[codes] + rng.standard_normal(len(codes))
    return labels, scores, codes
