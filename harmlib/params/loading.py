"""From a params file, and the table of variants, to checked `Params`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from harmlib.address import Address
from harmlib.language import told
from harmlib.params.mistakes import explain, near
from harmlib.params.places import PROJECT_ROOT, absolute
from harmlib.params.plain_values import shown
from harmlib.params.schema import Params
from harmlib.params.scores import ScoresParams
from harmlib.params.yaml_reading import Document, Key, ParamsError, Place, read_yaml

# The table of variants that every params file starts from.
VARIANTS_FILE = PROJECT_ROOT / "params" / "variants.yaml"


def load_params(path: str | Path, variants_path: str | Path | None = None) -> Params:
    """Read a params file, and merge its `variants:` section into the table of variants.

    That section changes single cells of the table in `variants_path`, or adds a variant: a new
    name with `based_on: model4` starts from that one. A variant set to null is left out.

    Parameters
    ----------
    path : str or Path
        The params file. A relative path starts at the working directory, and nowhere else.
    variants_path : str or Path, optional
        The file with the table of variants, likewise; by default the project's own.

    Returns
    -------
    Params
        The checked params.

    Raises
    ------
    ParamsError
        For a file, key or value that can't be used. The message names the file, the line, the key
        and the nearest right one.

    Examples
    --------
    >>> load_params("params/demo.yaml").run
    'demo'
    """
    file = params_path(path)
    variants_file = VARIANTS_FILE if variants_path is None else params_path(variants_path)
    document, table = _read(file), _read(variants_file)
    variants, places = _merge_variants(table, document)
    try:
        return Params.model_validate(document.content | {"variants": variants})
    except ValidationError as error:
        raise ParamsError(explain(error, document.places | places)) from None


def load_run_params(path: str | Path) -> Params | ScoresParams:
    """Read a params file of either kind: from media to report, or from a table of scores.

    Parameters
    ----------
    path : str or Path
        As in `load_params`. A file with the key ``scores`` is of the second kind.

    Returns
    -------
    Params or ScoresParams

    Raises
    ------
    ParamsError
        As in `load_params`.

    Examples
    --------
    >>> load_run_params("params/demo.yaml").run
    'demo'
    """
    document = _read(params_path(path))
    if "scores" not in document.content:
        return load_params(path)
    try:
        return ScoresParams.model_validate(document.content)
    except ValidationError as error:
        raise ParamsError(explain(error, document.places, ScoresParams)) from None


def params_path(path: str | Path) -> Path:
    """Return the one place where a params file is looked for.

    Parameters
    ----------
    path : str or Path
        A relative path starts at the working directory.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    ParamsError
        If it can't be a path.

    Examples
    --------
    >>> params_path("/nowhere/my.yaml").as_posix()
    '/nowhere/my.yaml'
    """
    try:
        return absolute(path, Path.cwd())
    except FileNotFoundError:
        raise ParamsError(
            f"{path}: the working directory has been removed; change into another one"
        ) from None
    except ValueError as error:
        raise ParamsError(f"{shown(str(path))}: {error}") from None


def project_params_path(path: str | Path) -> Path:
    """Return the one place where a notebook's params file is looked for.

    A notebook is run by hand beside itself, and by papermill from anywhere: a relative path starts
    at the project's folder.

    Parameters
    ----------
    path : str or Path
        The notebook's parameter.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    ParamsError
        If it can't be a path, and if the working directory holds a file of this name that may have
        been meant.

    Examples
    --------
    >>> project_params_path("params/demo.yaml").name
    'demo.yaml'
    """
    try:
        file = absolute(path, PROJECT_ROOT)
    except ValueError as error:
        raise ParamsError(f"{shown(str(path))}: {error}") from None
    here = params_path(path)
    if here != file and here.is_file():
        raise ParamsError(
            f"{file}: in a notebook a relative path starts at the project's folder; if you mean "
            f"{here}, give this whole path, else change into {PROJECT_ROOT}"
        )
    return file


def file_to_run(path: str | Path) -> Path:
    """Find the params file to run: this one, or where its media are not there the one it names.

    Parameters
    ----------
    path : str or Path
        A params file, as in `load_params`.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    ParamsError
        As in `load_params`.

    Examples
    --------
    >>> file_to_run("params/demo.yaml").name
    'demo.yaml'
    """
    file = params_path(path)
    params = load_run_params(file)
    if isinstance(params, ScoresParams):
        return file
    data = params.data
    if data.otherwise is None or isinstance(data.root, Address) or data.root.is_dir():
        return file
    other = (file.parent / data.otherwise).resolve()
    load_params(other)
    return other


def _read(path: Path) -> Document:
    if path.is_dir():
        raise ParamsError(_folder_hint(path))
    try:
        return read_yaml(path)
    except FileNotFoundError:
        raise ParamsError(
            told(
                f"{path}: there is no such params file.{_hint(path)}",
                f"{path}: 그런 설정 파일이 없습니다.{_hint(path)}",
            )
        ) from None


def _hint(path: Path) -> str:
    """Where another file may have been meant: its name, or the project's of the same name."""
    if path.is_relative_to(Path.cwd()):
        own = PROJECT_ROOT / path.relative_to(Path.cwd())
        if own.is_file():
            return told(
                f" (A relative path starts at the working directory. The project has {own}.)",
                f" (상대 경로는 현재 폴더에서 시작합니다. 프로젝트에는 {own}가 있습니다.)",
            )
    named = _of_name(path)
    if named is not None:
        return told(f" Did you mean {named}?", f" {named}입니까?")
    known = sorted(p.name for p in path.parent.glob("[!.]*.yaml"))
    close = near(path.name, known)
    if close:
        return told(f" Did you mean {close}?", f" {close}입니까?")
    if not known or not path.suffix:
        folder = PROJECT_ROOT / "params"
        known = [str(_from_here(file)) for file in sorted(folder.glob("*.yaml"))]
        known = [name for name in known if not name.endswith(VARIANTS_FILE.name)]
        return told(
            f" There are: {', '.join(known) or '-'}. `harmlib init FOLDER` writes one for your own "
            "media",
            f" 있는 파일: {', '.join(known) or '-'}. 자신의 미디어를 쓸 설정 파일은 `harmlib init "
            "폴더`로 만듭니다",
        )
    return told(
        f" That folder has: {', '.join(known)}.", f" 그 폴더에는 {', '.join(known)}가 있습니다."
    )


def _of_name(path: Path) -> Path | None:
    """The params file that is called so: beside it, in params/ here, or in the project's."""
    name = path.name.removesuffix(".yaml")
    for folder in (path.parent, Path.cwd() / "params", PROJECT_ROOT / "params"):
        known = {file.stem: file for file in folder.glob("*.yaml")}
        known.pop(VARIANTS_FILE.stem, None)
        found = known.get(name) or known.get(near(name, known))
        if found is not None:
            return _from_here(found)
    return None


def _from_here(file: Path) -> Path:
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def _folder_hint(path: Path) -> str:
    """What to do with a folder in place of a params file: of media, or of a finished run."""
    own = PROJECT_ROOT / "params" / f"{path.name}.yaml"
    if own.is_file():
        return told(
            f"{path}: a folder, not a params file. Did you mean {_from_here(own)}?",
            f"{path}: 설정 파일이 아니라 폴더입니다. {_from_here(own)}입니까?",
        )
    return told(
        f"{path}: a folder, not a params file. To write one for the media in it: harmlib init "
        f"{path}",
        f"{path}: 설정 파일이 아니라 폴더입니다. 그 안의 미디어로 설정 파일을 쓰려면: harmlib "
        f"init {path}",
    )


def _merge_variants(table: Document, changed: Document) -> tuple[dict[str, Any], dict[Key, Place]]:
    """The variants of a run, and where each of their values is written."""
    changes = changed.content.get("variants") or {}
    if not isinstance(changes, dict):
        _fail(changed, (), "expected variant names with their changes")
    merged = dict(table.content)
    places = _moved(table.places, (), ("variants",))
    for name, change in changes.items():
        if change is None and name in table.content:
            del merged[name]
            continue
        if not isinstance(change, dict | None):
            _fail(changed, (name,), "expected `key: value` lines")
        change = dict(change or {})
        base = str(change.pop("based_on", name))
        if base not in table.content:
            close = near(base, table.content)
            hint = f"did you mean {close!r}? " if close else ""
            _fail(
                changed,
                (name,),
                f"no variant {shown(base)!r} in {next(iter(table.places.values())).file.name}; "
                f"{hint}A new variant says `based_on:` one of {', '.join(table.content)}",
            )
        if not isinstance(table.content[base], dict):
            _fail(table, (), f"{base}: expected `key: value` lines")
        merged[name] = _deep_merge(table.content[base], change)
        places |= _moved(table.places, (base,), ("variants", name))
        places |= _moved(changed.places, ("variants", name), ("variants", name))
    return merged, places


def _fail(document: Document, below: Key, message: str) -> NoReturn:
    key: Key = ("variants", *below)
    place = document.places.get(key, document.places[()])
    raise ParamsError(f"{place}: {'.'.join(shown(str(part)) for part in key)}: {message}")


def _moved(places: dict[Key, Place], old: Key, new: Key) -> dict[Key, Place]:
    """The places below `old`, as those below `new`."""
    n = len(old)
    return {(*new, *key[n:]): place for key, place in places.items() if key[:n] == old}


def _deep_merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _deep_merge(merged[key], value) if both else value
    return merged
