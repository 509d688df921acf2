#!/usr/bin/env bash
# One door to everything: builds the environment from uv.lock, then runs what was asked for.
#   ./run_all.sh [PARAMS]     execute every notebook and write the report (default: params/demo.yaml)
#   ./run_all.sh [PARAMS] --max-hours 12
#                             end a notebook that takes longer (default: 48)
#   ./run_all.sh [PARAMS] --verify
#                             execute it again elsewhere; fail where a number differs from the run
#   ./run_all.sh test [--python 3.13] [...]
#                             run the tests, with another Python if asked; the rest goes to pytest
#   ./run_all.sh lab  [...]   JupyterLab on this machine only; further arguments go to it
#   ./run_all.sh lint         the linters, the type checker, the lock file
#   ./run_all.sh docs         the API reference, as HTML in docs/_build
#   ./run_all.sh package      build the wheel, and try it in an environment of its own
set -euo pipefail
unset CDPATH
started_in=$PWD
script=${BASH_SOURCE[0]}
case "$script" in */*) cd -- "${script%/*}/" ;; esac

UV_VERSION=0.13.9

fail() { printf 'run_all.sh: %s\n' "$1" >&2; exit 2; }

# Ctrl-C and SIGTERM end what is being waited for, too; Python, which comes last, does so by itself.
child=
ended() {
  trap - INT TERM
  [ -z "$child" ] || kill "$child" 2>/dev/null || true
  printf 'run_all.sh: ended by %s; start it again to go on\n' "$1" >&2
  exit "$2"
}
trap 'ended Ctrl-C 130' INT
trap 'ended SIGTERM 143' TERM
waited() {
  local status=0
  "$@" &
  child=$!
  wait "$child" || status=$?
  child=
  return "$status"
}

# The interpreter itself: a shim's path (pyenv's, say) is never that of the environment, and uv would
# make a new one each time.
itself='import sys; print(sys._base_executable or sys.executable)'

find_python() {
  local name path
  for name in python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null && path=$("$name" -c \
      "$itself; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" 2>/dev/null); then
      printf '%s\n' "${path:-$(command -v "$name")}"
      return
    fi
  done
  fail "Python 3.11, 3.12 or 3.13 is needed and was not found; please install it"
}

find_version() { # of the Pythons on this machine, the one of this version (3.13) or at this path
  local name path
  for name in "$1" "python$1" "${user_home:-/nonexistent}"/.pyenv/versions/"$1"*/bin/python3; do
    if command -v "$name" >/dev/null && path=$("$name" -c "$itself" 2>/dev/null); then
      printf '%s\n' "${path:-$(command -v "$name")}"
      return
    fi
  done
  fail "Python $1 was not found on this machine; install it, or give the path of its executable"
}

find_uv() { # sets uv: the user's own, else a private one in .uv/
  if command -v uv >/dev/null; then
    uv=$(command -v uv)
    return
  fi
  uv=$PWD/.uv/bin/uv
  [ ! -x "$uv" ] || return 0
  echo "Installing uv $UV_VERSION into .uv/ (only this folder uses it)" >&2
  waited "$1" -m venv .uv >&2 ||
    fail "could not make a virtual environment; on Debian or Ubuntu: apt install python3-venv"
  waited .uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >&2 ||
    fail "could not install uv; check the network, or install uv yourself (https://docs.astral.sh/uv)"
}

writable() { # can something be written below this folder, which may be yet to be made?
  local place=$1 probe
  while [ -n "$place" ] && [ ! -e "$place" ] && [ ! -L "$place" ]; do
    case "$place" in */*) place=${place%/*} ;; *) place=. ;; esac
  done
  probe=${place:-/}/.run_all-$$
  (: >"$probe") 2>/dev/null && rm -f -- "$probe"
}

# Settings of other programs stay outside, and what can't be written to is replaced: by .cache/ here.
keep_apart() {
  local folder
  user_home=${HOME:-}
  unset VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONINSPECT PYTHONOPTIMIZE
  unset PYTHONIOENCODING PYTHONDONTWRITEBYTECODE MPLBACKEND MATPLOTLIBRC IPYTHONDIR
  export PYTHONUTF8=1 PYTHONNOUSERSITE=1 # names are UTF-8, whatever the locale says
  for folder in UV_CACHE_DIR PIP_CACHE_DIR XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME \
    MPLCONFIGDIR TORCH_HOME YOLO_CONFIG_DIR JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR; do
    [ -z "${!folder:-}" ] || writable "${!folder}" || unset "$folder"
  done
  for folder in "" /.cache /.cache/uv /.config /.config/matplotlib /.local/share /.ipython /.jupyter; do
    if [ -z "$user_home" ] || ! writable "$user_home$folder"; then
      echo "run_all.sh: caches go to $PWD/.cache; nothing can be written to: $user_home$folder" >&2
      export HOME="$PWD/.cache/home"
      mkdir -p "$HOME" || fail "this folder can't be written to either: $PWD"
      break
    fi
  done
  if [ -n "${TMPDIR:-}" ] && ! { [ -d "$TMPDIR" ] && writable "$TMPDIR"; }; then unset TMPDIR; fi
  if [ -z "${TMPDIR:-}" ] && ! writable /tmp; then
    export TMPDIR="$PWD/.cache/tmp"
    mkdir -p "$TMPDIR"
  fi
}

only_known() { # behind a params file may stand --verify and --max-hours HOURS, and nothing else
  local given=$*
  while [ $# -gt 0 ]; do
    case "$1" in
      --verify) shift ;;
      --max-hours) [ $# -gt 1 ] || fail "--max-hours needs a number of hours"; shift 2 ;;
      *) fail "'$given' can't stand behind the params file; only --verify and --max-hours HOURS can. See ./run_all.sh --help" ;;
    esac
  done
}

[ $# -gt 0 ] || set -- "$PWD/params/demo.yaml"
case "$1" in
  -h | --help | help) sed -n '2,14s/^# \{0,1\}//p' "${script##*/}"; exit 0 ;;
  test | lint | lab | docs | package) ;;
  --verify)
    case "${2:-}" in
      "") set -- "$PWD/params/demo.yaml" --verify ;;
      *.yaml | *.yml) fail "the params file comes first: write ./run_all.sh $2 --verify" ;;
      *) fail "'$2' can't stand behind --verify. See ./run_all.sh --help" ;;
    esac
    ;;
  *.yaml | *.yml)
    case "$1" in /*) ;; *) set -- "$started_in/$1" "${@:2}" ;; esac
    [ -f "$1" ] || fail "there is no params file '$1'; $PWD/params has: $(cd params && echo *.yaml)"
    only_known "${@:2}"
    ;;
  *) fail "'$1' is neither a params file (*.yaml) nor one of: test, lint, lab, docs, package. See ./run_all.sh --help" ;;
esac

may_start_jupyter() { # it refuses root, in words that don't name this script
  local argument
  [ "$(id -u)" = 0 ] || return 0
  for argument in "$@"; do
    case "$argument" in --allow-root | --ServerApp.allow_root=True) return 0 ;; esac
  done
  fail "JupyterLab does not run as root unless told to: ./run_all.sh lab --allow-root (every cell then has root's rights), or start it from an account of your own"
}
[ "$1" != lab ] || may_start_jupyter "${@:2}"

case "$PWD" in
  *:*) fail "Python can't work in a folder whose path has a colon; please rename it: $PWD" ;;
esac
keep_apart
python=$(find_python)
find_uv "$python"
venv=$PWD/.venv
if [ "$1 ${2:-}" = "test --python" ]; then
  [ $# -gt 2 ] || fail "--python needs a version, such as 3.13"
  python=$(find_version "$3")
  venv=$PWD/.venv-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  set -- test "${@:4}"
fi
# The environment is this folder's own, whatever else is active. Without a change it takes a moment.
export UV_PROJECT_ENVIRONMENT="$venv"
waited "$uv" sync --frozen --quiet --python "$python"
trap - INT TERM # each of the programs below hears them itself
export PATH="$venv/bin:$PATH"
export JUPYTER_PREFER_ENV_PATH=1 JUPYTER_PATH="$venv/share/jupyter${JUPYTER_PATH:+:$JUPYTER_PATH}"

try_package() { # what a person has who installed the wheel, far from any checkout
  local work
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  "$uv" build --quiet --wheel --out-dir "$work/dist"
  "$uv" export --quiet --frozen --no-dev --no-emit-project --output-file "$work/requirements.txt"
  "$uv" venv --quiet --python "$python" "$work/env"
  "$uv" pip install --quiet --python "$work/env/bin/python" \
    --requirement "$work/requirements.txt" "$work"/dist/*.whl
  printf 'model,epoch,threshold,precision,recall,f1\n2,1,0.5,0.7281,1.0000,0.8426\n' >"$work/printed.csv"
  cd "$work"
  local harmlib="$work/env/bin/harmlib"
  "$harmlib" --help >/dev/null
  "$harmlib" predict --help >/dev/null
  "$harmlib" audit printed.csv
  "$work/env/bin/python" -c 'import harmlib; print(harmlib.sweep([0, 1], [0.2, 0.8], [0.5]))'
  if "$harmlib" run params/demo.yaml 2>message.txt; then
    fail "'harmlib run' went on without notebooks"
  fi
  grep -q "checkout" message.txt || fail "'harmlib run' does not say what it needs: $(cat message.txt)"
  echo "The wheel works in an environment of its own."
}

case "$1" in
  test)
    shift
    exec python -m pytest "$@"
    ;;
  lint)
    "$uv" lock --check --quiet || fail "uv.lock does not fit pyproject.toml; run: uv lock"
    ruff check harmlib tests notebooks benchmarks docs
    ruff format --check harmlib tests notebooks benchmarks docs
    nbstripout --keep-id --verify notebooks/*.ipynb
    codespell
    mypy
    lint-imports
    ;;
  lab)
    shift
    export IPYTHONDIR="$PWD/artifacts/settings/ipython" # without the user's startup files
    # Running the project's notebooks leaves them as they were; a copy of one keeps its outputs.
    # It asks nobody: neither for extensions, nor for news, nor whether there is a later version.
    exec python -m jupyterlab --ip=127.0.0.1 --notebook-dir=. --LabApp.extension_manager=readonly \
      --ContentsManager.pre_save_hook=harmlib.workflow.saved_notebook.before_save \
      --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.news_url= "$@"
    ;;
  docs)
    sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build
    echo "docs/_build/index.html"
    ;;
  package) try_package ;;
  *) exec python -m harmlib.cli.main run "$@" ;;
esac
