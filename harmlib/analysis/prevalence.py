"""How many of the new items are harmful, if nothing but their proportion has changed?"""

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from harmlib.analysis.thresholds import check_scored

_STEPS = 40  # of bisection, each halves the interval: to 1e-12


def calibrated_probabilities(labels, logits, new_logits, weights=None) -> np.ndarray:
    """New probabilities (m,) on the scale on which validation's mean what they say.

    labels, logits: (n,) of validation; weights: (n,), what each counts for. new_logits: (m,).
    A logistic regression on the logit (Platt 1999), fitted on validation. Its two numbers are what
    the estimate of a new harmful share needs most: a slope against overconfidence, and an offset,
    such as `pos_weight` causes (Alexandari, Kundaje & Shrikumar 2020, ICML).
    Raises ScoresError, and ValueError for validation labels of one class.
    """
    harmful, logits, _ = check_scored(labels, logits)
    if harmful.all() or not harmful.any():
        raise ValueError(f"all {len(harmful)} labels are {int(harmful[0])}; pass both classes")
    # All but unpenalised: without any penalty, classes that lie apart have no finite answer
    model = LogisticRegression(C=1e4, solver="newton-cholesky").fit(
        logits[:, None], harmful, weights
    )
    return model.predict_proba(np.asarray(new_logits, float)[:, None])[:, 1]


def harmful_share(prior: float, calibrated, weights=None) -> float:
    """The harmful share of new items at which their scores are likeliest, from 0 to 1.

    prior: harmful share of the items that the scores were calibrated on, in (0, 1).
    calibrated: (m,), probabilities of being harmful at that share.
    weights: (m,), what each item counts for; None for one each.

    The EM algorithm of Saerens, Latinne & Decaestecker (2002, Neural Computation 14:21, eq. 2.4 and
    2.5) climbs to the same maximum; the likelihood is concave in the share, so bisection of its
    slope gets there sooner. It holds where harmful items still score as harmful items did, and
    safe ones as safe ones did: no estimate can tell a new kind of content from a new proportion.
    """
    calibrated = np.asarray(calibrated, float)
    weights = np.ones(calibrated.size) if weights is None else np.asarray(weights, float)
    harm, safe = calibrated / prior, (1 - calibrated) / (1 - prior)
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        share = (low + high) / 2
        slope = weights @ ((harm - safe) / (share * harm + (1 - share) * safe))
        low, high = (share, high) if slope > 0 else (low, share)
    return (low + high) / 2


def to_logit(probabilities) -> np.ndarray:
    """(n,) finite: a probability that was rounded to 0 or 1 counts as 1e-6 off."""
    return logit(np.clip(np.asarray(probabilities, float), 1e-6, 1 - 1e-6))
