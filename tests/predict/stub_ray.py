"""Ray without Ray: its stages run in this process; and what shards of tiny predictors hold."""

import random
from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import av
import numpy as np
import pandas as pd
from tiny_predictor import TinyOpener

from harmlib.features import ray_blocks
from harmlib.media.decoders import DecodeLimits
from harmlib.predict import ray_stream
from harmlib.predict.decision_log import DecisionLog
from harmlib.predict.log_chain import verify
from harmlib.predict.sharded import predict_into_shards
from harmlib.predict.windows import Windowing

SHARD = 13  # files
LIMITS = DecodeLimits(max_gib=0.5)  # an eighth of which the frames of a video may take
SIZE = (640, 480)  # of the long videos


def record(path, frames, first=0, size=(64, 48)):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for i in range(frames):
            pixels = np.full((*size[::-1], 3), 3 * (first + i) % 251, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = i if size[0] < SIZE[0] else 2 * i
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def written(folder, windowing=None, stream=None, files=(), **options):
    """Call it, and give what lies in each of its shards, less what differs from call to call."""
    opener = TinyOpener(windowing=windowing or Windowing())
    done = predict_into_shards(
        folder, opener.open(), files, files=SHARD, limits=LIMITS, stream=stream, **options
    )
    return done, content_of(folder)


def content_of(folder):
    found = {}
    for path in sorted([*folder.glob("*.parquet"), *folder.glob("*.csv")]):
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        table = table.drop(columns=["seconds", "id", "strip"], errors="ignore")
        table = table.sort_values(list(table)[:3]).reset_index(drop=True)
        found[path.name] = table.to_csv()  # each number with all its digits
    for path in folder.glob("*.decisions.jsonl"):
        assert verify(path).problem == ""
        counts = Counter(entry["path"] for entry in DecisionLog(path))
        assert set(counts.values()) == {1}, "no file is decided twice"
    return found


class Here:
    """Stands for Ray: stages run in this process; what comes of them may be mixed up or lost."""

    def __init__(self, monkeypatch, change=list):
        self.tables, self.jobs = [], []

        def computed_on_ray(tables, prepare, prepare_args, compute, compute_args, _):
            self.tables.append(tables)
            self.jobs.append(prepare_args[0])
            actor = compute(*compute_args)
            units = [unit for table in tables for unit in prepare(table, *prepare_args)]
            return SimpleNamespace(iter_batches=lambda **_: change(map(actor, units)))

        monkeypatch.setattr(ray_stream, "computed_on_ray", computed_on_ray)
        monkeypatch.setattr(ray_blocks, "YIELD_BYTES", 1)  # each window in a block of its own
        monkeypatch.setattr(ray_stream, "joined_cluster", nullcontext)
        monkeypatch.setattr(ray_stream, "node_resources", lambda: [{"CPU": 1}])

    def written(self, folder, files, **options):
        with ray_stream.ray_stream(TinyOpener(options.get("windowing") or Windowing())) as stream:
            return written(folder, stream=stream, files=files, **options)


def mixed(tables):
    tables = list(tables)
    random.Random(3).shuffle(tables)
    return [*tables, *tables[:9]]  # a stage that is repeated gives some a second time
