"""Sphinx: the documents of this folder, and an API reference made from the docstrings."""

import importlib.metadata
import pkgutil
from pathlib import Path

import harmlib

project = "harmlib"
author = "The harmlib authors"
release = importlib.metadata.version("harmlib")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# Links to files of the repository that are no documents.
# A name such as `rows` in a type's description may be that of several attributes. Pygments
# knows no CSV.
suppress_warnings = ["myst.xref_missing", "ref.python", "misc.highlighting_failure"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
html_theme = "furo"
html_title = "harmlib"

_API = Path(__file__).parent / "api"
_ROOMS = {
    "media": "What are we looking at?",
    "features": "What does it look like to a backbone?",
    "models": "How harmful is it?",
    "analysis": "Where do we set the threshold, and how sure are we?",
    "audit": "Are printed figures possible, and what do they hide?",
    "reporting": "What do we tell people?",
    "predict": "What does a saved classifier say of new files?",
    "workflow": "What has to run, and what is still valid?",
    "cli": "What did the person ask for?",
}


def write_api_pages() -> None:
    """One page per room, with all of its modules."""
    _API.mkdir(exist_ok=True)
    home = Path(harmlib.__path__[0])
    for room, question in _ROOMS.items():
        package = f"harmlib.{room}"
        names = [
            module.name
            for module in pkgutil.walk_packages([str(home / room)], f"{package}.")
            if not module.ispkg
        ]
        blocks = [
            f"## {name.removeprefix('harmlib.')}\n\n"
            f"```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```\n"
            for name in names
        ]
        title = f"# {room}: {question}\n\n"
        (_API / f"{room}.md").write_text(title + "\n".join(blocks), encoding="utf-8")
    directive = ".. automodule:: harmlib.params\n   :members: load_params, ParamsError"
    params = f"# params\n\n```{{eval-rst}}\n{directive}\n```\n"
    (_API / "params.md").write_text(params, encoding="utf-8")


write_api_pages()
