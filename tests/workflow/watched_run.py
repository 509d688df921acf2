"""A run and a prediction of their own process: no network, an empty home, secrets all around."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from small_features import SMALL_FEATURES

from harmlib.media.demo import make_demo
from harmlib.media.demo.files import MARKER
from harmlib.params import PROJECT_ROOT

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIhush",
    "HF_TOKEN": "hf_hushhushhush",
    "GITHUB_TOKEN": "ghp_hushhushhush",
    "DATABASE_URL": "postgres://kim:hush-password@db/x",
    "OPENAI_API_KEY": "sk-hushhushhush",
}
# In every Python process of the run, before anything else: who asks for what is written down, and
# what isn't this machine's own is refused.
WATCH = """
import json, os, sys

HERE = ("127.0.0.1", "::1", "localhost", "", None)
PROGRAMS = {"pip", "pip3", "uv", "conda", "curl", "wget", "apt", "apt-get"}

def _watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        asked = args[1] if event in ("socket.connect", "socket.sendto") else args[0]
        if not isinstance(asked, tuple) and event == "socket.connect":
            return  # a socket in a file
        asked = asked[0] if isinstance(asked, tuple) else asked
        if asked in HERE:
            return
    elif event == "subprocess.Popen":
        asked = args[1].split() if isinstance(args[1], str) else [os.fsdecode(a) for a in args[1]]
        if not PROGRAMS & {os.path.basename(word) for word in asked[:3]}:
            return
    else:
        return
    with open(os.environ["HARMLIB_WATCH"], "a") as file:
        file.write(json.dumps([event, str(asked), sys.argv[:2]]) + "\\n")
    raise OSError(f"the test allows no {event} of {asked}")

sys.addaudithook(_watch)
"""
# A network that has nothing but this machine in it.
NO_NETWORK = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def can_unshare():
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run([*NO_NETWORK, "true"], capture_output=True).returncode == 0


class WatchedRun:
    """What is left of `harmlib run` and `harmlib predict` in a folder.

    home, tmp : the home and the temporary folder that they saw
    asked : what the processes asked of the network, or would have installed
    text : what they printed
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.tmp = folder / "home" / "kim-secret-name", folder / "tmp"
        self.work = self.home / "work"  # where most people have their media and reports
        for made in (self.work, self.tmp, folder / "site"):
            made.mkdir(parents=True)
        (folder / "site" / "sitecustomize.py").write_text(WATCH)
        self.watched = folder / "asked.jsonl"
        self.text = ""
        self.run = self.work / "reports" / "quiet"

    @property
    def asked(self):
        lines = self.watched.read_text().splitlines() if self.watched.exists() else []
        return [json.loads(line) for line in lines]

    def call(self, *arguments):
        """`harmlib` with these arguments; returns the exit status."""
        return self.python("-m", "harmlib.cli.main", *arguments)

    def python(self, *arguments):
        """Python with these arguments; returns the exit status."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")} | {
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "USER": "kim-secret-name",
            "LOGNAME": "kim-secret-name",
            "PYTHONPATH": os.pathsep.join([str(self.folder / "site"), str(PROJECT_ROOT)]),
            "HARMLIB_WATCH": str(self.watched),
            **SECRETS,
        }
        for name in ("YOLO_CONFIG_DIR", "MPLCONFIGDIR", "IPYTHONDIR", "TORCH_HOME"):
            environment.pop(name, None)
        prefix = NO_NETWORK if can_unshare() else []
        done = subprocess.run(
            [*prefix, sys.executable, *map(str, arguments)],
            cwd=self.work, env=environment, capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        self.text += done.stdout + done.stderr
        return done.returncode

    def write_params(self):
        """Media in the home, as they are for most people, and the params of a small run."""
        media = self.work / "media"
        make_demo(media, seed=3, images=(16, 8), videos=(14, 8))
        (media / MARKER).unlink()
        content = {
            "run": "quiet",
            "reports": str(self.run.parent),
            "artifacts": str(self.work / "artifacts"),
            "data": {"root": str(media), "image_csv": "images.csv", "video_csv": "videos.csv"},
            "features": SMALL_FEATURES,
            "variants": {"model2": None, "model3": None},
        }
        path = self.work / "params.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path
