"""What a user would otherwise run: a straightforward loop of a notebook, for the comparison.

OpenCV reads, one file at a time, fp32, each package's official way in: CLIP's own preprocessing,
YOLO's `predict` and `embed`, SlowFast on a tensor of 32 frames. Weights are those of the params.
"""

import cv2
import numpy as np
import torch
from clip.clip import _transform
from PIL import Image

from harmlib.features.backbones import find_weights, load_backbone
from harmlib.features.slowfast import CLIP_FRAMES
from harmlib.features.yolo import import_ultralytics
from harmlib.params import PROJECT_ROOT


class PlainLoop:
    """The three networks as a notebook would hold them."""

    def __init__(self, params, modality, weights_dir):
        import_ultralytics()
        from ultralytics import YOLO

        weights = {n: find_weights(params, n, weights_dir) for n in ("clip", "yolo", "slowfast")}
        self.params = params
        self.clip = load_backbone(params, "clip", weights["clip"]).network
        self.preprocess = _transform(self.clip.input_resolution)
        self.yolo = YOLO(weights["yolo"].path or f"{params.yolo.architecture}.yaml", verbose=False)
        if modality == "video":
            self.slowfast = load_backbone(params, "slowfast", weights["slowfast"]).network

    def image(self, path):
        """The vector of one image."""
        frame = cv2.imread(str(path))
        return np.concatenate([self._clip([frame])[0], self._yolo([frame])[0]])

    def video(self, path):
        """The vector of one video."""
        frames = self._spread(path, self.params.video_frames)
        fast = self._spread(path, CLIP_FRAMES)  # the file is read again for the other rate
        return np.concatenate(
            [self._clip(frames).mean(0), self._yolo(frames).mean(0), self._slowfast(fast)]
        )

    def _spread(self, path, count):
        capture = cv2.VideoCapture(str(path))
        total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        wanted = set(np.linspace(0, total - 1, count).astype(int).tolist())
        frames = []
        for i in range(total):
            ok, frame = capture.read()
            if not ok:
                break
            if i in wanted:
                frames.append(frame)
        capture.release()
        return frames + frames[-1:] * (count - len(frames))

    @torch.no_grad()
    def _clip(self, frames):
        pictures = [Image.fromarray(cv2.cvtColor(f, cv2.COLOR_BGR2RGB)) for f in frames]
        return self.clip(torch.stack([self.preprocess(p) for p in pictures])).numpy()

    def _yolo(self, frames):
        size = self.params.yolo.image_size
        found = self.yolo.predict(frames, imgsz=size, verbose=False)
        embedded = self.yolo.embed(frames, imgsz=size, verbose=False)
        return np.stack(
            [np.append(e.numpy(), len(f.boxes)) for e, f in zip(embedded, found, strict=True)]
        )

    @torch.no_grad()
    def _slowfast(self, frames):
        side = self.params.slowfast.image_size
        cut = []
        for frame in frames:
            scale = side / min(frame.shape[:2])
            size = [max(side, round(n * scale)) for n in frame.shape[1::-1]]
            small = cv2.cvtColor(cv2.resize(frame, size), cv2.COLOR_BGR2RGB)
            top, left = (small.shape[0] - side) // 2, (small.shape[1] - side) // 2
            cut.append(small[top : top + side, left : left + side])
        clip = torch.from_numpy(np.stack(cut)).permute(3, 0, 1, 2)[None].float() / 255
        clip = (clip - 0.45) / 0.225
        slow = torch.linspace(0, CLIP_FRAMES - 1, CLIP_FRAMES // 4).long()
        pathways = [clip[:, :, slow], clip]
        for block in self.slowfast:
            pathways = block(pathways)
        return torch.cat([p.mean(dim=(2, 3, 4)) for p in pathways], dim=1)[0].numpy()


def real_params():
    """The params of the shared media where they are, else of the demo."""
    from harmlib.params import load_params

    params = load_params(PROJECT_ROOT / "params" / "real.yaml")
    if not params.data.root.is_dir():
        params = load_params(PROJECT_ROOT / "params" / "demo.yaml")
    return params
