"""No weights are at hand: checkpoints of the official layout that the tests make themselves."""

import io
import warnings

import numpy as np
import pytest
import torch
from file_weights import file_weights

from harmlib.features.slowfast import CLIP_FRAMES, SlowFastBackbone
from harmlib.features.weights import Weights, WeightsError
from harmlib.params import SlowFastParams

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # fvcore uses torch.jit when it is imported
    from pytorchvideo.models.hub import slowfast_r50

pytestmark = pytest.mark.usefixtures("one_thread")

SIDE = 64
SECTION = SlowFastParams(image_size=SIDE, batch_size=2)


def untrained(seed=0):
    return Weights("untrained", None, None, seed)


def from_file(path):
    return SlowFastBackbone(SECTION, file_weights(path))


@pytest.fixture(scope="module")
def official():
    """The whole network of pytorchvideo; its pooling fits pictures of 64 pixels."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = slowfast_r50(
            pretrained=False, head_pool_kernel_sizes=((8, 2, 2), (CLIP_FRAMES, 2, 2))
        )
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm3d):
                torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
    return network.eval()


@pytest.fixture(scope="module")
def backbone(official, tmp_path_factory):
    path = tmp_path_factory.mktemp("slowfast") / "SLOWFAST_8x8_R50.pyth"
    torch.save({"model_state": official.state_dict()}, path)
    return from_file(path)


def test_a_checkpoint_of_the_official_layout_gives_the_pooled_activations(official, backbone):
    generator = torch.Generator().manual_seed(0)
    units = torch.randint(0, 256, (2, 3, CLIP_FRAMES, SIDE, SIDE), generator=generator)
    units, batch = units.byte(), (units / 255 - 0.45) / 0.225
    with torch.inference_mode():
        found = backbone.finish(*backbone.compute(units))
        expected = [batch[:, :, torch.linspace(0, 31, 8).long()], batch]  # as PackPathway does
        for block in official.blocks[:6]:  # the last pools both pathways and joins them
            expected = block(expected)
    assert found.shape == (2, 2304)
    torch.testing.assert_close(found, expected.flatten(1), rtol=1e-4, atol=1e-5)


def test_untrained_depends_on_its_seed_alone():
    before = torch.get_rng_state()
    states = [SlowFastBackbone(SECTION, untrained(s)).network.state_dict() for s in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    one, same, other = states
    assert all(torch.equal(one[name], same[name]) for name in one)
    name = "0.multipathway_blocks.0.conv.weight"
    assert not torch.equal(one[name], other[name])


@pytest.mark.parametrize(("side", "height", "width"), [(64, 64, 90), (112, 150, 112), (64, 64, 64)])
def test_prepare_cuts_the_middle(backbone, monkeypatch, side, height, width):
    monkeypatch.setattr(backbone, "image_size", side)
    rng = np.random.default_rng(0)
    pictures = list(rng.integers(0, 256, (2 * CLIP_FRAMES, height, width, 3), dtype=np.uint8))
    batch = backbone.prepare(pictures)
    assert batch.shape == (2, 3, CLIP_FRAMES, side, side)
    assert batch.dtype == torch.uint8
    top, left = (height - side) // 2, (width - side) // 2
    for clip, frame, channel in ((0, 0, 0), (0, 31, 1), (1, 2, 2)):
        picture = pictures[clip * CLIP_FRAMES + frame][..., channel]
        cut = picture[top : top + side, left : left + side]
        assert np.array_equal(batch[clip, channel, frame], cut)


def test_prepare_takes_a_recording_that_changes_its_size(backbone, frames):
    wide, tall = frames(16, height=SIDE, width=90), frames(16, height=120, width=SIDE)
    assert backbone.prepare(wide + tall).shape == (1, 3, CLIP_FRAMES, SIDE, SIDE)


def test_other_picture_sizes_work(backbone):
    with torch.inference_mode():
        units = torch.zeros(1, 3, CLIP_FRAMES, 112, 112, dtype=torch.uint8)
        assert backbone.finish(*backbone.compute(units)).shape == (1, 2304)


def _saved(content):
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


WRONG = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("<html>please log in</html>\n" * 99),
    "other weights": lambda path: torch.save({"model_state": {"a": torch.ones(2)}}, path),
    "a list inside": lambda path: torch.save({"model_state": [1]}, path),
    "a tensor": lambda path: torch.save(torch.ones(2), path),
    "cut off": lambda path: path.write_bytes(_saved(torch.ones(9999))[:9999]),
    "a pickled model": lambda path: torch.save(torch.nn.Linear(2, 2), path),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file(tmp_path, kind):
    WRONG[kind](tmp_path / "wrong.pyth")
    with pytest.raises(WeightsError, match=r"wrong\.pyth: not a checkpoint of slowfast_r50"):
        _ = from_file(tmp_path / "wrong.pyth").network


def test_the_smaller_network_is_one_of_the_same_kind():
    section = SlowFastParams(architecture="slowfast_r18_8x8", weights="untrained", image_size=SIDE)
    small = SlowFastBackbone(section, untrained())
    units = torch.zeros(1, 3, CLIP_FRAMES, SIDE, SIDE, dtype=torch.uint8)
    with torch.inference_mode():
        assert small.finish(*small.compute(units)).shape == (1, 2304)
    whole = SlowFastBackbone(SECTION, untrained())
    few, many = (sum(p.numel() for p in one.network.parameters()) for one in (small, whole))
    assert few < many / 2


def test_pool_is_the_mean_over_clips(backbone):
    assert backbone.pool(np.array([[1.0, 2.0], [3.0, 6.0]])).tolist() == [2, 4]
    assert backbone.pool(np.array([[1.0, 2.0]])).tolist() == [1, 2]
