"""A run and a prediction ask nobody, write nothing to the home, and tell no secrets."""

import re
import subprocess
import sys

import pytest
from watched_run import SECRETS, WATCH, WatchedRun, can_unshare

from harmlib.params import PROJECT_ROOT


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """After `harmlib run`, `harmlib predict` on two files, and `harmlib explain --replay`."""
    watched = WatchedRun(tmp_path_factory.mktemp("quiet"))
    assert watched.call("run", watched.write_params()) == 0, watched.text
    media = watched.work / "media"
    files = [next((media / f"{kind}s" / "harmful").iterdir()) for kind in ("image", "video")]
    table = watched.work / "scores" / "scores.csv"
    assert watched.call("predict", watched.run / "models/model4", *files, "--out", table) == 0
    return watched


def test_the_network_is_asked_for_nothing(watched):
    assert watched.asked == []


# In the same network as the server, for where there is no other.
LAB = """
import json, subprocess, sys, time, urllib.request

options = ["--ip=127.0.0.1", "--port=18888", "--ServerApp.port_retries=0", "--no-browser"]
options += ["--allow-root", "--IdentityProvider.token=", f"--notebook-dir={sys.argv[1]}"]
server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *sys.argv[2:], *options])

def get(path, data=None):
    request = urllib.request.Request("http://127.0.0.1:18888" + path, data)
    return urllib.request.urlopen(request, timeout=60).read().decode()

try:
    for _ in range(300):
        try:
            page = get("/lab")
            break
        except OSError:
            time.sleep(0.2)
    assert "jupyter-config-data" in page, page
    assert "00_data.ipynb" in get("/api/contents")
    for asked in ("extensions", "update", "news"):  # what the page asks for by itself
        json.loads(get(f"/lab/api/{asked}"))
finally:
    server.terminate()
    server.wait(30)
"""


def test_the_lab_starts_where_there_is_no_network(tmp_path):
    if not can_unshare():
        pytest.skip("this machine lets nobody make a network of his own (unshare -rn)")
    lab = WatchedRun(tmp_path)
    script = (PROJECT_ROOT / "run_all.sh").read_text(encoding="utf-8")
    options = re.findall(r"--LabApp\S+", script)
    assert options
    assert lab.python("-c", LAB, PROJECT_ROOT / "notebooks", *options) == 0, lab.text
    assert lab.asked == []


def test_it_works_where_there_is_no_network(watched):
    if not can_unshare():
        pytest.skip("this machine lets nobody make a network of his own (unshare -rn)")
    assert (watched.run / "index.html").is_file()


def test_nothing_new_is_in_the_home(watched):
    assert [path.name for path in watched.home.iterdir()] == [watched.work.name]


def test_nothing_is_left_in_the_temporary_folder(watched):
    assert sorted(str(path.relative_to(watched.tmp)) for path in watched.tmp.rglob("*")) == []


# What is about single files, and names them: who passes these on passes on the paths.
NAMES_FILES = ("manifest.parquet", "manifest.csv", "scores.csv", "scores.decisions.jsonl")


def outputs(watched):
    """Everything that a run leaves for people, with what it printed."""
    for path in sorted(watched.work.rglob("*")):
        place = path.relative_to(watched.work)
        if path.is_file() and place.parts[0] not in ("artifacts", "media", "params.yaml"):
            yield str(place), path.read_bytes()
    yield "printed", watched.text.encode()


def test_no_secret_is_told(watched):
    told = {
        (place, name)
        for place, content in outputs(watched)
        for name, secret in SECRETS.items()
        if secret.encode() in content
    }
    assert not told


def test_neither_the_home_nor_the_users_name_is_told(watched):
    assert watched.home.name in (watched.work / "scores" / "scores.csv").read_text()
    told = [
        place
        for place, content in outputs(watched)
        if watched.home.name.encode() in content
        and not place.endswith(NAMES_FILES)
        and place != "printed"  # says where the report lies
    ]
    assert told == []


def test_the_watch_sees_what_it_is_to_see(tmp_path):
    """Else the first test would pass whatever is asked."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    done = subprocess.run(
        [sys.executable, "-c", "import urllib.request as u; u.urlopen('http://example.org')"],
        env={"PYTHONPATH": str(tmp_path), "HARMLIB_WATCH": str(tmp_path / "asked")},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "example.org" in (tmp_path / "asked").read_text()
