"""What the report is compared with: nothing, the earlier report, or a file of your own."""

import pytest

from harmlib.params import ParamsError, load_params
from harmlib.workflow.steps import plan

NEEDED = "run: x\ndata: {root: data}\n"


@pytest.fixture
def params(tmp_path):
    def load(text):
        file = tmp_path / "params.yaml"
        file.write_text(NEEDED + text)
        return load_params(file)

    return load


@pytest.mark.parametrize(
    ("text", "compared"),
    [("", False), ("compare_with_published: true\n", True), ("published: mine.csv\n", True)],
)
def test_only_who_asks_gets_a_comparison(params, text, compared):
    found = params(text)
    assert found.compared is compared
    (report,) = (step for step in plan(found) if step.notebook == "05_report")
    for name in ("published", "audit", "audit_counts"):
        assert (f"tables/{name}.csv" in report.writes) is compared
    assert (str(found.published) in report.reads) is (found.published is not None)


def test_one_thing_is_compared_with(params):
    with pytest.raises(ParamsError, match="leave one of them out"):
        params("compare_with_published: true\npublished: mine.csv\n")


def test_the_demo_compares():
    assert load_params("params/demo.yaml").compared
