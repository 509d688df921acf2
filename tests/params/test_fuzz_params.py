"""Params files that are spoilt, or random YAML: a checked object or a ParamsError, and soon."""

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harmlib.params import Params, ParamsError, load_params
from harmlib.params.places import PROJECT_ROOT

BUDGET = settings(
    max_examples=150, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
GOOD = (PROJECT_ROOT / "params" / "demo.yaml").read_bytes()
EDITS = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=8)
SIGNS = st.text(st.sampled_from(string.ascii_letters + string.digits + ":-{}[]&*!|>'\"%@`#,? \n\t"),
                max_size=200)  # fmt: skip
SCALAR = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["run", "data", "../x", "no", "1e999", "0x10", "\0"])
)  # fmt: skip
KEY = st.sampled_from(
    ["run", "seed", "data", "splits", "features", "variants", "modalities", "study", "device",
     "root", "clip", "folds", "max_decode_sec", "max_pixels", "otherwise", "reports"]
) | st.text(max_size=8)  # fmt: skip
TREE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=5),
    max_leaves=15,
)  # fmt: skip


def loads_or_says(path):
    try:
        params = load_params(path)
    except ParamsError as error:
        message = str(error)
        assert message
        assert len(message) < 20_000
        assert all(sign.isprintable() or sign == "\n" for sign in message)
        return
    assert isinstance(params, Params)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.yaml"


def test_spoilt_bytes(path):
    @BUDGET
    @given(EDITS, st.floats(0.01, 1.0))
    def holds(edits, keep):
        content = bytearray(GOOD[: max(1, int(len(GOOD) * keep))])
        for position, value in edits:
            content[position % len(content)] = value
        path.write_bytes(bytes(content))
        loads_or_says(path)

    holds()


def test_any_bytes(path):
    @BUDGET
    @given(st.binary(max_size=300))
    def holds(content):
        path.write_bytes(content)
        loads_or_says(path)

    holds()


def test_signs_of_yaml(path):
    @BUDGET
    @given(SIGNS)
    def holds(text):
        path.write_text(text, encoding="utf-8")
        loads_or_says(path)

    holds()


def test_any_tree(path):
    @BUDGET
    @given(TREE)
    def holds(tree):
        path.write_text(json.dumps(tree), encoding="utf-8")
        loads_or_says(path)

    holds()


def test_a_good_file_with_one_section_of_anything(path):
    @BUDGET
    @given(KEY, TREE)
    def holds(key, tree):
        good = {"run": "a", "data": {"root": "data/demo"}, "variants": {"model3": None}}
        path.write_text(json.dumps(good | {key: tree}), encoding="utf-8")
        loads_or_says(path)

    holds()
