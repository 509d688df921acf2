"""The script around the program, with stand-ins for uv and Python that tell what they get."""

import importlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harmlib.media.whole_file import is_alive

SCRIPT = Path(__file__).parent.parent / "run_all.sh"
UV = """#!/bin/sh
mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"
cp "$(dirname "$0")/tell" "$UV_PROJECT_ENVIRONMENT/bin/python"
"""
TELL = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word"; done
printf '\\0'
env -0
"""


@pytest.fixture
def project(tmp_path):
    """make(name): a project's folder of this name, and `call(*arguments, cwd, **environment)`."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in {"uv": UV, "tell": TELL, "python3.13": "#!/bin/sh\n"}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)

    def make(name="project"):
        folder = tmp_path / name
        (folder / "params").mkdir(parents=True)
        (folder / "params/demo.yaml").touch()
        shutil.copy(SCRIPT, folder)

        def call(*arguments, cwd=folder, script=folder / "run_all.sh", **environment):
            """Its status, what Python was given and in which environment, what it said."""
            home = tmp_path / "home"
            home.mkdir(exist_ok=True)
            own = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(home)} | environment
            done = subprocess.run(
                [script, *arguments],
                cwd=cwd, capture_output=True, timeout=30,
                env={name: value for name, value in own.items() if value is not None},
            )  # fmt: skip
            words, _, env = done.stdout.partition(b"\0\0")
            env = dict(line.split("=", 1) for line in os.fsdecode(env).split("\0") if "=" in line)
            return done.returncode, os.fsdecode(words).split("\0"), env, os.fsdecode(done.stderr)

        return folder, call

    return make


def test_the_environment_is_made_of_a_python_and_not_of_its_shim(project, tmp_path):
    """With a shim's path uv would make it anew each time."""
    _, call = project()
    asked = tmp_path / "asked"
    (tmp_path / "programs/uv").write_text(UV + f'printf "%s\\n" "$*" >> {asked}\n')
    call("lint")
    assert f"--python {tmp_path}/programs/python3.13\n" in asked.read_text()
    (tmp_path / "programs/python3.13").write_text("#!/bin/sh\necho /real/bin/python3.13\n")
    call("lint")
    assert "--python /real/bin/python3.13\n" in asked.read_text()


def test_a_params_file_is_looked_for_where_one_stands(project, tmp_path):
    folder, call = project()
    here = tmp_path / "here"
    (here / "params").mkdir(parents=True)
    status, _, _, said = call("params/demo.yaml", cwd=here)
    assert status == 2
    assert f"no params file '{here}/params/demo.yaml'; {folder}/params has: demo.yaml" in said
    (here / "params/demo.yaml").touch()
    for given, found in {
        "params/demo.yaml": here / "params/demo.yaml",
        "../here/params/demo.yaml": here / "../here/params/demo.yaml",
        str(folder / "params/demo.yaml"): folder / "params/demo.yaml",
    }.items():
        status, words, _, _ = call(given, "--verify", cwd=here)
        assert (status, words[2:]) == (0, ["run", str(found), "--verify"])


@pytest.mark.parametrize("arguments", [[], ["--verify"]])
def test_without_a_params_file_the_demo_of_the_project_is_run(project, tmp_path, arguments):
    folder, call = project()
    status, words, _, _ = call(*arguments, cwd=tmp_path)
    assert (status, words[2:]) == (0, ["run", str(folder / "params/demo.yaml"), *arguments])


def test_help_is_there_from_everywhere(project, tmp_path):
    folder, _ = project()
    done = subprocess.run(
        ["project/run_all.sh", "--help"],
        cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"CDPATH": "/usr"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "./run_all.sh lab" in done.stdout
    assert folder.exists()


@pytest.mark.parametrize(
    "name", ["with space", "한글 프로젝트", 'it\'s "quoted"', "a\nb\n", "$(HOME) {x} [1]*", "-n"]
)
def test_the_folder_may_have_any_name(project, name):
    folder, call = project(name)
    status, words, env, said = call()
    assert (status, said) == (0, "")
    assert words[2:] == ["run", str(folder / "params/demo.yaml")]
    assert env["UV_PROJECT_ENVIRONMENT"] == str(folder / ".venv")


def test_a_colon_in_the_path_is_refused_in_one_line(project):
    _, call = project("a:b")
    status, _, _, said = call()
    assert status == 2
    assert "a folder whose path has a colon; please rename it" in said
    assert len(said.splitlines()) == 1


def test_settings_of_python_and_matplotlib_stay_outside(project):
    _, call = project()
    names = (
        "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONIOENCODING",
        "MPLBACKEND", "MATPLOTLIBRC", "IPYTHONDIR", "VIRTUAL_ENV",
    )  # fmt: skip
    status, _, env, said = call(LC_ALL="C", JUPYTER_PATH="/theirs", **dict.fromkeys(names, "/x"))
    assert (status, said) == (0, "")
    assert not set(names) & set(env)
    assert env["PYTHONUTF8"] == "1", "file names are UTF-8 whatever the locale says"
    ours, theirs = env["JUPYTER_PATH"].split(":")
    assert (ours, theirs) == (f"{env['UV_PROJECT_ENVIRONMENT']}/share/jupyter", "/theirs")


# Homes that nothing can be written to


@pytest.mark.parametrize("home", [None, "", "/proc/none", "/dev/null", "/sys"])
def test_without_a_home_caches_go_into_the_project(project, home):
    folder, call = project()
    status, _, env, said = call(HOME=home)
    assert status == 0
    assert env["HOME"] == str(folder / ".cache/home")
    assert f"caches go to {folder}/.cache" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("below", [".cache", ".cache/uv", ".config/matplotlib", ".ipython"])
def test_so_they_do_where_a_folder_of_the_home_is_none(project, tmp_path, below):
    folder, call = project()
    place = tmp_path / "home" / below
    place.parent.mkdir(parents=True)
    place.symlink_to("/proc/none")  # as unwritable for root as for anybody
    status, _, env, said = call()
    assert status == 0
    assert env["HOME"] == str(folder / ".cache/home")
    assert f"nothing can be written to: {place}" in said


def test_a_usual_home_stays_as_it_is(project, tmp_path):
    folder, call = project()
    _, _, env, said = call()
    assert (env["HOME"], said) == (str(tmp_path / "home"), "")
    assert list((tmp_path / "home").iterdir()) == []
    assert not (folder / ".cache").exists()


@pytest.mark.parametrize("name", ["UV_CACHE_DIR", "XDG_CACHE_HOME", "MPLCONFIGDIR", "TORCH_HOME"])
def test_a_named_cache_that_cannot_be_written_to_is_left(project, tmp_path, name):
    _, call = project()
    assert name not in call(**{name: "/proc/none/x"})[2]
    assert call(**{name: str(tmp_path / "new")})[2][name] == str(tmp_path / "new")


@pytest.mark.parametrize("place", ["/proc/none", "/nowhere", "/dev/null"])
def test_a_temporary_folder_that_is_none_is_left(project, place):
    _, call = project()
    status, _, env, _ = call(TMPDIR=place)
    assert status == 0
    assert "TMPDIR" not in env


@pytest.mark.parametrize(
    ("signum", "status", "name"),
    [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")],
)
def test_a_signal_ends_what_is_being_waited_for(project, tmp_path, signum, status, name):
    folder, _ = project()
    uv = tmp_path / "programs/uv"
    uv.write_text(f"#!/bin/sh\necho $$ >'{tmp_path}/pid'\nexec sleep 600\n")
    script = subprocess.Popen(
        [folder / "run_all.sh"],
        stderr=subprocess.PIPE, text=True,
        env={"PATH": f"{uv.parent}:/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    end = time.monotonic() + 30
    while not (tmp_path / "pid").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.2)
    script.send_signal(signum)
    said = script.communicate(timeout=10)[1]
    assert script.returncode == status
    assert said == f"run_all.sh: ended by {name}; start it again to go on\n"
    time.sleep(0.5)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_hours_and_verify_may_stand_behind_the_params_file(project):
    _, call = project()
    for given in (["--max-hours", "3"], ["--max-hours", "3", "--verify"],
                  ["--verify", "--max-hours", "3"]):  # fmt: skip
        status, words, _, _ = call("params/demo.yaml", *given)
        assert (status, words[4:]) == (0, given)
    status, _, _, said = call("params/demo.yaml", "--max-hours")
    assert (status, "needs a number of hours" in said) == (2, True)


@pytest.mark.parametrize(
    ("user", "given", "status"),
    [(0, [], 2), (0, ["--port=9000"], 2), (0, ["--allow-root"], 0), (1000, [], 0)],
)
def test_as_root_the_lab_says_what_to_add(project, tmp_path, user, given, status):
    _, call = project()
    whoami = tmp_path / "programs/id"
    whoami.write_text(f"#!/bin/sh\necho {user}\n")
    whoami.chmod(0o755)
    ended, words, _, said = call("lab", *given)
    assert ended == status
    if status:
        assert "./run_all.sh lab --allow-root" in said
        assert len(said.splitlines()) == 1
    else:
        assert words[:2] == ["-m", "jupyterlab"]
        assert words[-len(given) :] == given if given else said == ""
        (hook,) = (word for word in words if "pre_save_hook=" in word)
        module, _, name = hook.partition("=")[2].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_root_may_do_all_else(project, tmp_path):
    _, call = project()
    (tmp_path / "programs/id").write_text("#!/bin/sh\necho 0\n")
    (tmp_path / "programs/id").chmod(0o755)
    assert call("params/demo.yaml")[0] == 0
