"""What several rooms share: a finished run on a small demo set with a damaged file, a browser."""

import asyncio
import gc
import os
import shutil
import signal
import sys
import warnings
from pathlib import Path

import hypothesis
import pytest
import torch
import yaml
from made_once import made_once
from small_features import SMALL_FEATURES

from harmlib.cli import main as cli
from harmlib.media.demo import make_demo
from harmlib.media.demo.files import MARKER
from harmlib.params import load_params
from harmlib.workflow.step_cache import StepCache
from harmlib.workflow.steps import plan

# Modules of helpers whose assertions should tell their values, as those of tests do.
pytest.register_assert_rewrite("browser", "prose", "verify_folders")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

# A slow machine fails no test.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

# What the terminal is told is in English, whatever language the developer's speaks.
os.environ["LC_ALL"] = "C.UTF-8"

# Started in the background (nohup): what tests start would go on ignoring these.
for ignored, handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(ignored) is signal.SIG_IGN:
        signal.signal(ignored, handler)


# What takes long, told by what it needs: a whole run, notebooks, JupyterLab, a browser, a cluster.
LONG_FIXTURES = {"small_run", "closed_event_loop", "browser", "ray_here"}
LONG_MODULES = {"jupyterlab_tab", "stub_runs", "tiny_run", "watched_run"}
TESTS = Path(__file__).parent
LISTED = set((TESTS / "slow.txt").read_text(encoding="utf-8").splitlines())
FIRST = {"test_kills.py"}  # long, and not on the small run, which is made beside it


def pytest_configure(config):
    # Not the file with the most tests first: the one that takes longest may have a single test.
    config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what takes long as `slow`, and let its files come first: workers then end together."""
    rank = {}
    for item in items:
        names = LONG_FIXTURES & set(getattr(item, "fixturenames", ()))
        slow = names or LONG_MODULES & _helpers(getattr(item, "module", None)) or _is_listed(item)
        if slow:
            item.add_marker("slow")
        own = 0 if item.path.name in FIRST else 1 if "small_run" in names else 2 if slow else 3
        rank[item.path] = min(own, rank.get(item.path, own))
    items.sort(key=lambda item: rank[item.path])


def _is_listed(item):
    file = item.path.relative_to(TESTS).as_posix() if item.path.is_relative_to(TESTS) else ""
    return bool({file, f"{file}::{getattr(item, 'originalname', '')}"} & LISTED)


def _helpers(module):
    """The modules of functions and classes that a test module has imported."""
    return {getattr(one, "__module__", "") for one in vars(module).values()} if module else set()


@pytest.fixture(scope="module")
def ray_here():
    """Ray on this machine, as for a job without RAY_ADDRESS, for all tests of a module."""
    from harmlib.features.ray_cluster import joined_cluster

    with pytest.MonkeyPatch.context() as patch:
        # Its processes find the tests' modules there; they know nothing of pytest's paths.
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        patch.delenv("RAY_ADDRESS", raising=False)
        with joined_cluster():
            yield
    with warnings.catch_warnings():  # Ray doesn't wait for all of its processes to end
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def one_thread():
    """On small tensors torch's threads would wait for each other longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def closed_event_loop():
    """Closes the event loop that nbclient opens in the main thread and leaves open."""
    yield
    asyncio.get_event_loop().close()


def fill_small_folder(folder):
    media = folder / "media"
    make_demo(media, seed=3, images=(16, 8), videos=(14, 8))
    (media / MARKER).unlink()  # with the damaged file it is no demo set any more
    (media / "images/harmful/broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    with (media / "images.csv").open("a", encoding="utf-8") as file:
        file.write("images/harmful/broken.jpg,harmful,nowhere\n")
    content = {
        "run": "small",
        "seed": 1,
        "splits": {"folds": 3},
        "seeds": [1, 2],
        "reports": str(folder / "reports"),
        "artifacts": str(folder / "artifacts"),
        "data": {"root": str(media), "image_csv": "images.csv", "video_csv": "videos.csv"},
        "features": SMALL_FEATURES,
        "variants": {"model3": None, "model2": {"image": {"epochs": 2}}},
        "policies": {"children": {"objective": "recall>=0.9"}},
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory):
    """Media, and `params.yaml` that goes through them quickly. All workers share it."""
    return made_once(tmp_path_factory, "whole", fill_small_folder)


@pytest.fixture(scope="session")
def small_run(small_folder, tmp_path_factory):
    """The folder of the finished run. All workers share it: copy it before you change it."""

    def make(_):
        assert cli.main(["run", str(small_folder / "params.yaml")]) == 0

    made_once(tmp_path_factory, "whole_run", make)
    before = state(small_folder)
    yield small_folder / "reports" / "small"
    assert state(small_folder) == before, "what all tests share was changed: use `copied_run`"


def state(folder):
    """Size and time of all that a run reads and leaves, but for what is only there to be faster."""
    faster = {folder / "artifacts" / name for name in ("settings", "compiled")}
    return {
        str(path): (stat.st_size, stat.st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and (stat := path.stat()) and not faster & set(path.parents)
    }


@pytest.fixture(scope="module")
def copied_run(small_folder, small_run, tmp_path_factory):
    """A folder with a copy of the finished run, which may be written to, and its `params.yaml`.

    Media and vectors are the shared ones: copies would not be the files that the run has read.
    """
    folder = tmp_path_factory.mktemp("copied")
    shutil.copytree(small_run, folder / "reports" / small_run.name)
    content = yaml.safe_load((small_folder / "params.yaml").read_text(encoding="utf-8"))
    content["reports"] = str(folder / "reports")
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    params = load_params(folder / "params.yaml")
    cache = StepCache(params)
    for step in plan(params):  # as if they had been executed here
        cache.steps[step.name]["key"] = cache.key(step)
    cache._write()
    return folder


# Not for the session: while Playwright runs, so does its event loop, and other tests start theirs.
@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium for the tests of pages; without one they skip and say so."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking"],
        )
        yield browser
        browser.close()
