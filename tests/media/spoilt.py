"""Bytes spoilt as hypothesis likes: cut off, and with others in their place."""

from hypothesis import strategies as st

EDITS = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=8)


def spoilt(data, edits, keep):
    data = bytearray(data[: max(1, int(len(data) * keep))])
    for position, value in edits:
        data[position % len(data)] = value
    return bytes(data)
