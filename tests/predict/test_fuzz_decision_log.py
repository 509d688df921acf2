"""Logs of decisions that are spoilt, or hold what hypothesis likes: entries or a LogError."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harmlib.predict.decision_log import DecisionLog, LogError

BUDGET = settings(
    max_examples=150, deadline=5000, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
EDITS = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=8)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=6,
)  # fmt: skip
KEYS = st.sampled_from(["id", "path", "model_sha256", "windowing", "size", "mtime_ns", "segments",
                        "time", "sha256", "chain"])  # fmt: skip


def entry(i):
    return {
        "id": f"{i:012x}", "time": "2026-01-01T00:00:00.000+09:00", "sha256": "a" * 64, "size": i,
        "mtime_ns": i, "path": f"그림 {i}.jpg", "model_sha256": "b" * 64, "model_id": "m/image@b",
        "windowing": {}, "segments": [], "contributions": {}, "nearest": [], "probability": 0.5,
    }  # fmt: skip


def reads_or_says(log):
    for read in (lambda: list(log), lambda: log.find("000000000001"),
                 lambda: log.states("b" * 64, {}),
                 lambda: list(log.latest(frozenset(["b" * 64])))):  # fmt: skip
        try:
            read()
        except LogError as error:
            assert str(error)  # noqa: PT017 - it may be refused


@pytest.fixture
def log(tmp_path):
    return DecisionLog(tmp_path / "a.decisions.jsonl")


def test_spoilt_bytes_and_then_one_more_entry(tmp_path):
    whole = DecisionLog(tmp_path / "whole.jsonl")
    for i in range(4):
        whole.append(entry(i))
    content = whole.path.read_bytes()

    @BUDGET
    @given(EDITS, st.floats(0.01, 1.0))
    def holds(edits, keep):
        spoilt = bytearray(content[: max(1, int(len(content) * keep))])
        for position, value in edits:
            spoilt[position % len(spoilt)] = value
        log = DecisionLog(tmp_path / "spoilt.jsonl")
        log.path.write_bytes(bytes(spoilt))
        reads_or_says(log)
        try:
            log.append(entry(9))
        except LogError:
            return
        assert log.path.read_bytes().count(b"000000000009") == 1
        reads_or_says(log)

    holds()


def test_any_bytes(log):
    @BUDGET
    @given(st.binary(max_size=300))
    def holds(content):
        log.path.write_bytes(content)
        reads_or_says(log)

    holds()


def test_lines_of_any_json(log):
    @BUDGET
    @given(st.lists(VALUE | st.dictionaries(KEYS, VALUE, max_size=6), max_size=4))
    def holds(values):
        lines = [json.dumps(value) for value in values]
        log.path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        reads_or_says(log)

    holds()


def test_a_good_entry_with_one_odd_value(log):
    @BUDGET
    @given(KEYS, VALUE)
    def holds(key, value):
        odd = entry(1) | {key: value}
        log.path.write_text(json.dumps(odd) + "\n" + json.dumps(entry(2)) + "\n", encoding="utf-8")
        reads_or_says(log)

    holds()
