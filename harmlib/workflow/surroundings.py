"""A run is the same on everybody's machine: what people set up for themselves is left out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from harmlib.params import PROJECT_ROOT

# What changes how Python, IPython, matplotlib or Jupyter behave, whoever set it and why.
_LEFT_OUT = (
    "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONBREAKPOINT", "PYTHONIOENCODING",
    "MATPLOTLIBRC", "MPLBACKEND", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH",
)  # fmt: skip
_FOLDERS = {
    "IPYTHONDIR": "ipython",
    "MPLCONFIGDIR": "matplotlib",
    "JUPYTER_CONFIG_DIR": "jupyter/config",
    "JUPYTER_DATA_DIR": "jupyter/data",
    "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
    "TORCHINDUCTOR_CACHE_DIR": "torch",  # else a known place in the shared temporary folder
}


@contextmanager
def isolated(folder: Path) -> Iterator[None]:
    """Keep the user's settings of other programs out of this process and those that it starts.

    These are matplotlibrc and styles, IPython's profile with its startup files, Jupyter's
    configuration and templates, Python's own variables, and what lies in the working directory,
    where Python and matplotlib look first: that is the project's folder meanwhile. A home that
    can't be written to doesn't matter either.

    Parameters
    ----------
    folder : Path
        Where IPython, Jupyter and matplotlib find folders of their own, kept for the next run.

    Yields
    ------
    None
        While it lasts; afterwards the process has its environment and working directory again.
    """
    own = {name: str(folder / place) for name, place in _FOLDERS.items()}
    for place in own.values():
        Path(place).mkdir(parents=True, exist_ok=True)
    own |= {"JUPYTER_PREFER_ENV_PATH": "1", "PYTHONUTF8": "1"}
    before = {name: os.environ.pop(name, None) for name in (*_LEFT_OUT, *own)}
    os.environ.update(own)
    try:
        with chdir(PROJECT_ROOT):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
