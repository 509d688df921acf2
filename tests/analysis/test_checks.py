import numpy as np
import pytest

from harmlib.analysis.checks import (
    InvalidWeights,
    NonFiniteScores,
    NotBinaryLabels,
    ScoresError,
    check_level,
    check_scored,
    check_thresholds,
    check_weights,
)

TINY = np.finfo(float).tiny


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.float16, np.float64),
        (np.int8, np.float64),
        (np.uint8, np.float64),
        (bool, np.float64),
    ],
)
def test_scores_keep_their_precision_or_become_float64(dtype, kept):
    harmful, scores = check_scored([1, 0], np.array([1, 0], dtype))
    assert scores.dtype == kept
    assert scores.tolist() == [1, 0]
    assert harmful.dtype == bool
    assert harmful.tolist() == [True, False]


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.float32, np.float64])
def test_labels_of_any_number_type(dtype):
    harmful, _ = check_scored(np.array([0, 1, 1], dtype), [0.1, 0.2, 0.3])
    assert harmful.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("labels", "scores", "error", "message"),
    [
        ([0, 1, 3, 2], [0] * 4, NotBinaryLabels, "labels[2] is 3, must be 0 (safe) or 1 (harmful)"),
        ([0, 1, 1], [0, np.inf, np.nan], NonFiniteScores, "scores[1] is inf (2 of 3 are not"),
        ([0, 1], ["a", "b"], ScoresError, "scores must be numbers, got dtype <U1: convert them"),
        (["0"], [1], NotBinaryLabels, "got dtype <U1: convert them first"),
    ],
)
def test_the_first_bad_value_is_named(labels, scores, error, message):
    with pytest.raises(error) as raised:
        check_scored(labels, scores)
    assert message in str(raised.value)


@pytest.mark.parametrize("weights", [[TINY, 0], [0, 1e308], [1, 2], [True, False]])
def test_weights_up_to_the_ends_of_their_range(weights):
    checked = check_weights(weights, 2)
    assert checked.dtype == np.float64
    assert checked.tolist() == weights


@pytest.mark.parametrize(
    "weights", [[TINY / 2, 0], [1e308, 1e308], [-TINY, 1], [np.nan, 1], [np.inf, 1], [0, 0]]
)
@pytest.mark.filterwarnings("ignore:overflow encountered in reduce:RuntimeWarning")
def test_weights_beyond_the_ends_of_their_range(weights):
    with pytest.raises(InvalidWeights, match="finite, none negative and not all zero"):
        check_weights(weights, 2)


def test_thresholds_are_sorted_and_distinct():
    given_thresholds = np.array([0.7, 0.1, 0.7])
    assert check_thresholds(given_thresholds).tolist() == [0.1, 0.7]
    assert given_thresholds.tolist() == [0.7, 0.1, 0.7]


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, np.nan])
def test_levels_that_are_no_fraction(level):
    with pytest.raises(ValueError, match=f"level is {level}; it must lie between 0 and 1"):
        check_level(level)


@pytest.mark.parametrize("level", [1e-9, 0.5, 1 - 1e-9])
def test_levels_that_are(level):
    assert check_level(level) == level
