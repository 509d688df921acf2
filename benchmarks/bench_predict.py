"""How soon `harmlib predict` says something, and how fast it goes on: run without arguments.

It draws the demo's media, trains a classifier of each modality on a few of them, and measures:

- from the start of the program to the first verdict, with networks that are converted already, and
  to the refusal of a mistyped path: wall time, and processor time with the decoders' (medians);
- how many frames are decoded for each frame of a video;
- files a second once the networks are open, and that against decoding each video twice, which is
  what videos beyond the bound on kept frames are. Both ways go in turn, so their ratio holds on a
  busy machine too.

`--networks small` takes the demo's small networks. `--model FOLDER --media FOLDER` measures your
own checkpoints on your own files.
"""

import argparse
import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from unittest import mock

import psutil

from harmlib.features.backbones import backbone_names, find_weights, open_store
from harmlib.features.computing import choose_computing
from harmlib.features.device import choose_device
from harmlib.media import held_video, video, video_facts
from harmlib.media.contained import identify
from harmlib.media.decode import MediaError
from harmlib.media.decoders import DecodeLimits
from harmlib.media.demo import make_demo
from harmlib.media.find import find_files
from harmlib.media.manifest import build_manifests
from harmlib.media.tracks import decode
from harmlib.models.checkpoint import make_checkpoint, save_checkpoint
from harmlib.models.losses import positive_weight
from harmlib.models.stacked import Head
from harmlib.models.training_data import load_training_data
from harmlib.models.variant_training import choose_operating_points, train_one
from harmlib.params import PROJECT_ROOT, Params, load_params
from harmlib.predict.predictor import ARTIFACTS, open_predictors
from harmlib.predict.stream import predict_stream

FULL = {name: {"weights": "untrained"} for name in ("clip", "yolo", "slowfast")}


def own_params(folder, networks):
    demo = load_params(PROJECT_ROOT / "params" / "demo.yaml")
    content = demo.model_dump(mode="json") | {"artifacts": str(ARTIFACTS)}
    content["data"] |= {"root": str(folder), "draw_demo": False}
    if networks == "full":
        content["features"] = FULL
    return Params.model_validate(content, strict=False)


def train(params, folder):
    """A checkpoint of each modality in `folder`; where features are reused it takes seconds."""
    manifest, _ = build_manifests(params)
    computing, device = choose_computing(params), choose_device("auto")
    for modality in params.modalities:
        items = manifest[manifest["modality"] == modality]
        weights, stores = {}, {}
        for name in backbone_names(params.features, modality):
            weights[name] = find_weights(params.features, name, ARTIFACTS / "weights")
            stores[name] = open_store(
                params.features, name, weights[name], modality, str(computing.precision),
                ARTIFACTS / "features",
            )  # fmt: skip
        computing.extract(items, weights, stores, None)
        data = load_training_data(
            items, params.features, modality, device=device, artifacts=ARTIFACTS
        )
        spec = params.variants["model4"]
        weight = positive_weight(spec.pos_weight, data.splits["train"].labels)
        training = train_one(
            Head(data.splits, 1, weight), data.dims, spec, spec.schedule(modality), device=device
        )
        points = choose_operating_points(training, spec).assign(pos_weight=weight)
        made = make_checkpoint(data, training, points, variant="model4", spec=spec, seed=1)
        save_checkpoint(folder / f"{modality}_model_best.pth", made)


def processor_sec(process):
    """Of a process and of those that it started."""
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        times = child.cpu_times()
        total += times.user + times.system
    return total


def first_line(arguments, *, skip=0):
    """Wall and processor time until the program has written a line, or has ended."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "harmlib.cli.main", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if skip else subprocess.STDOUT,
        cwd=PROJECT_ROOT, env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
    ) as started:  # fmt: skip
        process = psutil.Process(started.pid)
        lines = [started.stdout.readline() for _ in range(skip + 1)]
        wall, processor = time.perf_counter() - began, processor_sec(process)
        started.kill()
    assert lines[-1], f"nothing was said to {arguments}"
    return wall, processor


def starts(model, media, rounds):
    files = {kind: media[kind][0] for kind in media if media[kind]}
    first_line(["predict", model, *files.values()], skip=1)  # converts, and fills the disk's cache
    asked = {f"first verdict, {kind}": ([file], 1) for kind, file in files.items()}
    asked["a mistyped path is refused"] = (["no such file"], 0)
    taken = {what: [] for what in asked}
    for _ in range(rounds):
        for what, (paths, skip) in asked.items():
            taken[what].append(first_line(["predict", model, *paths], skip=skip))
    print(f"\n{'from the start until':<30} {'wall':>9} {'processor':>10}")
    for what, times in taken.items():
        wall, processor = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{what:<30} {wall:7.2f} s {processor:8.2f} s")


class Here:
    """Stands for a conversation with another process, so that what it decodes can be counted."""

    is_spent = False

    def __init__(self, _, function, *args):
        self._answers = function(*args)

    def say(self, value=None):
        """Go on here."""
        return self._answers.send(value)

    def close(self):
        """Nothing more is wanted."""
        self._answers.close()


def count_decodes(predictors, videos):
    """Frames decoded for each frame, of each video."""
    counts = Counter()

    def counting(container, streams):
        for one in decode(container, streams):
            counts["decoded"] += len(one.frames)
            yield one

    def here(_, work, *args):
        return work(*args)

    frames = sum(held_video.probe_and_hold(one, 10**6, 10**8, DecodeLimits(), None)[0].frames
                 for one in videos)  # fmt: skip
    with (
        mock.patch.object(video, "decode", counting),
        mock.patch.object(video_facts, "decode", counting),
        mock.patch.object(held_video, "Conversation", Here),
        mock.patch.object(held_video.contained, "contained", here),
        mock.patch.object(held_video.contained, "contained_stream", here),
    ):
        list(predict_stream(predictors, videos))
    return counts["decoded"] / frames


def timed(predictors, files):
    began, before = time.perf_counter(), processor_sec(psutil.Process())
    found = list(predict_stream(predictors, files))
    assert len(found) == len(files)
    return time.perf_counter() - began, processor_sec(psutil.Process()) - before


def goes_on(model, media, rounds):
    predictors = open_predictors(model)
    for kind, files in media.items():
        if not files:
            continue
        ways = {"once": held_video.MAX_KEPT_BYTES}
        if kind == "video":
            ways["twice"] = 0
        taken = {way: [] for way in ways}
        timed(predictors, files[:4])
        for _ in range(rounds):
            for way, max_bytes in ways.items():
                with mock.patch.object(held_video, "MAX_KEPT_BYTES", max_bytes):
                    taken[way].append(timed(predictors, files))
        print(f"\n{len(files)} files, {kind}")
        for way, times in taken.items():
            wall, processor = (statistics.median(one) for one in zip(*times, strict=True))
            with mock.patch.object(held_video, "MAX_KEPT_BYTES", ways[way]):
                decodes = count_decodes(predictors, files) if kind == "video" else 0
            note = f"   {decodes:.2f} frames decoded for each frame" if decodes else ""
            print(
                f"  {len(files) / wall:6.2f} files a second, {processor / len(files):.3f} s of "
                f"processor time each{note}"
            )
        if kind == "video":
            ratios = [two[1] / one[1] for one, two in zip(*taken.values(), strict=True)]
            print(f"  processor time, decoded twice against once: {statistics.median(ratios):.2f}x")


def usable(found, most):
    """Pictures and videos, at most so many of each."""
    kinds = {"image": [], "video": []}
    for path in found:
        if isinstance(path, Path):
            with contextlib.suppress(MediaError):
                kinds[identify(path)].append(path)
    return {kind: files[:most] for kind, files in kinds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", choices=("full", "small"), default="full")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--media", type=Path)
    parser.add_argument("--files", type=int, default=24, help="of each modality")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.media is None or options.model is None:
            media = make_demo(folder / "media", images=(30, 10), videos=(30, 10))
        if options.model is None:
            train(own_params(media, options.networks), folder)
        kinds = usable(find_files([str(options.media or media)]), options.files)
        starts(options.model or folder, kinds, options.rounds)
        goes_on(options.model or folder, kinds, options.rounds)


if __name__ == "__main__":
    main()
