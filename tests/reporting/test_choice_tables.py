from harmlib.analysis import variant_tables
from harmlib.reporting.text.certainty import OBJECTIVES


def test_every_objective_has_korean():
    assert set(OBJECTIVES) == set(variant_tables.OBJECTIVES)
