"""CLIP: what the picture shows (openai-clip, image tower)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from itertools import groupby
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import interpolate

from harmlib.features.backbones import Backbone
from harmlib.features.tensor_file import read_tensors, tensors_of
from harmlib.features.weights import OfficialFile, Weights, WeightsError
from harmlib.media.decode import RGB
from harmlib.media.frame_times import even_times
from harmlib.params import ClipParams, FeatureParams

# Architecture of the image towers: Radford et al. 2021, table 20; ViT-Ti is that of Touvron et al.
# 2021 ("Training data-efficient image transformers", table 1), of which no CLIP was published.
_TOWERS = {
    "ViT-Ti/32": {"patch_size": 32, "width": 192, "layers": 12, "heads": 3, "output_dim": 192},
    "ViT-B/32": {"patch_size": 32, "width": 768, "layers": 12, "heads": 12, "output_dim": 512},
    "ViT-B/16": {"patch_size": 16, "width": 768, "layers": 12, "heads": 12, "output_dim": 512},
    "ViT-L/14": {"patch_size": 14, "width": 1024, "layers": 24, "heads": 16, "output_dim": 768},
}
_INPUT_PIXELS = 224
# Of a picture's long side to its short one; of a longer one only the middle is resized, since CLIP
# crops to a square anyway: a line of 100,000 pixels would become 22,400,000 x 224.
_MAX_ASPECT = 16
# Of the training pictures, red, green, blue, as in CLIP's own preprocessing.
_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def _official(architecture: str, sha256: str) -> OfficialFile:
    """CLIP's addresses carry the hash of their file."""
    name = architecture.replace("/", "-")
    folder = "https://openaipublic.azureedge.net/clip/models"
    return OfficialFile(architecture, f"{folder}/{sha256}/{name}.pt", sha256)


class ClipBackbone(Backbone):
    """Turns frames into CLIP image embeddings, before any normalisation.

    Parameters
    ----------
    section : ClipParams
        Architecture and batch size.
    weights : Weights
        A TorchScript archive (the official files) or a saved state_dict.

    Raises
    ------
    WeightsError
        If the file does not hold a CLIP image model.
    """

    name = "clip"
    version = 2
    package = "openai-clip"
    official_files: ClassVar[Mapping[str, OfficialFile]] = {
        file.architecture: file
        for file in (
            _official(
                "ViT-B/32", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
            ),
            _official(
                "ViT-B/16", "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"
            ),
            _official(
                "ViT-L/14", "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"
            ),
        )
    }

    def __init__(self, section: ClipParams, weights: Weights) -> None:
        self.weights, self._architecture = weights, section.architecture
        self.key = f"{section.architecture} {weights.key}"
        self.batch_size = section.batch_size
        self._side = _INPUT_PIXELS
        if weights.kind == "file":  # of any size
            self._side = int(self.network.input_resolution)  # type: ignore[arg-type]
        self.unit_shape = (3, self._side, self._side)
        self._mean = torch.tensor(_MEAN)[:, None, None] * 255
        self._std = torch.tensor(_STD)[:, None, None] * 255

    def build(self) -> torch.nn.Module:
        """Build the image tower, a `VisionTransformer`; may raise WeightsError."""
        tower: torch.nn.Module = _build(self._architecture, self.weights).eval()
        return tower

    @staticmethod
    def sampling(params: FeatureParams) -> dict[str, Any]:
        """Frames of a video, spread evenly."""
        return {"frames": params.video_frames}

    @staticmethod
    def wanted_frames(params: FeatureParams, duration_sec: float) -> list[tuple[float, int | None]]:
        """Times in seconds; frames come in their own size."""
        return [(time_sec, None) for time_sec in even_times(duration_sec, params.video_frames)]

    def prepare(self, frames: list[RGB]) -> torch.Tensor:
        """RGB frames to (n, 3, side, side) uint8, resized and cropped as CLIP does."""
        cropped: list[torch.Tensor] = []
        middles = map(_middle, frames)
        for _, same_size in groupby(middles, key=lambda frame: frame.shape):
            pictures = torch.from_numpy(np.stack(list(same_size))).permute(0, 3, 1, 2)
            cropped.append(_resized_middle(pictures, self._side))
        return torch.cat(cropped).contiguous()

    def compute(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(n, 3, side, side) uint8 to (n, output_dim)."""
        mean, std = self._mean.to(batch.device), self._std.to(batch.device)
        return (self.network((batch.float() - mean) / std),)

    def finish(self, *outputs: torch.Tensor) -> torch.Tensor:
        """(n, output_dim), unchanged."""
        (embedding,) = outputs
        return embedding

    def pool(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """An image's own row; for a video the mean and the standard deviation over its frames."""
        pooled: npt.NDArray[np.float32] = (
            rows[0] if len(rows) == 1 else np.concatenate([rows.mean(axis=0), rows.std(axis=0)])
        )
        return pooled


def _middle(frame: RGB) -> RGB:
    """All of a picture that isn't longer than `_MAX_ASPECT` times its short side."""
    height, width = frame.shape[:2]
    most = _MAX_ASPECT * min(height, width)
    top, left = (max(side - most, 0) // 2 for side in (height, width))
    return frame[top : top + most, left : left + most]


def _resized_middle(pictures: torch.Tensor, side: int) -> torch.Tensor:
    """(n, 3, h, w) uint8 to (n, 3, side, side): the short side scaled, the middle of the long one.

    What torchvision's `resize` and `center_crop` do, whose import takes five seconds.
    """
    height, width = pictures.shape[2:]
    short = min(height, width)
    size = [side * height // short, side * width // short]
    small = interpolate(pictures, size, mode="bicubic", antialias=True)
    top, left = (round((length - side) / 2) for length in size)
    return small[:, :, top : top + side, left : left + side]


def _library() -> Any:
    """openai-clip's module of networks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import of pkg_resources warns; setuptools is pinned
        from clip import model
    return model


def _build(architecture: str, weights: Weights) -> Any:
    """The image tower, a `VisionTransformer`."""
    library = _library()
    if weights.path is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(weights.seed or 0)
            return library.VisionTransformer(
                input_resolution=_INPUT_PIXELS, **_TOWERS[architecture]
            )
    try:
        state = tensors_of(read_tensors(weights.path))
        if "visual.proj" in state:
            return _tower(library, state)
    except (RuntimeError, KeyError, TypeError, ValueError, IndexError, AssertionError,
            ArithmeticError) as error:  # fmt: skip
        reason = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise WeightsError(f"{weights.path}: not a CLIP checkpoint: {reason}") from error
    if "visual.attnpool.positional_embedding" in state:
        raise WeightsError(f"{weights.path}: CLIP with a ResNet image tower; use a ViT")
    raise WeightsError(f"{weights.path}: not a CLIP checkpoint: it lacks 'visual.proj'")


def _tower(library: Any, state: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """The image tower of a whole CLIP, as openai-clip's `build_model` makes it."""
    width, _, patch_size, _ = state["visual.conv1.weight"].shape
    side = round((state["visual.positional_embedding"].shape[0] - 1) ** 0.5)  # in patches
    projections = re.compile(r"visual\..+\.attn\.in_proj_weight")
    with torch.device("meta"):  # no memory yet: a file could claim a million layers
        tower: torch.nn.Module = library.VisionTransformer(
            input_resolution=side * patch_size,
            patch_size=patch_size,
            width=width,
            layers=sum(projections.fullmatch(name) is not None for name in state),
            heads=width // 64,
            output_dim=state["visual.proj"].shape[1],
        )
        library.convert_weights(tower)  # to fp16, as the official files are
    # Of the tower's own names: an archive holds other tensors as well.
    own = {
        name: state[f"visual.{name}"].to(empty.dtype) for name, empty in tower.state_dict().items()
    }
    tower.load_state_dict(own, assign=True)
    return tower.float()
