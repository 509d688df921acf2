"""Scores at every awkward place, and what acts on a page with explorers of them."""

import numpy as np
import pandas as pd

COUNTS = ("tp", "fp", "fn", "tn")


def scores(variant, epoch, labels, probabilities):
    return pd.DataFrame(
        {"variant": variant, "epoch": epoch, "label": labels, "probability": probabilities}
    )


def operating_points(*rows):
    columns = ["variant", "epoch", "threshold", "best_threshold", "chosen"]
    return pd.DataFrame(rows, columns=columns)


def many(rng, n, decimals=None):
    """Labels, and scores that tell them apart a little."""
    labels = (rng.random(n) < 0.7).astype(int)
    p = rng.beta(1 + 2 * labels, 3 - 2 * labels)
    return labels, p if decimals is None else p.round(decimals)


VALIDATION = {
    "video": pd.concat(
        [
            scores("model2", 1, *many(np.random.default_rng(1), 300)),
            scores("model2", 2, *many(np.random.default_rng(2), 2600)),
            scores("ties", 1, *many(np.random.default_rng(3), 90, decimals=1)),
            # Thirty-two of each: rates that end in an exact half of the fourth digit.
            scores("halves", 1, [1] * 32 + [0] * 32, np.arange(64) % 32 / 32),
        ]
    ),
    "image": pd.concat(
        [
            scores("constant", 1, [1, 1, 0, 1], 0.5),
            scores("ends", 1, [1, 0, 1, 0, 1], [1.0, 1.0, 0.0, 0.0, 0.9995]),
            scores("safe_only", 1, [0, 0, 0], [0.2, 0.3, 0.4]),
        ]
    ),
}
OPERATING_POINTS = {
    "video": operating_points(
        ("model2", 1, 0.4, 0.35, False),
        ("model2", 2, 0.55, 0.6, True),
        ("ties", 1, 0.3, 0.5, True),
        ("halves", 1, 0.15627, 0.25, True),
    ),
    "image": operating_points(
        ("constant", 1, 0.5, np.nan, True),
        ("ends", 1, 0.0, 1.0, True),
        ("safe_only", 1, 0.5, np.nan, True),
    ),
}


IMAGE = {"image": OPERATING_POINTS["image"]}


def part(tab, name, which=0):
    return tab.locator(f".harm-explorer >> nth={which}").locator(f'[data-part="{name}"]')


def shown(tab, which=0):
    """What the explorer says: the text, value or label of every part."""
    return tab.evaluate(
        """which => Object.fromEntries(
            [...document.querySelectorAll(".harm-explorer")[which].querySelectorAll("[data-part]")]
            .map(e => [e.dataset.part, e.value || e.ariaLabel || e.textContent]))""",
        which,
    )


def choose(tab, modality, variant, epoch):
    part(tab, "modality").select_option(modality)
    part(tab, "model").select_option(variant)
    if part(tab, "epoch").is_visible():  # one epoch needs no menu
        part(tab, "epoch").select_option(str(epoch))
    assert part(tab, "epoch").input_value() == str(epoch)


def items(modality, variant, epoch):
    rows = VALIDATION[modality]
    rows = rows[(rows["variant"] == variant) & (rows["epoch"] == epoch)]
    return rows["label"].to_numpy(), rows["probability"].to_numpy()
