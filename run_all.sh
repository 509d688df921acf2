#!/usr/bin/env bash
# One door to everything: builds the environment from uv.lock, then runs what was asked for.
#   ./run_all.sh [PARAMS]     execute every notebook and write the report (default: params/demo.yaml)
#   ./run_all.sh [PARAMS] --verify
#                             execute it again elsewhere; fail where a number differs from the run
#   ./run_all.sh test [...]   run the tests; further arguments go to pytest
#   ./run_all.sh lab  [...]   JupyterLab on this machine only; further arguments go to it
#   ./run_all.sh lint         the linters
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

UV_VERSION=0.13.9

fail() { printf 'run_all.sh: %s\n' "$1" >&2; exit 2; }

find_python() {
  local name
  for name in python3.13 python3.12 python3.11 python3; do
    if command -v "$name" >/dev/null && "$name" -c \
      'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  fail "Python 3.11, 3.12 or 3.13 is needed and was not found; please install it"
}

find_uv() { # the user's own, else a private one in .uv/
  if command -v uv >/dev/null; then
    command -v uv
  else
    if [ ! -x .uv/bin/uv ]; then
      echo "Installing uv $UV_VERSION into .uv/ (only this folder uses it)" >&2
      "$1" -m venv .uv >&2 ||
        fail "could not make a virtual environment; on Debian or Ubuntu: apt install python3-venv"
      .uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >&2 ||
        fail "could not install uv; check the network, or install uv yourself (https://docs.astral.sh/uv)"
    fi
    printf '%s/.uv/bin/uv' "$PWD"
  fi
}

only_verify() { # behind a params file may stand --verify, and nothing else
  [ $# -eq 0 ] || [ "$*" = --verify ] ||
    fail "'$*' can't stand behind the params file; only --verify can. See ./run_all.sh --help"
}

[ $# -gt 0 ] || set -- params/demo.yaml
case "$1" in
  -h | --help | help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
  test | lint | lab) ;;
  --verify)
    case "${2:-}" in
      "") set -- params/demo.yaml --verify ;;
      *.yaml | *.yml) fail "the params file comes first: write ./run_all.sh $2 --verify" ;;
      *) fail "'$2' can't stand behind --verify. See ./run_all.sh --help" ;;
    esac
    ;;
  *.yaml | *.yml)
    [ -f "$1" ] || fail "there is no params file '$1'; known: $(echo params/*.yaml)"
    only_verify "${@:2}"
    ;;
  *) fail "'$1' is neither a params file (*.yaml) nor one of: test, lint, lab. See ./run_all.sh --help" ;;
esac

python=$(find_python)
uv=$(find_uv "$python")
# The environment is this folder's .venv, whatever else is active. Without a change it takes a moment.
unset VIRTUAL_ENV
"$uv" sync --frozen --quiet --python "$python"
export PATH="$PWD/.venv/bin:$PATH" JUPYTER_PREFER_ENV_PATH=1

case "$1" in
  test)
    shift
    exec python -m pytest "$@"
    ;;
  lint)
    ruff check harmlib tests notebooks benchmarks
    ruff format --check harmlib tests notebooks benchmarks
    lint-imports
    ;;
  lab)
    shift
    exec jupyter lab --ip=127.0.0.1 --notebook-dir=. "$@"
    ;;
  *) exec harmlib run "$@" ;;
esac
