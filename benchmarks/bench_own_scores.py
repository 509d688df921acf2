"""How long `harmlib run` takes on a table of scores: run this file, with `--rows` for other sizes.

Two tables of a million lines: one model without categories, and two models on three categories
with groups and two columns of slices. Each is compared with a hundredth of its lines, which costs
what every run costs: kernels, figures, pages. Goals: 60 s of wall time, 4 GiB, a page of 5 MB.
Seconds depend on what else the machine does: processor time and the load stand beside them.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from harmlib.params import PROJECT_ROOT

GOAL_SEC, GOAL_GIB, GOAL_MB = 60, 4, 5
PAUSE_SEC = 0.5


def write_table(rows, path, *, wide):
    """A fifth of the items is harmful; three items have one source."""
    rng = np.random.default_rng(0)
    label = (rng.random(rows) < 0.2).astype(int)

    def scores(apart):
        return (1 / (1 + np.exp(1.5 - 2 * apart * label - rng.normal(0, 1.5, rows)))).round(6)

    table = {"id": [f"i{i:07}" for i in range(rows)], "label": label}
    if wide:
        table |= {
            "category": rng.choice(["gun", "fire", "blood"], rows),
            "group": [f"g{i // 3:07}" for i in range(rows)],
            "device": rng.choice([f"d{i}" for i in range(8)], rows),
            "language": rng.choice(["ko", "en", "ja"], rows),
            "score_api": scores(1.5),
            "score_open": scores(1.2),
        }
    else:
        table["score"] = scores(1.5)
    pd.DataFrame(table).to_csv(path, index=False)


def family(pid):
    """A process and all that it has started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def gibibytes(pid):
    """Memory of a process and its family; what they share counts once. 0 where not Linux."""
    total = 0
    for one in family(pid) if sys.platform == "linux" else []:
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 2**20


def measure(rows, folder, *, wide):
    """Seconds of wall and processor, GiB at the most, and MB of the page, of one run."""
    folder.mkdir()
    write_table(rows, folder / "scores.csv", wide=wide)
    told = {"run": "big", "scores": str(folder / "scores.csv"), "reports": str(folder / "reports")}
    told |= {"artifacts": str(folder / "artifacts")}
    (folder / "scores.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    before, began, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0.0
    command = [sys.executable, "-m", "harmlib.cli.main", "run", str(folder / "scores.yaml")]
    with (folder / "said.txt").open("w") as said:
        run = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=said, stderr=said)
        while run.poll() is None:
            peak = max(peak, gibibytes(run.pid))
            time.sleep(PAUSE_SEC)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        raise SystemExit((folder / "said.txt").read_text())
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    page = (folder / "reports" / "big" / "index.html").stat().st_size / 1e6
    return seconds, spent, peak, page


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, pandas {pd.__version__}"
    )
    for wide in (False, True):
        print("two models, three categories, two slices:" if wide else "one model:")
        spent = {}
        for size in (rows // 100, rows):
            with tempfile.TemporaryDirectory() as name:
                found = measure(size, Path(name) / "run", wide=wide)
            spent[size] = found
            seconds, processor, peak, page = found
            print(
                f"  {size:9,} rows  {seconds:6.1f} s, processor {processor:6.1f} s, "
                f"{peak:4.2f} GiB, page {page:4.2f} MB, load {os.getloadavg()[0]:.1f}"
            )
        small, large = spent[rows // 100], spent[rows]
        print(f"  100 times the rows: {large[1] / small[1]:.2f} times the processor's time")
        print(f"  of the goals: {large[0] / GOAL_SEC:.2f} of {GOAL_SEC} s, "
              f"{large[2] / GOAL_GIB:.2f} of {GOAL_GIB} GiB, "
              f"{large[3] / GOAL_MB:.2f} of {GOAL_MB} MB")  # fmt: skip


if __name__ == "__main__":
    main()
