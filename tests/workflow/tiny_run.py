"""Media and params of the smallest real run: images only, one backbone, one variant, no folds."""

import yaml

from harmlib.media.demo import make_demo
from harmlib.media.demo.files import MARKER


def make_tiny_run(folder, *more_lines):
    """Write `media`, one file of it damaged, and `params.yaml`, for a run of five steps.

    more_lines : further lines of the list of images
    """
    media = folder / "media"
    make_demo(media, seed=3, images=(16, 10), videos=(1, 1))
    (media / MARKER).unlink()
    (media / "images/safe/broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    with (media / "images.csv").open("a", encoding="utf-8") as file:
        lines = ("images/safe/broken.jpg,safe,nowhere", *more_lines)
        file.writelines(f"{line}\n" for line in lines)
    content = {
        "run": "tiny",
        "seed": 1,
        "modalities": ["image"],
        "reports": str(folder / "reports"),
        "artifacts": str(folder / "artifacts"),
        "data": {"root": str(media), "image_csv": "images.csv"},
        "features": {
            "precision": "fp32",
            "clip": None,
            "slowfast": None,
            "yolo": {"weights": "untrained", "image_size": 64},
        },
        "variants": {"model3": None, "model4": None, "model5": None,
                     "model2": {"image": {"epochs": 2}}},
    }  # fmt: skip
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
