"""The package without its checkout, as a wheel installs it: what works and what says it can't."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import harmlib

PACKAGE = Path(harmlib.__file__).parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Runs `harmlib` with a copy of the package, in an empty folder."""
    folder = tmp_path_factory.mktemp("installed")
    site, here = folder / "site", folder / "here"
    shutil.copytree(PACKAGE, site / "harmlib", ignore=shutil.ignore_patterns("__pycache__"))
    here.mkdir()
    (here / "claims.csv").write_text("precision,recall,f1\n0.8000,0.8000,0.8000\n")
    environment = os.environ | {"PYTHONPATH": str(site)}

    def call(*command):
        return subprocess.run(
            [sys.executable, "-P", *command],
            cwd=here, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    return call


def test_run_says_what_it_needs(installed):
    for arguments in (["params/demo.yaml"], ["params/demo.yaml", "--verify"]):
        done = installed("-m", "harmlib.cli.main", "run", *arguments)
        assert done.returncode == 2
        assert "no folder notebooks/ in" in done.stderr
        assert "Change into a checkout and use ./run_all.sh there" in done.stderr
        assert "Traceback" not in done.stderr


def test_audit_needs_no_checkout(installed):
    done = installed("-m", "harmlib.cli.main", "audit", "claims.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Findings" in done.stdout


@pytest.mark.parametrize("command", ["compare", "predict"])
def test_other_commands_look_in_the_current_folder(installed, command):
    arguments = {"compare": ["a", "b"], "predict": ["no.pth", "no.jpg"]}[command]
    done = installed("-m", "harmlib.cli.main", command, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("harmlib: ")
    assert "Traceback" not in done.stderr


def test_relative_paths_begin_in_the_current_folder(installed):
    code = (
        "import harmlib.params as p, pathlib; assert 'site' in p.__file__;"
        "print(p.PROJECT_ROOT == pathlib.Path.cwd())"
    )
    assert installed("-c", code).stdout == "True\n"


def test_help_imports_nothing_heavy(installed):
    code = (
        "import sys; from harmlib.cli.options import parser; from harmlib.cli import main;"
        "heavy = {'torch', 'pandas', 'numpy', 'pydantic', 'IPython'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert installed("-c", code).stdout == "[]\n"


@pytest.mark.parametrize("command", [[], ["run"], ["predict"]])
def test_help_of_every_command(installed, command):
    done = installed("-m", "harmlib.cli.main", *command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: {' '.join(['harmlib', *command])}")
