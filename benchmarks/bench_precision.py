"""How far the features lie from the slow path, over all media: run this file, without arguments.

The slow path: the same frames, CLIP's own Pillow preprocessing, plain torch in fp32. Prints the
lowest cosine of each backbone, and for YOLO's counts of detections, which jump where a confidence
crosses 0.25, how many pictures they differ in. Takes minutes: plain fp32 is slow.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from clip.clip import _transform
from PIL import Image
from plain_loop import real_params

from harmlib.features.backbones import backbone_names, find_weights, load_backbone
from harmlib.features.device import choose_precision
from harmlib.features.engine import open_engine
from harmlib.features.vector_stream import Window, decode_window
from harmlib.features.yolo import SUMMARY_NAMES
from harmlib.media.decode import load_image
from harmlib.media.video_facts import read_video

CPU, BOUND = torch.device("cpu"), 0.999


def frames_for(backbones, path, modality, params):
    """Backbone name -> the frames that it wants to see of one file."""
    if modality == "image":
        image = load_image(path)
        return {name: [image] for name in backbones}
    window = Window("", path, modality, read_video(path).tracks[0].duration_sec, tuple(backbones))
    return decode_window(window, backbones, params)


def cosine(a, b):
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def main(every=1):
    run = real_params()
    params, precision = run.features, choose_precision("auto", CPU)
    for modality in ("image", "video"):
        names = backbone_names(params, modality)
        backbones = {
            n: load_backbone(params, n, find_weights(params, n, run.artifacts / "weights"))
            for n in names
        }
        engines = {
            n: open_engine(b, CPU, precision, run.artifacts / "compiled")
            for n, b in backbones.items()
        }
        official = _transform(backbones["clip"].network.input_resolution)
        suffixes = {"image": (".jpg", ".png"), "video": (".mp4",)}[modality]
        files = sorted(p for p in Path(run.data.root).rglob("*") if p.suffix in suffixes)[::every]
        cosines, jumps = defaultdict(list), 0
        for path in files:
            frames_of = frames_for(backbones, path, modality, params)
            for name, backbone in backbones.items():
                frames = frames_of[name]
                found = engines[name].start(backbone.prepare(frames))()
                with torch.inference_mode():
                    if name == "clip":
                        own = torch.stack([official(Image.fromarray(f)) for f in frames])
                        slow = backbone.network(own).numpy()
                    else:
                        units = backbone.prepare(frames)
                        slow = backbone.finish(*backbone.compute(units)).numpy()
                if name == "yolo":
                    counts = -len(SUMMARY_NAMES)
                    jumps += (np.abs(found - slow)[:, counts:].max(axis=1) > 0.1).sum()
                    found, slow = found[:, :counts], slow[:, :counts]
                pooled = [backbone.pool(rows)[None] for rows in (found, slow)]
                cosines[name] += cosine(*pooled).tolist()
        for name, found in cosines.items():
            below = sum(value < BOUND for value in found)
            print(f"{modality:<6} {name:<9} {len(found):>6} files  {precision}  lowest cosine to "
                  f"fp32 {min(found):.6f}, {below} below {BOUND}", flush=True)  # fmt: skip
        frames = len(files) * (1 if modality == "image" else params.video_frames)
        print(f"{modality:<6} yolo      counts of detections differ in {jumps} of {frames} frames")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
