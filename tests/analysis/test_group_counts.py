import pytest

from harmlib.analysis.group_counts import count_groups


@pytest.mark.parametrize(
    ("labels", "groups", "expected"),
    [
        ([0, 1, 1], None, (2, 1)),
        ([0, 1, 1, 0], ["a", "a", "b", "a"], (2, 1)),
        ([1, 1], ["a", "a"], (1, 0)),
        ([0] * 6, None, (0, 6)),
    ],
)
def test_groups_of_each_class_are_counted(labels, groups, expected):
    counts = count_groups(labels, groups)
    assert counts == expected
    assert not counts.enough
