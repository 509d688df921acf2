"""Folders that take long to make: the first worker makes them, the others wait and use the same."""

import os
import shutil

from filelock import FileLock


def made_once(tmp_path_factory, name, make):
    """The folder `name`, filled by `make(folder)` in whichever worker asks first.

    It belongs to all tests of all workers: copy what you change.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # each worker has a folder of its own below that of the whole run
    folder, done = root / name, root / f"{name}.done"
    with FileLock(root / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that could not make it
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
