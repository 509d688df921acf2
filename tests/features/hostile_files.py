"""Files of weights that try to run something when they are loaded; each would leave a mark."""

import builtins
import io
import os
import pickle
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import torch


class Call:
    """Pickled, it asks for `function(*arguments)` when it is read."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def payloads(mark):
    """Ways to write the file `mark`, by name."""
    write = f"open({str(mark)!r}, 'w').close()"
    return {
        "os.system": Call(os.system, f"touch '{mark}'"),
        "eval": Call(builtins.eval, write),
        "exec": Call(builtins.exec, write),
        "subprocess.Popen": Call(subprocess.Popen, ["touch", str(mark)]),
        "shutil.copy": Call(shutil.copy, os.devnull, str(mark)),
        "os.mkdir": Call(os.mkdir, str(mark)),
        "a method of what was read": Call(getattr, Call(Path, str(mark)), "touch"),
        "torch.save": Call(torch.save, [], str(mark)),
        "torch.load": Call(torch.load, str(mark)),
        "import": Call(builtins.__import__, "antigravity"),
        "torch.hub.load": Call(torch.hub.load, "nobody/nothing", "model"),
    }


def zipped(content, path):
    torch.save(content, path)


def legacy(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


def bare_pickle(content, path):
    path.write_bytes(pickle.dumps(content, protocol=4))


def old_pickle(content, path):
    path.write_bytes(pickle.dumps(content, protocol=0))


def tar(content, path):
    """The format before 2017."""
    with tarfile.open(path, "w") as archive:
        for name in ("storages", "tensors", "pickle"):
            data = pickle.dumps(content, protocol=2)
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def script(content, path):
    """A TorchScript archive whose data are another pickle."""
    torch.jit.script(torch.nn.Linear(2, 2)).save(path)
    zipped(content, path.with_suffix(".data"))
    with zipfile.ZipFile(path.with_suffix(".data")) as source:
        name = next(name for name in source.namelist() if name.endswith("/data.pkl"))
        data = source.read(name)
    replace(path, "data.pkl", data)


def replace(path, name, data):
    """Put other bytes into one entry of a zip file."""
    with zipfile.ZipFile(path) as source:
        entries = {entry: source.read(entry) for entry in source.namelist()}
    with zipfile.ZipFile(path, "w") as target:
        for entry, own in entries.items():
            target.writestr(entry, data if entry.endswith(f"/{name}") else own)


FORMATS = {f.__name__: f for f in (zipped, legacy, bare_pickle, old_pickle, tar, script)}
