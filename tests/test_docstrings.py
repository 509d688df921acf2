"""Public functions say in one dialect (numpydoc) what they take, return, and how they are used."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "harmlib"
# Functions without a runnable example, by module, and what an example would need.
NEEDS = {
    "cli": "a command line; its help and the documents show it",
    "features": "networks and their weights",
    "models/training.py": "a training",
    "models/training_data.py": "a feature store",
    "models/checkpoint.py": "a trained classifier",
    "models/category_checkpoint.py": "a trained classifier",
    "models/category_training.py:of_category": "a training; `train_categories` shows it",
    "models/category_training.py:data_of_category": "a feature store",
    "models/explanation.py": "a trained classifier",
    "predict": "a trained classifier and its backbones",
    "workflow": "a run's folder, kernels or notebooks",
    "reporting/decision.py:decide": "a run's folder",
    "media/video.py:sample_sizes": "a video; `sample_frames` shows the same",
    "media/video.py:stream_sizes": "a video; `sample_frames` shows the same",
    "media/video_facts.py:quarter_turns": "a phone's video",
    "media/video_facts.py:upright_size": "a phone's video",
    "media/tracks.py": "an open video; `read_video` and `sample_frames` show the whole of it",
    "media/manifest.py": "media files",
    "media/probe_cache.py": "media files",
    "media/thumbnails.py:segment_strips": "a video; `thumbnail` shows the same",
    "reporting/page": "an executed notebook",
    "reporting/show.py": "a notebook",
    "reporting/report.py": "a finished run",
    "reporting/figures": "a figure, which only an eye can check",
    "reporting/text/saved_models.py:checkpoint_table": "a trained classifier",
    "analysis/setting_effects.py": "judged items; the example of the module shows all together",
    "analysis/factor_effects.py:effects_in_order": "judged items; `factor_effects` shows the same",
    "analysis/factor_effects.py:factor_effects": "judged items; the example of the module shows it",
    "audit/checks.py": "claims; the example of the module shows all of them together",
} | dict.fromkeys(
    (
        "analysis/comparison_tables.py:intervals_on_test",
        "analysis/comparison_tables.py:against_baseline",
        "analysis/comparison_tables.py:differences",
        "analysis/comparison_tables.py:gains",
        "analysis/comparison_tables.py:drops",
        "analysis/variant_tables.py:threshold_bands",
        "analysis/variant_tables.py:stability",
        "analysis/variant_tables.py:optimism_table",
        "analysis/variant_tables.py:choices",
        "analysis/variant_tables.py:tried_thresholds",
        "analysis/probability_tables.py:calibrations",
        "analysis/probability_tables.py:prevalences",
        "analysis/probability_tables.py:net_benefits",
        "analysis/score_shards/section_curves.py:prevalences",
        "analysis/score_shards/section_curves.py:bands",
        "analysis/score_shards/section_curves.py:curves",
        "analysis/score_shards/section_tables.py",
    ),
    "a run's scores; the example of the module shows all of them together",
)


def public_functions():
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield path.relative_to(PACKAGE).as_posix(), node


FUNCTIONS = [
    pytest.param(path, node, id=f"{path}:{node.name}") for path, node in public_functions()
]


@pytest.mark.parametrize(("path", "node"), FUNCTIONS)
def test_sections(path, node):
    text = ast.get_docstring(node) or ""
    named = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    if named:
        assert "\nParameters\n----------\n" in text
        section = text.split("\nParameters\n----------\n")[1]
        missing = [name for name in named if not _is_listed(name, section)]
        assert not missing, f"{path}: not described: {missing}"
    if node.returns is not None and ast.unparse(node.returns) != "None":
        assert "\nReturns\n-------\n" in text or "\nYields\n------\n" in text


def _is_listed(name, section):
    """`a : int` or `a, b : int`."""
    heads = [line.split(" : ")[0] for line in section.splitlines() if " : " in line]
    return any(name in (part.strip(" *") for part in head.split(",")) for head in heads)


@pytest.mark.parametrize(("path", "node"), FUNCTIONS)
def test_example(path, node):
    if any(f"{path}:{node.name}".startswith(known) for known in NEEDS):
        return
    assert ">>> " in (ast.get_docstring(node) or ""), "show how it is used"


def test_what_is_left_out_exists():
    names = [f"{path}:{node.name}" for path, node in public_functions()]
    assert not [known for known in NEEDS if not any(name.startswith(known) for name in names)]
