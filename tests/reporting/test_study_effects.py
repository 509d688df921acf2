"""Figures of the ablation, of fusion, and of ignored groups."""

import io

import matplotlib
import numpy as np
import pytest
from study_differences import FACTORS, HELPED, NONE, claimed, fused

from harmlib.reporting.figures import study_effects as draws
from harmlib.reporting.figures.style import use_style
from harmlib.reporting.text.study_effects import factor_name


@pytest.fixture(autouse=True)
def _style():
    with matplotlib.rc_context():
        use_style()
        yield


def test_figures_show_each_row_with_and_without_intervals():
    fusion = fused({"clip": 0.6, "yolo": 0.7, "clip+yolo": 0.7})
    for change in ({}, NONE):
        known = {name: value for name, value in change.items() if name in fusion}
        figures = [
            draws.waterfall(HELPED.assign(**change), "model2", "model4"),
            draws.effects_by_order(HELPED.assign(**change)),
            draws.fusion_levels(fusion.assign(**known), 0.66),
            draws.ignored_groups(claimed(0.1).assign(**change)),
        ]
        names = [[t.get_text() for t in f.axes[0].get_yticklabels()] for f in figures]
        assert names[0] == ["Model 2", *map(factor_name, FACTORS), "Model 4"]
        assert names[1] == [*map(factor_name, FACTORS)]
        assert names[2] == ["CLIP", "YOLO", "CLIP+YOLO"]
        assert names[3] == ["Model 2", "Model 4"]
        for figure in figures:
            figure.savefig(io.BytesIO(), format="svg")


def test_the_waterfall_goes_from_level_to_level():
    (axes,) = draws.waterfall(HELPED, "model2", "model4").axes
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert np.allclose(ends, [(0.7, 0.7), (0.7, 0.69), (0.69, 0.78)])
    assert [t.get_text() for t in axes.texts] == ["0.700", "0.780", "+0.000", "−0.010", "+0.090"]
