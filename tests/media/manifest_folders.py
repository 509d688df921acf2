"""A manifest of a small folder of pictures, with settings that fit it."""

from harmlib.media.listing import scan_folders
from harmlib.media.manifest import build_manifest

PER_CLASS = 6


def build(listed, root, modality="image", **changes):
    settings = {"ratio": None, "val_fraction": 0.2, "test_fraction": 0.2, "seed": 1}
    settings["probe_cache"] = root / ".probe.parquet"
    return build_manifest(listed, root, modality, **settings | changes)


def build_folder(root, **changes):
    return build(scan_folders(root, "image"), root, **changes)
