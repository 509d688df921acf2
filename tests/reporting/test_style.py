"""Figures are the same bytes, whatever a person's matplotlibrc and fonts are."""

import io
import re
from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from harmlib.reporting.figures import style
from harmlib.reporting.figures.fonts import font_file
from harmlib.reporting.figures.scores import score_distribution
from harmlib.reporting.figures.style import panels, use_style

THEIRS = {
    "tex": {"text.usetex": True},
    "size": {"font.size": 30, "lines.linewidth": 9, "figure.dpi": 300, "savefig.dpi": 30},
    "colours": {"axes.facecolor": "black", "axes.prop_cycle": matplotlib.cycler(color=["red"])},
    "saving": {"savefig.bbox": "tight", "savefig.transparent": True, "svg.fonttype": "none"},
    "numbers": {"axes.formatter.use_locale": True, "axes.unicode_minus": False},
    "layout": {"figure.autolayout": True, "axes.spines.left": False, "xtick.direction": "in"},
}


def drawn():
    """An SVG and a PNG of two figures, drawn in our style."""
    use_style()
    scores = pd.DataFrame({"variant": "model2", "label": [0, 1, 1], "probability": [0.0, 0.9, 1]})
    distribution = score_distribution(scores, pd.DataFrame({"variant": ["m"], "threshold": [0.5]}))
    lines, (axes,) = panels(1)
    axes.plot([-1000, 1000], [1e-6, 1], label="유해 −1")
    axes.legend()
    return [saved(figure) for figure in (distribution, lines)]


def saved(figure: Figure):
    svg, png = io.BytesIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None})
    figure.savefig(png, format="png", dpi=80)
    return svg.getvalue(), png.getvalue()


@pytest.fixture(scope="module")
def ours():
    with matplotlib.rc_context():
        return drawn()


@pytest.mark.parametrize("settings", THEIRS.values(), ids=THEIRS)
def test_settings_of_matplotlib_change_nothing(ours, settings):
    with matplotlib.rc_context(settings):
        assert drawn() == ours


@pytest.mark.parametrize("style", ["dark_background", "ggplot", "seaborn-v0_8-talk", "classic"])
def test_styles_change_nothing(ours, style):
    with matplotlib.rc_context():
        matplotlib.style.use(style)
        assert drawn() == ours


@pytest.mark.parametrize(("name", "weight"), [("NanumGothic", 400), ("DejaVu Sans", 400)])
def test_other_fonts_of_the_same_name_change_nothing(ours, monkeypatch, name, weight):
    other = font_file(bold=True)  # whatever it is, its shapes are others
    entry = font_manager.FontEntry(
        fname=str(other), name=name, weight=weight, stretch="normal", size="scalable"
    )
    fonts = font_manager.fontManager
    monkeypatch.setattr(fonts, "ttflist", [entry, *fonts.ttflist])
    with matplotlib.rc_context():
        assert drawn() == ours


def test_figures_have_no_colours_but_those_of_the_style():
    """Others would stay as they are on a dark page."""
    for file in Path(style.__file__).parent.glob("*.py"):
        if file.name != "style.py":
            source = file.read_text(encoding="utf-8")
            named = set(re.findall(r'color=\{?"(\w+)"', source))
            assert not re.search(r"#[0-9a-fA-F]{6}\b", source), file.name
            assert named <= {"black", "white"}, file.name
