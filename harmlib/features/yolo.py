"""YOLO: which things are where (ultralytics), and the detector's pooled embedding."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from harmlib.features.backbones import Backbone
from harmlib.features.tensor_file import TensorFileError
from harmlib.features.weights import OfficialFile, Weights, WeightsError
from harmlib.features.yolo_file import OtherNetworkError, read_detector
from harmlib.media.decode import RGB
from harmlib.media.frame_times import even_times
from harmlib.media.whole_file import remove_ownerless, temporary_prefix
from harmlib.params import FeatureParams, YoloParams

MIN_CONFIDENCE = 0.25  # of a detection that is counted
MAX_IOU = 0.7  # of two detections of one class that are both kept
MAX_CANDIDATES = 3000  # boxes that go into suppression
PERSON = 0  # COCO class index
SUMMARY_NAMES = (
    "objects",  # log(1 + count)
    "persons",  # log(1 + count)
    "person_area",  # share of the picture that the largest person fills, 0 to 1
    "nearness_max",  # of the closest pair: 1 / (1 + distance of centres / mean height)
    "nearness_mean",  # of each person's nearest neighbour
    "overlap_max",  # highest intersection over union of two persons, 0 to 1
    "overlapping",  # share of persons that overlap another one
)
_CLASSES = 80  # COCO
_GREY = 114  # around a picture that is no square
_LEAST_SIDE = 64  # pixels of a picture, of which the coarsest of the head's three grids is 2 x 2
_RELEASE = "https://github.com/ultralytics/assets/releases/download/v8.4.0"


class YoloBackbone(Backbone):
    """Turns frames into [pooled embedding, highest confidence of each class, detection summary].

    Parameters
    ----------
    section : YoloParams
        Architecture, picture size and batch size.
    weights : Weights
        An Ultralytics checkpoint.

    Raises
    ------
    WeightsError
        If the file does not hold a COCO detector.
    """

    name = "yolo"
    version = 3
    package = "ultralytics"
    # Ultralytics publishes no hashes; these are the ones that several independent public projects
    # recorded for these very addresses (6,549,796 and 5,613,764 bytes).
    official_files: ClassVar[Mapping[str, OfficialFile]] = {
        "yolov8n": OfficialFile(
            "yolov8n",
            f"{_RELEASE}/yolov8n.pt",
            "f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36",
        ),
        "yolo11n": OfficialFile(
            "yolo11n",
            f"{_RELEASE}/yolo11n.pt",
            "0ebbc80d4a7680d14987a577cd21342b65ecfd94632bd9a8da63ae6417644ee1",
        ),
    }

    def __init__(self, section: YoloParams, weights: Weights) -> None:
        self.weights, self._architecture = weights, section.architecture
        self.key = f"{section.architecture} {weights.key}"
        self.batch_size, self.image_size = section.batch_size, section.image_size
        self.unit_shape = (3, self.image_size, self.image_size)
        self._embedding = torch.empty(0)

    def build(self) -> torch.nn.Module:
        """Build the detector; may raise WeightsError."""
        import_ultralytics()
        detector = _build(self._architecture, self.weights)
        # The layer before the detection head is the one that ultralytics' own embed() pools.
        detector.model[-2].register_forward_hook(self._keep_embedding)
        network: torch.nn.Module = detector
        return network

    def _keep_embedding(self, _module: object, _inputs: object, output: torch.Tensor) -> None:
        self._embedding = output.float().mean(dim=(2, 3))

    @staticmethod
    def sampling(params: FeatureParams) -> dict[str, Any]:
        """Frames of a video, spread evenly."""
        return {"frames": params.video_frames}

    @staticmethod
    def wanted_frames(params: FeatureParams, duration_sec: float) -> list[tuple[float, int | None]]:
        """Times in seconds; frames come in their own size."""
        return [(time_sec, None) for time_sec in even_times(duration_sec, params.video_frames)]

    def prepare(self, frames: list[RGB]) -> torch.Tensor:
        """(n, 3, image_size, image_size) uint8, letterboxed, from n RGB frames."""
        boxed = np.stack([letterbox(frame, self.image_size) for frame in frames])
        return torch.from_numpy(boxed).permute(0, 3, 1, 2).contiguous()

    def compute(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(n, 3, s, s) uint8 to what is kept of the network's output, in one pass.

        Embedding (n, d), highest confidence of each class (n, 80), and of each anchor its box
        (n, 4, anchors) as x, y, width, height, its highest confidence and that one's class.
        """
        predictions = self.network(batch.float() / 255)[0].float()
        confidences = predictions[:, 4:]  # (n, 80, anchors)
        best, classes = confidences.max(dim=1)
        return self._embedding, confidences.amax(dim=2), predictions[:, :4], best, classes

    def finish(self, *outputs: torch.Tensor) -> torch.Tensor:
        """(n, embedding + 80 + len(SUMMARY_NAMES))."""
        embedding, highest, boxes, best, classes = outputs
        summaries = [self._summarise(*one) for one in zip(boxes, best, classes, strict=True)]
        return torch.cat([embedding, highest, torch.stack(summaries)], dim=1)

    def _summarise(
        self, boxes: torch.Tensor, best: torch.Tensor, classes: torch.Tensor
    ) -> torch.Tensor:
        """Of one frame: (4, anchors), (anchors,), (anchors,) to (len(SUMMARY_NAMES),)."""
        seen = (best >= MIN_CONFIDENCE).nonzero().squeeze(1)
        seen = seen[best[seen].argsort(descending=True, stable=True)[:MAX_CANDIDATES]]
        centre, half = boxes[:2, seen].T, boxes[2:, seen].T / 2
        corners = torch.cat([centre - half, centre + half], dim=1).numpy()
        kept = kept_boxes(corners, best[seen].numpy(), classes[seen].numpy())
        return torch.from_numpy(
            summarise_detections(corners[kept], classes[seen].numpy()[kept], self.image_size)
        )

    def pool(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """An image's own row; for a video the mean and the maximum over its frames."""
        pooled: npt.NDArray[np.float32] = (
            rows[0] if len(rows) == 1 else np.concatenate([rows.mean(axis=0), rows.max(axis=0)])
        )
        return pooled


def letterbox(frame: RGB, side: int) -> RGB:
    """Scale a picture into a grey square, as Ultralytics' `LetterBox` does.

    Parameters
    ----------
    frame : ndarray of uint8, shape (height, width, 3)
    side : int
        Of the square, in pixels.

    Returns
    -------
    ndarray of uint8, shape (side, side, 3)

    Notes
    -----
    Importing Ultralytics for it would take as long as importing everything else of a prediction.
    """
    import cv2

    cv2.setNumThreads(1)  # files are prepared side by side already
    height, width = frame.shape[:2]
    scale = min(side / height, side / width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small: Any = frame if size == (width, height) else cv2.resize(frame, size)
    across, down = (side - size[0]) / 2, (side - size[1]) / 2
    edges = round(down - 0.1), round(down + 0.1), round(across - 0.1), round(across + 0.1)
    boxed: Any = cv2.copyMakeBorder(small, *edges, cv2.BORDER_CONSTANT, value=(_GREY,) * 3)
    return np.asarray(boxed)


def kept_boxes(
    corners: npt.NDArray[np.float32],
    confidences: npt.NDArray[np.float32],
    classes: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Leave out what overlaps a surer detection of its class by more than `MAX_IOU`.

    Parameters
    ----------
    corners : ndarray of shape (n, 4)
        Left, top, right, bottom in pixels.
    confidences : ndarray of shape (n,)
    classes : ndarray of int, shape (n,)

    Returns
    -------
    ndarray of int
        Indices of those that stay, the surest first.
    """
    import cv2

    sizes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(
        sizes.tolist(), confidences.tolist(), classes.tolist(), 0.0, MAX_IOU
    )
    return np.asarray(kept, dtype=np.int64).reshape(-1)


def summarise_detections(
    boxes: npt.NDArray[np.float32], classes: npt.NDArray[np.int64], image_size: int
) -> npt.NDArray[np.float32]:
    """Summarise who and what is in a picture, and how near and how overlapping persons are.

    Parameters
    ----------
    boxes : ndarray of shape (n, 4)
        Left, top, right, bottom in pixels.
    classes : ndarray of int, shape (n,)
        COCO class indices.
    image_size : int
        Side of the square picture in pixels.

    Returns
    -------
    ndarray of shape (len(SUMMARY_NAMES),)
        The numbers of `SUMMARY_NAMES`; all zero if nothing was detected.

    Examples
    --------
    >>> person = np.array([[0.0, 0.0, 50.0, 100.0]])
    >>> summary = summarise_detections(person, np.array([PERSON]), image_size=100)
    >>> dict(zip(SUMMARY_NAMES, summary.tolist()))["person_area"]
    0.5
    """
    persons = boxes[classes == PERSON]
    out = np.zeros(len(SUMMARY_NAMES), dtype=np.float32)
    out[0], out[1] = np.log1p(len(boxes)), np.log1p(len(persons))
    if len(persons):
        width, height = (persons[:, 2:] - persons[:, :2]).T
        out[2] = min(1.0, float((width * height).max()) / image_size**2)
    if len(persons) > 1:
        nearness, overlap = _pairwise(persons)
        out[3], out[4] = nearness.max(), nearness.max(axis=1).mean()
        out[5], out[6] = overlap.max(), (overlap.max(axis=1) > 0).mean()
    return out


def _pairwise(
    boxes: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(n, n) nearness and intersection over union of every pair; zero on the diagonal."""
    size = boxes[:, 2:] - boxes[:, :2]  # (n, 2)
    centre = boxes[:, :2] + size / 2
    distance = np.linalg.norm(centre[:, None] - centre[None], axis=2)
    mean_height = (size[:, None, 1] + size[None, :, 1]) / 2
    nearness = 1 / (1 + distance / np.maximum(mean_height, 1e-6))

    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    area = size.prod(axis=1)
    overlap = shared / np.maximum(area[:, None] + area[None] - shared, 1e-6)
    for matrix in (nearness, overlap):
        np.fill_diagonal(matrix, 0.0)
    return nearness, overlap


def import_ultralytics() -> None:
    """Import ultralytics without its side effects on the machine.

    It would check for updates, write settings to the home folder, install packages with pip,
    replace Pillow's `Image.open` by a function that installs one at the first damaged picture and
    `torch.save` by one of its own, and change how NumPy and torch print numbers.
    """
    os.environ |= {"YOLO_OFFLINE": "True", "YOLO_AUTOINSTALL": "False", "YOLO_VERBOSE": "False"}
    if "ultralytics.nn.tasks" in sys.modules:
        return
    open_picture, save, printing = Image.open, torch.save, np.get_printoptions()
    with _settings_folder():
        import ultralytics.data.augment
        import ultralytics.nn.tasks  # noqa: F401

    torch.save = save
    Image.open = open_picture
    np.set_printoptions(**printing)
    torch.set_printoptions(profile="default")


@contextmanager
def _settings_folder() -> Iterator[None]:
    """A folder for the settings that Ultralytics writes and reads when it is imported.

    It is new and nobody else's: settings that lie where others can write could be theirs.
    """
    name = "YOLO_CONFIG_DIR"
    remove_ownerless()
    before = os.environ.get(name)
    with tempfile.TemporaryDirectory(prefix=temporary_prefix("ultralytics")) as folder:
        os.environ[name] = folder
        try:
            yield
        finally:
            del os.environ[name]
            if before is not None:
                os.environ[name] = before


def _build(architecture: str, weights: Weights) -> Any:
    """A `DetectionModel` with the head of YOLOv8 and YOLO11."""
    from ultralytics.nn.tasks import DetectionModel

    if weights.path is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(weights.seed or 0)
            name = f"{architecture}.yaml"
            network = DetectionModel(name, nc=_CLASSES, verbose=False)
            _keep_signal(network)
            return network.eval().fuse(verbose=False)
    try:
        network = read_detector(weights.path, _CLASSES)
        network.fuse(verbose=False)
        with torch.no_grad():  # layers that don't fit each other are found here
            network(torch.zeros(1, 3, _LEAST_SIDE, _LEAST_SIDE))
    except OtherNetworkError as error:
        raise WeightsError(f"{weights.path}: {error}") from None
    except (TensorFileError, AttributeError, IndexError, KeyError, RuntimeError, TypeError,
            ValueError) as error:  # fmt: skip
        raise WeightsError(f"{weights.path}: not an Ultralytics checkpoint: {error}") from error
    return network


def _keep_signal(network: torch.nn.Module) -> None:
    """Initialise the convolutions so that activations keep their size (He et al. 2015, eq. 10).

    PyTorch's own initialisation relies on batch statistics; a network that never trained has none,
    and its embedding would fade to 1e-10, which no scaler tells from a constant.
    """
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.weight.requires_grad:
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
