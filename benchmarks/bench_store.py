"""The feature store at 10^6 items: `missing` and `load` of 10^4, and what making it costs.

Each figure is of a process of its own: seconds, of them processor time, and how far its memory
rose above what it held before. Cold: the system was asked to forget the store's files first. The
hashes are drawn at random from all. `--items 100000` takes less room (10^6 vectors of CLIP take
2 GB, and twice that for a moment); `--dim 2304` makes them longer.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from harmlib.features.store import FeatureStore

ASKED = 10_000
PART = 4_096  # vectors a part, as they are added
GOAL_SEC, GOAL_MIB = 2, 500
MOST_NUMBERS = 10**9  # that are loaded at once: they are in memory then

HELD_TO_GOAL = ("missing", "missing, cold", "load", "load, cold")
ORDER = (
    "add",
    "missing, before compact",
    "compact",
    *HELD_TO_GOAL,
    "load, added in a row",
    "missing, all",
    "load, all",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--folder", help="where the store is made, and removed again")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.items, given.dim, *given.measure)))
        return
    print(
        f"{given.items:,} vectors of {given.dim:,} numbers: {given.items * given.dim * 4e-9:.1f} GB"
    )
    print(f"goal for {ASKED:,} of them: under {GOAL_SEC} s and {GOAL_MIB} MiB")
    print(f"{'':28}{'hashes':>10}{'seconds':>10}{'processor':>11}{'memory':>12}")
    with tempfile.TemporaryDirectory(dir=given.folder) as root:
        for what in ORDER[: -1 if given.items * given.dim > MOST_NUMBERS else None]:
            row(what, measured_alone(given, what, root))


def row(what, found):
    met = found["seconds"] < GOAL_SEC and found["mib"] < GOAL_MIB
    told = ("  goal met" if met else "  GOAL MISSED") if what in HELD_TO_GOAL else ""
    print(
        f"{what:28}{found['asked']:>10,}{found['seconds']:10.2f}{found['processor']:11.2f}"
        f"{found['mib']:8,.0f} MiB{told}",
        flush=True,
    )


def measured_alone(given, what, root):
    if what.endswith("cold"):
        forget(root)
    size = ["--items", str(given.items), "--dim", str(given.dim)]
    command = [sys.executable, __file__, *size, "--measure", what, root]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def measure(items, dim, what, root):
    store = FeatureStore(root, "clip", {})
    whole = what.endswith("all") or what in ("add", "compact")
    asked = items if whole else min(ASKED, items)
    drawn = np.random.default_rng(0).choice(items, asked, replace=False)
    some = [sha256(i) for i in (range(asked) if whole or "row" in what else drawn)]
    lacking = [sha256(-i) for i in range(1, 101)]
    actions = {
        "add": lambda: add(store, some, dim),
        "compact": store.compact,
        "missing": lambda: check(store.missing(some + lacking) == lacking),
        "load": lambda: check(store.load(some).shape == (asked, dim)),
    }
    before, began, used = memory_mib("VmRSS"), time.perf_counter(), time.process_time()
    actions[what.partition(",")[0]]()
    return {
        "asked": asked,
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - used,
        "mib": memory_mib("VmHWM") - before,
    }


def add(store, hashes, dim):
    rng = np.random.default_rng(1)
    for first in range(0, len(hashes), PART):
        some = hashes[first : first + PART]
        store.add(dict(zip(some, rng.random((len(some), dim), np.float32), strict=True)))


def check(right):
    assert right


def sha256(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


def forget(root):
    """Ask the system to drop the files' pages; what isn't on the disk yet is written first."""
    os.sync()
    for path in Path(root).rglob("*.*"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def memory_mib(name):
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if name in one]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
