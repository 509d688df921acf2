"""YOLO: which things are where (ultralytics), and the detector's pooled embedding."""

from __future__ import annotations

import os
import pickle
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.ops import batched_nms, box_convert

# ultralytics reads these while it is imported: no update check, no pip, nothing in the home folder.
os.environ["YOLO_OFFLINE"] = "True"
os.environ["YOLO_AUTOINSTALL"] = "False"
os.environ["YOLO_VERBOSE"] = "False"
os.environ.setdefault("YOLO_CONFIG_DIR", str(Path(tempfile.gettempdir()) / "harmlib-ultralytics"))
Path(os.environ["YOLO_CONFIG_DIR"]).mkdir(parents=True, exist_ok=True)

_open_picture = Image.open
from ultralytics.data.augment import LetterBox  # noqa: E402
from ultralytics.nn.modules import Detect  # noqa: E402
from ultralytics.nn.tasks import DetectionModel, load_checkpoint  # noqa: E402

# On import it puts an Image.open in place that installs a package at the first damaged picture.
Image.open = _open_picture

from harmlib.features.persons import summarise_detections  # noqa: E402
from harmlib.features.weights import Weights, WeightsError  # noqa: E402

MIN_CONFIDENCE = 0.25  # of a detection that is counted
MAX_IOU = 0.7  # of two detections of one class that are both kept
MAX_CANDIDATES = 3000  # boxes that go into suppression
_CLASSES = 80  # COCO


class YoloBackbone:
    """Frames to [pooled embedding, highest confidence of each class, detection summary]."""

    name = "yolo"

    def __init__(self, model: str, weights: Weights, image_size: int, batch_size: int) -> None:
        """Raises WeightsError when the file holds no COCO detector."""
        self.key, self.batch_size = f"{model} {weights.key}", batch_size
        self.image_size = image_size
        self.network = _build(model, weights).eval()
        self.network.fuse(verbose=False)
        self.unit_shape = (3, image_size, image_size)
        self._letterbox = LetterBox((image_size, image_size), auto=False)
        self._embedding: torch.Tensor | None = None
        # The layer before the detection head is the one that ultralytics' own embed() pools.
        self.network.model[-2].register_forward_hook(self._keep_embedding)

    def _keep_embedding(self, _module: object, _inputs: object, output: torch.Tensor) -> None:
        self._embedding = output.float().mean(dim=(2, 3))

    def prepare(self, frames: list[np.ndarray]) -> torch.Tensor:
        """(n, 3, image_size, image_size) uint8, letterboxed, from n RGB frames."""
        boxed = np.stack([self._letterbox(image=frame) for frame in frames])
        return torch.from_numpy(boxed).permute(0, 3, 1, 2).contiguous()

    def compute(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(n, 3, s, s) uint8 to what is left of the network's output, in one pass.

        Embedding (n, d), highest confidence of each class (n, 80), and of each anchor its box
        (n, 4, anchors) as x, y, width, height, its highest confidence and that one's class.
        """
        predictions = self.network(batch.float() / 255)[0].float()
        confidences = predictions[:, 4:]  # (n, 80, anchors)
        best, classes = confidences.max(dim=1)
        return self._embedding, confidences.amax(dim=2), predictions[:, :4], best, classes

    def finish(
        self,
        embedding: torch.Tensor,
        highest: torch.Tensor,
        boxes: torch.Tensor,
        best: torch.Tensor,
        classes: torch.Tensor,
    ) -> torch.Tensor:
        """(n, embedding + 80 + len(SUMMARY_NAMES))."""
        summaries = [self._summarise(*one) for one in zip(boxes, best, classes, strict=True)]
        return torch.cat([embedding, highest, torch.stack(summaries)], dim=1)

    def _summarise(
        self, boxes: torch.Tensor, best: torch.Tensor, classes: torch.Tensor
    ) -> torch.Tensor:
        """Of one frame: (4, anchors), (anchors,), (anchors,)."""
        seen = (best >= MIN_CONFIDENCE).nonzero().squeeze(1)
        seen = seen[best[seen].argsort(descending=True, stable=True)[:MAX_CANDIDATES]]
        corners = box_convert(boxes[:, seen].T, "cxcywh", "xyxy")
        kept = batched_nms(corners, best[seen], classes[seen], MAX_IOU)
        return torch.from_numpy(
            summarise_detections(
                corners[kept].numpy(), classes[seen][kept].numpy(), self.image_size
            )
        )

    def pool(self, rows: np.ndarray) -> np.ndarray:
        """One vector an item: a picture's own row; for a video mean and maximum over its frames."""
        if len(rows) == 1:
            return rows[0]
        return np.concatenate([rows.mean(axis=0), rows.max(axis=0)])


def _build(model: str, weights: Weights) -> DetectionModel:
    if weights.path is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(weights.seed)
            network = DetectionModel(f"{model}.yaml", nc=_CLASSES, verbose=False)
            _keep_signal(network)
            return network
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network, _ = load_checkpoint(str(weights.path), device="cpu")
    except (RuntimeError, KeyError, AttributeError, EOFError, TypeError, ValueError, OSError,
            AssertionError, ModuleNotFoundError, pickle.UnpicklingError) as error:  # fmt: skip
        raise WeightsError(f"{weights.path}: not an Ultralytics checkpoint: {error}") from error
    head = network.model[-1]
    # Other heads (segmentation, pose, or YOLO26's without suppression) put out other columns.
    if type(head) is not Detect or head.end2end or head.nc != _CLASSES:
        raise WeightsError(
            f"{weights.path}: expected a YOLOv8 or YOLO11 detector (not end-to-end) "
            f"of the {_CLASSES} COCO classes, got {type(network).__name__} with a "
            f"{type(head).__name__} head of {getattr(head, 'nc', '?')} classes"
        )
    return network.float()


def _keep_signal(network: torch.nn.Module) -> None:
    """Initialise the convolutions so that activations keep their size (He et al. 2015, eq. 10).

    PyTorch's own initialisation relies on batch statistics; a network that never trained has none,
    and its embedding would fade to 1e-10, which no scaler tells from a constant.
    """
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.weight.requires_grad:
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
