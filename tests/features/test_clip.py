"""The official layout, at a fiftieth of the size: checkpoints that the tests make themselves."""

import clip as openai_clip
import numpy as np
import pytest
import torch
from clip.model import CLIP, convert_weights
from file_weights import file_weights
from PIL import Image
from torchvision.transforms import Normalize

from harmlib.features import clip
from harmlib.features.clip import ClipBackbone
from harmlib.features.weights import Weights, WeightsError
from harmlib.params import ClipParams

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning"),  # the official files are jit
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]

SIDE = 64
STANDARDISE = Normalize(  # the numbers of the official preprocessing
    (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
)
SMALL = {"patch_size": 32, "width": 64, "layers": 1, "heads": 1, "output_dim": 16}


def untrained(seed=0):
    return Weights("untrained", None, None, seed)


def from_file(path):
    return ClipBackbone(ClipParams(), file_weights(path))


def tiny_clip(vision_layers=2, patch=32):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return CLIP(24, SIDE, vision_layers, 64, patch, 8, 100, 64, 1, 1).eval()


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """The same model as a TorchScript archive (OpenAI's way) and as a state_dict, in fp16."""
    folder, model = tmp_path_factory.mktemp("clip"), tiny_clip()
    convert_weights(model)
    torch.save(model.state_dict(), folder / "state.pt")
    model.float()  # what the fp16 numbers are worth; this processor may lack fp16 arithmetic
    example = torch.zeros(1, 3, SIDE, SIDE), torch.zeros(1, 8, dtype=torch.long)
    torch.jit.trace(model, example, check_trace=False).save(folder / "archive.pt")
    return {"archive": folder / "archive.pt", "state": folder / "state.pt", "model": model}


@pytest.mark.parametrize("kind", ["archive", "state"])
def test_a_checkpoint_of_the_official_layout(checkpoints, kind, frames):
    backbone = from_file(checkpoints[kind])
    batch = backbone.prepare(frames(3))
    with torch.inference_mode():
        (found,) = backbone.compute(batch)
        expected = checkpoints["model"].encode_image(STANDARDISE(batch / 255))
    assert found.shape == (3, 24)
    torch.testing.assert_close(found, expected)
    assert all(p.dtype == torch.float32 for p in backbone.network.parameters())
    assert not backbone.network.training


def test_prepare_is_clips_own_preprocessing(checkpoints, frames):
    _, official = openai_clip.load(str(checkpoints["archive"]), device="cpu", jit=False)
    wide, tall = frames(1, height=40, width=130), frames(2, height=80, width=50)
    pictures = [*tall, *wide, tall[0]]
    batch = from_file(checkpoints["archive"]).prepare(pictures)
    assert batch.shape == (4, 3, SIDE, SIDE)
    assert batch.dtype == torch.uint8
    expected = torch.stack([official(Image.fromarray(picture)) for picture in pictures])
    found = STANDARDISE(batch / 255)
    level = 1 / 255 / 0.26  # one of 256 levels of grey, standardised: Pillow rounds otherwise
    torch.testing.assert_close(found, expected, rtol=0, atol=1.01 * level)
    assert (found - expected).abs().mean() < 0.1 * level


@pytest.mark.parametrize(
    ("architecture", "numbers", "dim"),
    [
        ("ViT-B/32", 87_849_216, 512),
        ("ViT-B/16", 86_192_640, 512),
        ("ViT-L/14", 303_966_208, 768),
        ("ViT-Ti/32", 5_975_616, 192),
    ],
)
def test_the_towers_have_the_official_sizes(architecture, numbers, dim):
    section = ClipParams(architecture=architecture, weights="untrained")
    with torch.device("meta"):  # shapes alone
        backbone = ClipBackbone(section, untrained())
        (rows,) = backbone.compute(torch.zeros(2, 3, 224, 224, dtype=torch.uint8))
        assert rows.shape == (2, dim)
    assert sum(p.numel() for p in backbone.network.parameters()) == numbers


def test_untrained_depends_on_its_seed_alone(monkeypatch, frames):
    monkeypatch.setitem(clip._TOWERS, "ViT-B/32", SMALL)
    before = torch.get_rng_state()
    built = [ClipBackbone(ClipParams(), untrained(seed)) for seed in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    batch = built[0].prepare(frames(2))
    with torch.inference_mode():
        one, same, other = (backbone.compute(batch)[0] for backbone in built)
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)


WRONG = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("<html>please log in</html>\n" * 99),
    "other weights": lambda path: torch.save({"a": torch.ones(2)}, path),
    "a tensor": lambda path: torch.save(torch.ones(2), path),
    "nothing": lambda path: torch.save(None, path),
    "another archive": lambda path: torch.jit.script(torch.nn.Linear(2, 2)).save(path),
    "a pickled model": lambda path: torch.save(tiny_clip(), path),
    "cut off": lambda path: path.write_bytes(path.with_name("archive.pt").read_bytes()[:9999]),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file(checkpoints, kind):
    path = checkpoints["archive"].with_name("wrong.pt")
    WRONG[kind](path)
    with pytest.raises(WeightsError, match=r"wrong\.pt: not a CLIP checkpoint"):
        from_file(path)


def test_a_resnet_tower_is_refused(tmp_path):
    torch.save(tiny_clip(vision_layers=(1, 1, 1, 1), patch=None).state_dict(), tmp_path / "rn.pt")
    with pytest.raises(WeightsError, match=r"rn\.pt: CLIP with a ResNet image tower; use a ViT"):
        from_file(tmp_path / "rn.pt")


def test_pool(checkpoints):
    pool = from_file(checkpoints["state"]).pool
    assert pool(np.array([[1.0, 2.0]])).tolist() == [1, 2]
    rows = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 2.0]])
    assert pool(rows) == pytest.approx(np.array([3, 2, (8 / 3) ** 0.5, 0]))
