import numpy as np
import pytest
import torch

from harmlib.models.scaler import CLIP_SD, Scaler


def test_scaled_training_features_have_mean_0_and_sd_1():
    train = np.random.default_rng(0).normal([3, -40, 1e-4], [1, 20, 2e-5], (500, 3))
    train = train.astype(np.float32)
    scaled = Scaler.fit(train)(train)
    assert scaled.dtype == torch.float32
    assert scaled.mean(dim=0).tolist() == pytest.approx([0, 0, 0], abs=1e-3)
    assert scaled.std(dim=0, correction=0).tolist() == pytest.approx([1, 1, 1], abs=1e-2)


def test_by_hand():
    scaler = Scaler.fit(np.array([[0.0, 1], [4, 1]], dtype=np.float32))
    assert scaler.mean.tolist() == [2, 1]
    assert scaler.sd.tolist() == [2, np.inf]
    assert scaler.mean.dtype == scaler.sd.dtype == torch.float32
    assert scaler(np.array([[3.0, 1], [2, 9]], dtype=np.float32)).tolist() == [[0.5, 0], [0, 0]]


@pytest.mark.parametrize(
    ("column", "switched_off"),
    [
        ([7.0, 7.0, 7.0], True),
        ([0.0, 0.0, 0.0], True),
        ([1000.0, 1000.0, 1000.0001], True),  # float32's rounding, not a signal
        ([0.0, 0.0, 1e-9], True),
        ([1000.0, 1000.0, 1001.0], False),
        ([0.0, 0.0, 1e-4], False),
    ],
)
def test_a_column_that_does_not_vary_is_switched_off(column, switched_off):
    train = np.array(column, dtype=np.float32)[:, None]
    later = Scaler.fit(train)(np.array([[1e6], [-1e6]], dtype=np.float32))
    assert later.flatten().tolist() == ([0, 0] if switched_off else [CLIP_SD, -CLIP_SD])


def test_a_jump_is_cut_and_what_is_within_is_not():
    scaler = Scaler(torch.tensor([10.0]), torch.tensor([2.0]))
    values = np.array([[10], [19], [20], [21], [1e9], [-1e9]], dtype=np.float32)
    assert scaler(values).flatten().tolist() == [0, 4.5, 5, 5, 5, -5]


def test_scaling_uses_what_it_was_fitted_on_alone():
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(20, 4)), rng.normal(5, 3, size=(9, 4))
    scaler = Scaler.fit(train)
    together = scaler(np.vstack([train, test]))
    assert torch.equal(together[20:], scaler(test))
    assert torch.equal(together[22:24], scaler(test[2:4]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arguments_are_left_alone_and_the_result_is_float32(dtype):
    features = np.arange(12, dtype=dtype).reshape(4, 3)[:, ::2]
    before = features.copy()
    scaler = Scaler.fit(features)
    mean = scaler.mean.clone()
    assert scaler(features).dtype == torch.float32
    assert np.array_equal(features, before)
    assert torch.equal(scaler.mean, mean)


def test_the_scaler_of_some_backbones_scales_their_columns_alike():
    matrix = np.random.default_rng(0).normal(3, 2, (20, 9)).astype(np.float32)
    matrix[:, 4] = 1  # never varies
    scaler, dims = Scaler.fit(matrix), {"clip": 2, "yolo": 3, "motion": 4}
    some = scaler.of_backbones(dims, ("yolo", "motion"))
    assert torch.equal(some(matrix[:, 2:]), scaler(matrix)[:, 2:])
    ends = scaler.of_backbones(dims, ("clip", "motion"))
    assert torch.equal(ends(matrix[:, [0, 1, 5, 6, 7, 8]]), scaler(matrix)[:, [0, 1, 5, 6, 7, 8]])
