"""Paths that a run records hold for whoever has the same project or home."""

from pathlib import Path

import pytest

from harmlib.params.places import PROJECT_ROOT, from_project, portable, portable_paths


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PROJECT_ROOT / "params" / "demo.yaml", "params/demo.yaml"),
        (PROJECT_ROOT, "."),
        ("/home/kim/reports", "~/reports"),
        ("/home/kim", "~/."),
        ("/home/kimchi/reports", "/home/kimchi/reports"),
        ("/mnt/disk", "/mnt/disk"),
    ],
)
def test_a_portable_path_is_read_as_it_was(monkeypatch, path, expected):
    monkeypatch.setenv("HOME", "/home/kim")
    assert portable(path) == expected
    assert from_project(expected) == Path(path)


@pytest.mark.parametrize("home", ["/", "", "~"])
def test_a_home_that_is_none(monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    assert portable("/mnt/disk") == "/mnt/disk"


def test_of_params_only_paths_change(monkeypatch):
    monkeypatch.setenv("HOME", "/home/kim")
    content = {"root": "/home/kim/media", "seed": 1, "list": ["/home/kim/a", "a/b", None], "n": "x"}
    expected = {"root": "~/media", "seed": 1, "list": ["~/a", "a/b", None], "n": "x"}
    assert portable_paths(content) == expected
