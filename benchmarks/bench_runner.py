"""How much of a warm run is work: run this file, without arguments, after `./run_all.sh`.

It executes every notebook of the demo with its features cached, in a folder that it removes again:
once with kernels that import for themselves, once with kernels from the server. A notebook's own
computing is the time in its code cells less the time in which they import modules. The goal is a
run that takes at most twice the sum of these. Seconds depend on what else the machine does.
"""

import json
import os
import platform
import tempfile
import time
from pathlib import Path

import torch
import yaml

from harmlib.params import PROJECT_ROOT, load_params
from harmlib.workflow import kernels
from harmlib.workflow.pipeline import run_pipeline
from harmlib.workflow.steps import plan

GOAL = 2

# IPython runs this in every kernel. All imports but those already done pass `_find_and_load`.
WATCHER = """
import atexit, importlib._bootstrap as _b, json, os, threading, time

def _watch():
    total = {"cells": 0.0, "imports": 0.0}
    state = {"depth": 0, "in_cell": False}
    main, find = threading.main_thread(), _b._find_and_load

    def timed(name, import_):
        outermost = state["depth"] == 0 and threading.current_thread() is main
        if not (outermost and state["in_cell"]):
            return find(name, import_)
        state["depth"] = 1
        began = time.perf_counter()
        try:
            return find(name, import_)
        finally:
            state["depth"] = 0
            total["imports"] += time.perf_counter() - began

    def before(*_):
        state.update(in_cell=True, began=time.perf_counter())

    def after(*_):
        if state["in_cell"]:
            state["in_cell"] = False
            total["cells"] += time.perf_counter() - state["began"]

    def write():
        with open(os.path.join(os.environ["BENCH_RUNNER"], f"{os.getpid()}.json"), "w") as file:
            json.dump(total, file)

    _b._find_and_load = timed
    get_ipython().events.register("pre_run_cell", before)
    get_ipython().events.register("post_run_cell", after)
    atexit.register(write)

_watch()
"""


def measure(params_file, folder, *, forked):
    """(seconds of the run, seconds of each kernel's cells and of their imports)."""
    folder.mkdir()
    os.environ["BENCH_RUNNER"] = str(folder)
    kernels.CAN_FORK = forked
    began = time.perf_counter()
    params = run_pipeline(params_file)
    seconds = time.perf_counter() - began
    (params.run_dir / "steps.json").unlink()  # the next run reuses nothing
    told = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    assert len(told) == len(plan(params)), "a kernel has not told its seconds"
    return seconds, told


def main():
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}"
    )
    demo = load_params(PROJECT_ROOT / "params" / "demo.yaml")
    forks = [False, True] if kernels.CAN_FORK else [False]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        startup = folder / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "watch.py").write_text(WATCHER, encoding="utf-8")
        os.environ["IPYTHONDIR"] = str(folder / "ipython")
        content = demo.model_dump(mode="json") | {"reports": str(folder)}
        params_file = folder / "params.yaml"
        params_file.write_text(yaml.safe_dump(content), encoding="utf-8")
        told = {
            forked: measure(params_file, folder / str(forked), forked=forked) for forked in forks
        }
    for forked, (seconds, times) in told.items():
        imports = sum(one["imports"] for one in times)
        own = sum(one["cells"] for one in times) - imports
        print(f"kernels {'from the server' if forked else 'on their own'}:")
        print(f"  the run                      {seconds:7.1f} s")
        print(f"  the notebooks' own computing {own:7.1f} s, so {seconds / own:.2f} times that")
        print(f"  imports a notebook           {imports / len(times):7.2f} s")
    print(f"goal: at most {GOAL} times")


if __name__ == "__main__":
    main()
