"""Names that want to be markup or script: wherever one can come in, the page shows it as it is."""

import io
import json
from unittest.mock import patch

import nbformat
import pandas as pd
import pytest
from browser import watch
from explorer_page import scores
from IPython.display import HTML, Markdown
from matplotlib import rc_context
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from harmlib.reporting import show
from harmlib.reporting.figures.style import use_style
from harmlib.reporting.page.drawings import figure_html
from harmlib.reporting.page.failure import Failure, write_failure_page
from harmlib.reporting.page.first_screen import first_screen
from harmlib.reporting.page.fragments import table_html
from harmlib.reporting.page.gallery import gallery_html
from harmlib.reporting.page.pages import write_html, write_notebook_page, write_page
from harmlib.reporting.page.sections import fold_html
from harmlib.reporting.page.threshold_explorer import explorer_html
from harmlib.reporting.text.cited_numbers import CitedNumber, literal
from harmlib.reporting.text.coded_findings import Finding
from harmlib.reporting.text.first_screen_cards import Card
from harmlib.reporting.text.first_screen_states import Chip
from harmlib.reporting.text.one_decision import decision_sentences

ATTACKS = (
    "<img src=x onerror=alert(1)>",
    "<data autofocus onfocus=alert(2) tabindex=0>x</data>",
    '"><script>alert(3)</script>',
    "' onmouseover='alert(4)",
    "[x](javascript:alert(5))",
    "<a href=javascript:alert(6)>y</a>",
    "{{BODY}}{{7*7}}{% raw %}",
    "$(touch x)`touch y`$x$",
    "</script><script>alert(8)</script>",
    "]]><svg onload=alert(9)>",
    "<!--<script>alert(10)//-->",
    "</template></style></title><body onload=alert(11)>",
    "&lt;b&gt;&#60;i&#62;",
    "**b** _i_ `c` # h",
    "<iframe srcdoc='<script>parent.alert(12)</script>'>",
    "a\u202egpj.exe",
)
NAME = " ".join(ATTACKS)


def output(thing):
    """One thing as a cell displays it, in the notebook's words."""
    kind = "text/markdown" if isinstance(thing, Markdown) else "text/html"
    return new_output("display_data", data={kind: thing.data, "text/plain": NAME})


def everything():
    """A table, a sentence, a list, a figure, a gallery, … each with the name in all its places."""
    buffer = io.BytesIO()
    Image.new("L", (300, 200), 90).save(buffer, "JPEG")
    errors = pd.DataFrame(
        {"kind": ["miss"], "place": ["near"], "item_id": [NAME], "group": [NAME], "path": [NAME],
         "label": [1], "probability": [0.4], "threshold": [0.5], "distance": [0.1], "total": [1],
         "variant": [NAME]}
    )  # fmt: skip
    decision = {"id": NAME, "path": f"/new/{NAME}", "decision": "safe", "probability": 0.4,
                "threshold": 0.5, "contributions": {"clip": 0.1}}  # fmt: skip
    table = pd.DataFrame({"group": [NAME], NAME: [NAME], "variant": [NAME], "split": [NAME]})
    shown = f"{literal(NAME)} {CitedNumber(0.5, f't.csv[0].{NAME}'):.1f}"
    with rc_context():
        use_style()
        drawn = Figure(figsize=(3, 2))
        drawn.subplots().set_title(NAME[:120])
        picture = figure_html(drawn, alt=NAME, caption=NAME)
    displayed = []
    with patch.object(show, "display", displayed.append):
        show.show_table(table, NAME)
        show.show_findings([shown, shown])
        show.show_findings(decision_sentences(decision, "/new"))
        show.show_paragraphs([shown, f"- {literal(NAME)}"])
    return [
        *displayed,
        HTML(table_html(table, NAME)),
        picture,
        HTML(fold_html("floors", NAME, literal(NAME), picture.data)),
        first_screen(
            NAME,
            [Chip("note", NAME, NAME)],
            [(Card(NAME, False, NAME, NAME, (), NAME), picture.data)],
            [Finding("HL001", NAME, literal(NAME))],
        ),
        HTML(gallery_html(errors, {NAME: buffer.getvalue()}, NAME, [NAME])),
        explorer_html(
            {"image": scores(NAME, 1, [0, 1, 1, 0], [0.1, 0.9, 0.6, 0.4])},
            {"image": pd.DataFrame({"variant": [NAME], "epoch": 1, "threshold": 0.5,
                                    "best_threshold": 0.5, "chosen": True})},
        ),
        Markdown(NAME),
        Markdown(f"# {NAME}\n\n```mermaid\n{NAME}\n```\n\n> {NAME}\n\n[x]"),
        Markdown("[x]: javascript:alert(20)\n[x]"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    outputs = [output(thing) for thing in everything()]
    outputs += [
        new_output("stream", name="stdout", text=NAME),
        new_output("error", ename=NAME, evalue=NAME, traceback=[NAME]),
        new_output("display_data", data={"application/javascript": "alert(30)", "text/plain": "a"}),
        new_output("display_data", data={"image/svg+xml": "<svg onload=alert(31)>"}),
        new_output("display_data", data={"text/latex": NAME, "text/plain": NAME}),
    ]
    cells = [
        new_markdown_cell(f"## 1. {NAME}"),
        new_code_cell(f"name = {json.dumps(NAME)}", execution_count=1, outputs=outputs),
        new_markdown_cell(f"### 1.1 {NAME}"),
    ]
    path = tmp_path_factory.mktemp("hostile") / "report.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def visited(browser):
    """visited(page): a tab in which a page was used as people use it, and what it did."""
    tabs = []

    def visit(page, *, quiet=True):
        tab = browser.new_page()
        tabs.append(tab)
        said, dialogs = watch(tab), []
        tab.on("dialog", lambda d: (dialogs.append(d.message), d.dismiss()))
        tab.goto(page.as_uri())
        for element in tab.locator("details").all():
            element.evaluate("e => { e.open = true; }")
        # Handles: what opens on focus would count among the visible, and shift the rest.
        used = tab.locator("button:visible, input:visible, [tabindex]:visible").element_handles()
        for element in used:
            element.focus()
            element.hover(force=True, timeout=2000)
        for button in tab.locator(".error-gallery .reveal:visible").all():
            button.click(force=True)
        tab.wait_for_timeout(200)
        assert not dialogs
        assert not quiet or not said, said
        return tab

    yield visit
    for tab in tabs:
        tab.close()


def handlers(tab):
    """Elements that would run something of their own."""
    return tab.evaluate(
        """() => [...document.querySelectorAll("*")].flatMap((e) => [...e.attributes]
        .filter((a) => a.name.startsWith("on") || /^\\s*javascript:/i.test(a.value)
          && ["href", "src", "action", "formaction"].includes(a.name))
        .map((a) => `${e.tagName} ${a.name}=${a.value}`.slice(0, 80)))"""
    )


@pytest.mark.parametrize("write", [write_page, write_notebook_page])
def test_no_name_becomes_markup_or_script(notebook, visited, write):
    page = write(notebook, notebook.with_name(f"{write.__name__}.html"), NAME)
    tab = visited(page)
    assert handlers(tab) == []
    assert tab.title() == " ".join(NAME.split())
    assert tab.locator("iframe, main a:not([href^='#']), main svg [onload]").count() == 0
    # 4 tables, 2 of them twice; figures, gallery, sentences, lists: literally, each attack whole.
    text = " ".join(tab.locator("main").inner_text().split())
    for attack in ATTACKS:
        assert text.count(" ".join(attack.split())) >= 20, attack
    scripts = tab.locator("script").count()
    assert scripts == 4, "the page's own, the gallery's two and the explorer's"
    cell = tab.locator("main li data").first
    assert cell.get_attribute("data-cell") == f"t.csv[0].{NAME}"


def test_the_page_still_works(notebook, visited):
    tab = visited(write_page(notebook, notebook.with_name("works.html"), "a"))
    assert tab.locator(".harm-explorer svg").count() == 2, "both plots are drawn"
    assert tab.locator(".error-gallery img.clear").count() == 1, "its button was pressed"
    tab.set_viewport_size({"width": 1600, "height": 800})
    tab.set_viewport_size({"width": 390, "height": 800})
    tab.wait_for_timeout(100)
    assert tab.locator("nav details").evaluate("e => e.open") is False


def test_the_page_of_a_run_that_stopped(tmp_path, visited):
    failure = Failure(NAME, NAME, NAME, NAME)
    page = write_failure_page(failure, {NAME: "failed"}, tmp_path / "index.html", NAME)
    tab = visited(page)
    assert handlers(tab) == []
    assert tab.locator("main").inner_text().count(ATTACKS[0]) >= 5
    (link,) = tab.locator("main a").all()
    assert link.get_attribute("href").startswith("notebooks/")


def test_a_script_that_got_into_a_page_does_not_run(tmp_path, visited):
    body = (
        f"<p>{ATTACKS[0]}</p><script>alert(1)</script><a id=a href='javascript:alert(2)'>a</a>"
        "<iframe srcdoc='<script>parent.alert(3)</script>'></iframe><svg onload=alert(4)></svg>"
        "<form action='https://example.org'><button>b</button></form>"
        "<link rel=stylesheet href=https://example.org/a.css><base href=https://example.org/>"
        # Even one that stands beside our own elements: hashes are of our files, not of the page.
        "<section class='error-gallery harm-explorer'><script>alert(5)</script></section>"
    )
    tab = visited(write_html(body, tmp_path / "a.html", "a"), quiet=False)
    tab.locator("#a").click()
    tab.wait_for_timeout(100)
    assert tab.evaluate("document.baseURI").startswith("file:")


def test_every_page_has_the_policy_and_it_is_strict(notebook, tmp_path):
    pages = [
        write_page(notebook, tmp_path / "a.html", "a"),
        write_notebook_page(notebook, tmp_path / "b.html", "b"),
        write_failure_page(Failure("a", "b", "c"), {}, tmp_path / "c.html", "c"),
    ]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        head = text[: text.index("</head>")]
        policy = head.split('http-equiv="Content-Security-Policy" content="')[1].split('"')[0]
        assert head.index("Content-Security-Policy") < head.index("<style")
        parts = dict(part.split(" ", 1) for part in policy.split("; "))
        assert parts["default-src"] == "'none'"
        assert all(one.startswith("'sha256-") for one in parts["script-src"].split())
