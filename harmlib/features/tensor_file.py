"""Read what torch saved, as numbers and nothing else: no file says what is called.

A file of torch is a pickle, and a pickle names functions to call. Here only those of torch that
put tensors together are called. The classes that a network was saved with are replaced by
`StandIn`, which keeps what the file says and does nothing; who reads such a network checks it and
builds one of its own.
"""

from __future__ import annotations

import io
import re
import threading
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any, ClassVar

import torch
from torch.serialization import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    get_unsafe_globals_in_checkpoint,
)

_ZIP = b"PK\x03\x04"
# Of a TorchScript archive: what marks it, and the parts that are a program.
_SCRIPT_MARK = "constants.pkl"
_TENSORS = re.compile(r"[^/]+/(data\.pkl|data/\d+|version|byteorder)")
_SCRIPT_CLASSES = "__torch__."  # all of them; no Python module has such a name
_SCRIPT_LISTS = tuple(
    f"torch.jit._pickle.{name}"
    for name in ("build_boollist", "build_doublelist", "build_intlist", "build_tensorlist",
                 "restore_type_tag")
)  # fmt: skip
_MOST_UNPACKED_BYTES = 64 << 20  # beyond the file's own size; TorchScript packs its program
_ALLOWED = threading.Lock()  # torch's list of what may be named is one for the whole process


class TensorFileError(ValueError):
    """Why a file is not read: it is damaged, or it asks for something to be called."""


class StandIn:
    """In the place of an object whose class a file names; it keeps what the file says of it.

    Attributes
    ----------
    name : str
        Of the class or function that the file names, dotted.
    state : Any
        What the file would have set; plain values, tensors and other stand-ins.
    """

    name: ClassVar[str]
    state: Any

    def __new__(cls, *_: Any, **__: Any) -> StandIn:
        """Take any arguments, as the named class might."""
        made = super().__new__(cls)
        made.state = None
        return made

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __setstate__(self, state: Any) -> None:
        """Keep it; nothing becomes an attribute."""
        self.state = state


def read_tensors(path: Path, stand_ins: Iterable[str] = ()) -> Any:
    """Read a file that torch saved: tensors, plain values, and stand-ins for named classes.

    Parameters
    ----------
    path : Path
        Written by ``torch.save``, or a TorchScript archive, whose program is not read.
    stand_ins : iterable of str
        Dotted names of the classes and functions that the file may name. None is imported.

    Returns
    -------
    Any
        What was saved, on the CPU. Of a TorchScript archive a `StandIn`.

    Raises
    ------
    TensorFileError
        If the file names anything else, would take more memory than its size tells, or can't be
        read. Nothing that it names was called.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     torch.save({"a": torch.ones(2)}, file.name)
    ...     read_tensors(Path(file.name))
    {'a': tensor([1., 1.])}
    """
    try:
        with path.open("rb") as file:
            source, classes = _tensors_alone(file)
            names = [*classes, *stand_ins]
            with _allowed(names):
                return torch.load(source, map_location="cpu", weights_only=True)
    except TensorFileError:
        raise
    except Exception as error:  # a file made for it can make the reader fail in any way
        raise TensorFileError(_reason(error)) from error


def tensors_of(content: Any) -> dict[str, torch.Tensor]:
    """Take a state_dict as it was read, and see that it is one.

    Parameters
    ----------
    content : Any
        A dict of names and tensors, or the `StandIn` of a TorchScript archive, whose attributes'
        names are joined by dots as in a state_dict.

    Returns
    -------
    dict of str to torch.Tensor
        Ordinary tensors, none larger than what the file holds of it.

    Raises
    ------
    TensorFileError
        For anything else.

    Examples
    --------
    >>> tensors_of({"a": 1})
    Traceback (most recent call last):
    harmlib.features.tensor_file.TensorFileError: 'a' is no tensor but an int
    """
    if isinstance(content, StandIn):
        return dict(_attributes(content))
    if not isinstance(content, Mapping):
        raise TensorFileError(f"it holds no state_dict but {_kind(content)}")
    return {str(name): plain_tensor(str(name), value) for name, value in content.items()}


def plain_tensor(name: str, value: Any) -> torch.Tensor:
    """See that a value is an ordinary tensor, and that the file holds all its numbers.

    Parameters
    ----------
    name : str
        For the message.
    value : Any
        As it was read.

    Returns
    -------
    torch.Tensor
        The same.

    Raises
    ------
    TensorFileError
        If it isn't one.
    """
    if type(value) not in (torch.Tensor, torch.nn.Parameter):
        raise TensorFileError(f"{name!r} is no tensor but {_kind(value)}")
    ordinary = value.layout == torch.strided and value.device.type == "cpu"
    if not ordinary or value.is_quantized:
        raise TensorFileError(f"{name!r} is no ordinary tensor but a {value.type()}")
    # One number may stand for many: then a file of 1 kB would ask for any amount of memory.
    if value.numel() * value.element_size() > value.untyped_storage().nbytes():
        raise TensorFileError(f"{name!r} claims {value.numel():,} numbers; the file holds fewer")
    tensor: torch.Tensor = value
    return tensor


def _attributes(root: StandIn) -> Iterator[tuple[str, torch.Tensor]]:
    waiting, seen = [("", root)], 0
    while waiting:
        prefix, owner = waiting.pop()
        seen += 1
        if seen > 100_000 or not isinstance(owner.state, dict):
            raise TensorFileError("its modules are not those of a TorchScript archive")
        for name, value in owner.state.items():
            if isinstance(value, StandIn) and value.state is not None:
                waiting.append((f"{prefix}{name}.", value))
            elif isinstance(value, torch.Tensor):
                yield f"{prefix}{name}", plain_tensor(f"{prefix}{name}", value)


def _tensors_alone(file: IO[bytes]) -> tuple[IO[bytes], list[str]]:
    """The file, or of a TorchScript archive what is no program, and the classes that it names.

    ``torch.jit.load`` would compile the program and run parts of it, which may read and write
    files.
    """
    is_zip = file.read(len(_ZIP)) == _ZIP
    file.seek(0)
    if not is_zip:
        return file, []
    with zipfile.ZipFile(file) as archive:
        _refuse_bomb(archive, file.seek(0, io.SEEK_END))
        is_script = any(name.endswith(f"/{_SCRIPT_MARK}") for name in archive.namelist())
        alone = _without_program(archive) if is_script else None
    file.seek(0)
    if alone is None:
        return file, []
    named = get_unsafe_globals_in_checkpoint(alone)
    alone.seek(0)
    return alone, [*(n for n in named if n.startswith(_SCRIPT_CLASSES)), *_SCRIPT_LISTS]


def _refuse_bomb(archive: zipfile.ZipFile, file_bytes: int) -> None:
    unpacked_bytes = sum(entry.file_size for entry in archive.infolist())
    if unpacked_bytes > file_bytes + _MOST_UNPACKED_BYTES:
        raise TensorFileError(f"its {file_bytes:,} bytes claim to hold {unpacked_bytes:,}")


def _without_program(archive: zipfile.ZipFile) -> io.BytesIO:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as target:
        for name in archive.namelist():
            if _TENSORS.fullmatch(name):
                target.writestr(name, archive.read(name))
    kept.seek(0)
    return kept


@contextmanager
def _allowed(names: Iterable[str]) -> Iterator[None]:
    """Let files name these, each meaning its stand-in, and nothing that others have allowed."""
    with _ALLOWED:
        others = get_safe_globals()
        clear_safe_globals()
        add_safe_globals([(_stand_in(name), name) for name in names])
        try:
            yield
        finally:
            clear_safe_globals()
            add_safe_globals(others)


@cache
def _stand_in(name: str) -> type[StandIn]:
    return type("StandIn", (StandIn,), {"name": name})


def _reason(error: Exception) -> str:
    text = str(error).strip()
    asked = re.search(r"\bGLOBAL (\S+)", text)  # as torch says it
    if asked:
        return (
            f"it asks for {asked[1]}, which has no place in a file of weights: calling it may run "
            "anything. Nothing was called. Take a file from a source that you trust, or save the "
            "numbers alone (a state_dict)"
        )
    if isinstance(error, EOFError) and not text:
        return "it is empty, or cut off"
    return text.splitlines()[0] if text else type(error).__name__


def _kind(value: Any) -> str:
    if isinstance(value, StandIn):
        return f"an object of {value.name}"
    name = type(value).__name__
    return "nothing" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
