"""What code can reach: modules of the package, their data files, and other packages.

The graph is read from the source text; nothing is imported for it. It follows every import
statement, those inside of functions too, and every text that is the full name of a module
(``"harmlib.features.clip"``), since such names are imported when they are needed.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Self

from harmlib.media.whole_file import write_text_whole

PACKAGE = Path(__file__).parent.parent
# Packages that are installed under another name than they are imported by.
_INSTALLED_AS = {"PIL": "pillow", "clip": "openai-clip", "cv2": "opencv-python",
                 "ipykernel_launcher": "ipykernel", "sklearn": "scikit-learn",
                 "vl_convert": "vl-convert-python", "yaml": "pyyaml", "zmq": "pyzmq"}  # fmt: skip
# Functions that find a module by the name that they are given.
_FINDERS = ("import_module", "find_spec")
_NAME = re.compile(r"[\w.-]+")  # what a text must be to name a module or a file


@dataclass(frozen=True)
class Reach:
    """What some code can reach.

    Attributes
    ----------
    modules : frozenset of str
        Modules of the package, such as ``harmlib.params``.
    files : frozenset of Path
        Data files that these modules read from their own folders.
    others : frozenset of str
        Names from other packages, such as ``torch.nn.Linear``. The standard library is left out.
    """

    modules: frozenset[str]
    files: frozenset[Path]
    others: frozenset[str]


class ImportGraph:
    """The modules of a package and what each of them imports.

    Parameters
    ----------
    package : Path
        The folder of the package; its name is the package's name.
    kept : Path, optional
        A file of what was read of the modules, which `keep` writes: parsing hundreds of them takes
        a second. A module counts with its content there.

    Examples
    --------
    >>> reach = ImportGraph().reach("from harmlib.audit import published")
    >>> sorted(file.name for file in reach.files)
    ['published.csv']
    >>> "harmlib.models.training" in reach.modules
    False
    """

    def __init__(self, package: Path = PACKAGE, kept: Path | None = None) -> None:
        self.package, self._kept = package, kept
        self._known = _read_kept(kept) if kept else {}
        self.modules = {
            _module_name(path, package): _Module(path, self._known)
            for path in package.rglob("*.py")
        }

    def keep(self) -> None:
        """Write what was read of the modules, if it isn't what was kept."""
        read = {m.key: m.source for m in self.modules.values() if "source" in vars(m)}
        if self._kept and read != _read_kept(self._kept):
            _write_kept(self._kept, read)

    def reach(self, code: str, *, lazy: bool = True) -> Reach:
        """Follow the imports of a piece of code.

        Parameters
        ----------
        code : str
            Python code, such as ``import harmlib.params`` or all cells of a notebook.
        lazy : bool
            False follows only what is imported while the code and the modules are loaded: no
            imports inside of functions, no names of modules in texts.
        """
        todo, others = self._resolve(_Source.of(code), lazy=lazy)
        seen: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                own, foreign = self._resolve(self.modules[name].source, lazy=lazy)
                todo |= own
                others |= foreign
        if seen:
            seen.add(self.package.name)
        files = {file for name in seen for file in self.modules[name].data_files}
        return Reach(frozenset(seen), frozenset(files), frozenset(others))

    def digest(self, reach: Reach) -> str:
        """Return a SHA-256 that changes when something in the reach does.

        Comments, formatting and docstrings of modules don't count. Data files count with every
        byte, other packages with their version.
        """
        parts = [f"{name} {self.modules[name].source.digest}" for name in sorted(reach.modules)]
        for file in sorted(reach.files):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            parts.append(f"{file.relative_to(self.package).as_posix()} {content}")
        for package in sorted({name.partition(".")[0] for name in reach.others}):
            parts.append(f"{package} {installed_version(package)}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _resolve(self, source: _Source, *, lazy: bool) -> tuple[set[str], set[str]]:
        """Split what a source imports into modules of the package and names of other packages."""
        names = set(source.imports)
        if lazy:
            # The package's own name alone, as a text, can be anything.
            inner = set(self.modules) - {self.package.name}
            names |= {*source.later_imports, *(inner & set(source.texts))}
        own, foreign = set(), set()
        for name in names:
            parts = name.split(".")
            if parts[0] == self.package.name:
                above = [".".join(parts[:n]) for n in range(1, len(parts) + 1)]
                known = [name for name in above if name in self.modules]
                # An import runs the packages above a module too. The outermost one is left out: it
                # imports something only when that is taken from it by name.
                own |= set(known[1:] or known)
            elif parts[0] not in sys.stdlib_module_names:
                foreign.add(name)
        return own, foreign


def installed_version(package: str) -> str | None:
    """Return the version of a package; None if it isn't installed or has another name there.

    Parameters
    ----------
    package : str
        The name that it is imported by.

    Returns
    -------
    str or None
        Such as ``1.9.1``.

    Examples
    --------
    >>> installed_version("sklearn") == version("scikit-learn")
    True
    >>> installed_version("no_such_package") is None
    True
    """
    try:
        return version(_INSTALLED_AS.get(package, package))
    except PackageNotFoundError:
        return None


def notebook_code(notebook: Path) -> str:
    """Return all code cells of a notebook as one text.

    Parameters
    ----------
    notebook : Path
        An .ipynb file.

    Returns
    -------
    str
        The cells in order, joined by line breaks.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


@dataclass(frozen=True)
class _Source:
    """What the graph needs of one source text; docstrings are no part of it."""

    digest: str
    imports: list[str]
    later_imports: list[str]
    texts: list[str]  # that could be names

    @classmethod
    def of(cls, code: str) -> Self:
        tree = _without_docstrings(ast.parse(code))
        imports, later, texts = set(), set(), set()
        for node, is_eager in _nodes(tree):
            if isinstance(node, ast.Constant):
                if isinstance(node.value, str) and _NAME.fullmatch(node.value):
                    texts.add(node.value)
                continue
            for name in _imported(node):
                later.add(name)
                if is_eager:
                    imports.add(name)
        digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
        return cls(digest, *map(sorted, (imports, later, texts)))


class _Module:
    """One file of the package; read when it is first needed."""

    def __init__(self, path: Path, known: dict[str, _Source]) -> None:
        self.path, self._known, self.key = path, known, ""

    @cached_property
    def source(self) -> _Source:
        content = self.path.read_bytes()
        self.key = hashlib.sha256(content).hexdigest()
        return self._known.get(self.key) or _Source.of(content.decode())

    @cached_property
    def data_files(self) -> list[Path]:
        """Return the files beside the module that have its name or that its code names."""
        return [
            file
            for file in self.path.parent.iterdir()
            if file.is_file()
            and file.suffix != ".py"
            and (file.stem == self.path.stem or file.name in self.source.texts)
        ]


def _read_kept(file: Path) -> dict[str, _Source]:
    """What is kept by SHA-256 of the content; nothing, if it is damaged or another code's."""
    try:
        seal, _, text = file.read_text(encoding="utf-8").partition("\n")
        if seal != _seal(text):
            return {}
        return {key: _Source(**fields) for key, fields in json.loads(text).items()}
    except (OSError, UnicodeDecodeError):
        return {}


def _write_kept(file: Path, known: dict[str, _Source]) -> None:
    text = json.dumps({key: asdict(source) for key, source in known.items()})
    write_text_whole(file, f"{_seal(text)}\n{text}")


def _seal(text: str) -> str:
    """Of the text, this module and Python: what one of them changes is read anew."""
    parts = Path(__file__).read_bytes(), platform.python_version().encode(), text.encode()
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _module_name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    todo: list[ast.AST] = [tree]
    while todo:  # through statements alone: no expression has a docstring
        node = todo.pop()
        if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, part, None)
            if isinstance(inner, list):
                todo += inner
    return tree


def _nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Yield the nodes that run, and whether they do when the module is loaded.

    What is for type checkers doesn't run; what is inside of functions runs later.
    """
    todo: list[tuple[ast.AST, bool]] = [(tree, True)]
    while todo:
        node, is_eager = todo.pop()
        yield node, is_eager
        is_eager = is_eager and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        inner: Iterable[ast.AST] = ast.iter_child_nodes(node)
        if isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
            inner = node.orelse
        todo.extend((child, is_eager) for child in inner)


def _imported(node: ast.AST) -> Iterable[str]:
    """Return the dotted names that a node imports or looks for."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports aren't followed; write the full name"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)
        if called in _FINDERS:
            return [str(node.args[0].value)]
    return []


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""
