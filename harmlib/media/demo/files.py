"""Write the demo set: JPEG images and H.264 videos, with labels and cameras (groups).

What they show is decided in `cameras` and `scenes`, and drawn in `drawing`.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from harmlib.media.demo.cameras import random_camera
from harmlib.media.demo.drawing import render
from harmlib.media.demo.scenes import random_scene
from harmlib.media.ledger import LABELS
from harmlib.media.whole_file import write_text_whole

DRAWING_VERSION = 3  # raise it when the same seed would draw something else
MARKER = "demo.json"
IMAGE_SIZE = (320, 240)  # width, height in pixels
VIDEO_SIZE = (160, 120)
FPS = 12
VIDEO_SEC = 1
FILES_PER_CAMERA = {"images": 4, "videos": 3}  # or one more: several files share a group
OUR_FILE = re.compile(r"images/\w+/icam\d+_\d+\.jpg|videos/\w+/vcam\d+_\d+\.mp4")

Items = list[tuple[str, str, int]]  # path relative to the root, label, item number


def make_demo(
    root: Path,
    seed: int = 42,
    *,
    images: tuple[int, int] = (166, 40),
    videos: tuple[int, int] = (101, 37),
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draw the demo set, or return at once when it is already there.

    Parameters
    ----------
    root : Path
        The folder to draw it in. It gets `images/{harmful,safe}/*.jpg`,
        `videos/{harmful,safe}/*.mp4`, and `images.csv` and `videos.csv` with the columns path
        (relative to `root`), label, group.
    seed : int
        At least 0. The same arguments give the same bytes on the same machine.
    images, videos : tuple of int
        Counts of harmful and of safe files, at least 1 each. The defaults have the ratios of
        the report that this project reproduces.
    progress : callable, optional
        Called as ``progress(done, total)`` with counts of files.

    Returns
    -------
    Path
        `root`.

    Raises
    ------
    ValueError
        If a count is below 1, the seed is negative, `root` is a file, or files that are not the
        demo's lie where the demo's would: those are never overwritten.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     root = make_demo(Path(folder), images=(1, 1), videos=(1, 1))
    ...     sorted(path.name for path in root.iterdir())
    ['demo.json', 'images', 'images.csv', 'videos', 'videos.csv']
    """
    root = Path(root)
    _check(root, seed, images, videos)
    wanted = {
        "drawing_version": DRAWING_VERSION,
        "seed": seed,
        "images": list(images),
        "videos": list(videos),
    }
    if _is_complete(root, wanted):
        return root
    _clear(root)
    plan = {"images": _plan(seed, "images", images), "videos": _plan(seed, "videos", videos)}
    for modality, label in ((m, label) for m in plan for label in LABELS):
        (root / modality / label).mkdir(parents=True)
    sizes = _draw_all(root, seed, plan["images"] | plan["videos"], progress)
    for modality, cameras in plan.items():
        _write_csv(root / f"{modality}.csv", cameras)
    facts = wanted | {"bytes": dict(sorted(sizes.items()))}
    write_text_whole(root / MARKER, json.dumps(facts, indent=1))
    return root


def _check(root: Path, seed: int, images: tuple[int, int], videos: tuple[int, int]) -> None:
    if root.exists() and not root.is_dir():
        raise ValueError(f"make_demo: {root} is a file; give the folder to draw the demo set in")
    if seed < 0:
        raise ValueError(f"make_demo: seed is {seed}; give an integer of at least 0")
    for name, counts in (("images", images), ("videos", videos)):
        if len(counts) != 2 or min(counts) < 1:
            raise ValueError(
                f"make_demo: {name} is {counts}; give (harmful, safe), each at least 1, "
                "since both classes are needed"
            )


def _is_complete(root: Path, wanted: dict[str, Any]) -> bool:
    try:
        found: dict[str, Any] = json.loads((root / MARKER).read_text())
        sizes: dict[str, int] = found.pop("bytes")
        return found == wanted and all((root / p).stat().st_size == n for p, n in sizes.items())
    except (FileNotFoundError, json.JSONDecodeError, KeyError):
        return False


def _clear(root: Path) -> None:
    """Remove an older or half-drawn demo, and nothing else."""
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if name in ("images.csv", "videos.csv"):
            listed = [line.split(",")[0] for line in path.read_text().splitlines()[1:]]
        elif name.startswith(("images/", "videos/")) and path.is_file():
            listed = [name]
        else:
            continue
        if not all(OUR_FILE.fullmatch(entry) for entry in listed):
            raise ValueError(
                f"make_demo: {path} is not a file of the demo set, and drawing the set anew in "
                f"{root} would mix with it; move it away, or give another folder"
            )
    for name in (MARKER, "images.csv", "videos.csv"):  # the marker first: no longer complete
        (root / name).unlink(missing_ok=True)
    for name in ("images", "videos"):
        if (root / name).exists():
            shutil.rmtree(root / name)


def _plan(seed: int, modality: str, counts: tuple[int, int]) -> dict[str, Items]:
    """Deal the items out to cameras; `modality` is `images` or `videos`."""
    rng = np.random.default_rng([seed, *modality.encode(), *counts])
    labels = rng.permutation(np.repeat(list(LABELS), counts))
    suffix = "jpg" if modality == "images" else "mp4"
    cameras = {}
    count = max(1, len(labels) // FILES_PER_CAMERA[modality])
    chunks = np.array_split(np.arange(len(labels)), count)
    for number, items in enumerate(chunks, start=1):
        camera = f"{modality[0]}cam{number:03d}"
        cameras[camera] = [
            (f"{modality}/{labels[i]}/{camera}_{i:04d}.{suffix}", str(labels[i]), int(i))
            for i in items
        ]
    return cameras


def _draw_all(
    root: Path,
    seed: int,
    cameras: dict[str, Items],
    progress: Callable[[int, int], None] | None,
) -> dict[str, int]:
    """Draw every camera's files, side by side. Return {path: bytes}.

    Threads, since numpy, Pillow and x264 release the GIL, and unlike processes threads also
    start from a notebook or a script that is not guarded by `if __name__ == "__main__"`.
    """
    total = sum(len(items) for items in cameras.values())
    sizes: dict[str, int] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = [pool.submit(_draw_camera, root, seed, *camera) for camera in cameras.items()]
        try:
            for future in as_completed(futures):
                sizes |= future.result()
                if progress:
                    progress(len(sizes), total)
        finally:  # after an error or an interrupt, start nothing more
            for future in futures:
                future.cancel()
    return sizes


def _draw_camera(root: Path, seed: int, name: str, items: Items) -> dict[str, int]:
    """Draw and write the files of one camera. Return {path: bytes}."""
    is_video = name.startswith("v")
    origin = [seed, *name.encode()]
    camera = random_camera(np.random.default_rng(origin), VIDEO_SIZE if is_video else IMAGE_SIZE)
    for path, label, number in items:
        rng = np.random.default_rng([*origin, number])
        scene = random_scene(rng, camera, label)
        if is_video:
            times = np.arange(VIDEO_SEC * FPS) / FPS
            _write_video(root / path, (render(scene, t, rng) for t in times), camera.quality)
        else:
            frame = render(scene, rng.uniform(0, VIDEO_SEC), rng)
            Image.fromarray(frame).save(root / path, quality=camera.quality)
    return {path: (root / path).stat().st_size for path, _, _ in items}


def _write_video(path: Path, frames: Iterable[npt.NDArray[np.uint8]], quality: int) -> None:
    """Encode RGB frames as H.264.

    One thread, so that the bytes do not depend on scheduling; and tuned for no lookahead, since
    x264's lookahead gives other bytes from run to run on processors with AVX-512 (measured).
    """
    rate_factor = round(44 - quality / 5)  # JPEG 55..89 gives x264's crf 33..26
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height = VIDEO_SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {
            "crf": str(rate_factor),
            "preset": "veryfast",
            "tune": "zerolatency",
            "threads": "1",
        }
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def _write_csv(path: Path, cameras: dict[str, Items]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["path", "label", "group"])
        rows.writerows([p, label, name] for name, items in cameras.items() for p, label, _ in items)
