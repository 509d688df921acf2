"""06_explore in a real JupyterLab: by keyboard and by mouse, brushing, notes and saving."""

import re

import nbformat
import pandas as pd
import papermill
from jupyterlab_tab import ANSWER_SEC, Lab, code_cells, git, press_until, save

from harmlib.analysis.choice import choose
from harmlib.analysis.curves import pr_curve
from harmlib.analysis.misclassified import instructive_errors
from harmlib.analysis.saved_scores import with_groups
from harmlib.params import PROJECT_ROOT, load_params
from harmlib.workflow.run import Run


def saved_rows(params, section, variant, epoch):
    run = Run(load_params(params))
    scored = with_groups(run.scores(section), run.items(section))
    own = {"variant": variant, "epoch": epoch, "split": "val"}
    return scored[(scored[list(own)] == pd.Series(own)).all(axis=1)]


def test_explore_follows_the_keyboard(run_notebook, params):
    tab, ended = run_notebook("06_explore.ipynb")
    assert ended == {"bad": [], "ran": code_cells("06_explore.ipynb")}
    lab = Lab(tab)
    assert lab.value("실행") == load_params(params).run
    lab.choose("종류", "비디오")
    manifest = Run(load_params(params)).items("video")
    lab.tell(".harm-lab p", f"검증 항목 {(manifest['split'] == 'val').sum():,}개(")
    rows = saved_rows(params, "video", "model5", int(lab.value("Epoch")))

    lab.press(lab.handle, "Home", *["ArrowRight"] * 40)
    lab.wait_for_value("정확한 값", 0.04)  # no key was lost while Python was busy
    assert lab.value("목적") == "직접 조정"
    lab.check_numbers(rows, 0.04)

    lab.choose("목적", "F1 최대")
    best = choose(rows["label"], rows["probability"], "f1").threshold
    lab.wait_for_value("정확한 값", best)
    lab.check_numbers(rows, best)
    lab.tab.wait_for_timeout(500)
    assert lab.value("목적") == "F1 최대", "the slider did not answer as if moved by hand"

    lab.choose("모델", "Model 2")
    lab.tell(".harm-lab p", "Model 2, epoch")
    rows = saved_rows(params, "video", "model2", int(lab.value("Epoch")))
    lab.wait_for_value("정확한 값", choose(rows["label"], rows["probability"], "f1").threshold)

    field = lab.field("정확한 값")
    field.fill("0.25")
    field.press("Enter")
    lab.check_numbers(rows, 0.25)
    check_gallery(lab.tab, instructive_errors(rows, 0.25))


def check_gallery(tab, errors):
    """Every picture is veiled until its button is pressed, and veiled again by Escape."""
    assert len(errors), "the test needs a threshold with errors"
    buttons = tab.locator(".error-gallery figure button.reveal")
    press_until(tab.get_by_role("button", name="이 threshold의 오류 보기"), buttons.first)
    assert buttons.count() == len(errors)
    assert tab.locator(".error-gallery .clear").count() == 0
    press_until(buttons.first, tab.locator(".error-gallery .clear"))
    tab.keyboard.press("Escape")
    assert tab.locator(".error-gallery .clear").count() == 0


def test_a_range_brushed_in_a_chart_is_that_of_the_other_and_of_the_table(run_notebook, params):
    tab, _ = run_notebook("06_explore.ipynb")
    lab = Lab(tab)
    rows = saved_rows(params, "image", "model5", int(lab.value("Epoch")))
    whole = f"검증 항목 {len(rows)}개"
    lab.tell(".harm-items caption", whole)
    middle = float(rows["probability"].median())

    lab.brush_anew("concat_1_group", 0.01, middle)
    lab.tell(".harm-items caption", "중 고른 범위와 종류의")
    low, high = lab.brushed()
    assert abs(low - 0.01) + abs(high - middle) < 0.02, "to some pixels"
    inside = int(rows["probability"].between(low, high).sum())
    assert abs(listed(lab) - inside) <= 1, "the readout is rounded"
    assert 0 < listed(lab) < len(rows)
    faint = ".concat_1_group .mark-rect path[opacity='0.25']"
    assert tab.locator(faint).count() > 0

    lab.brush_anew("concat_0_group", 0.05, 0.5)
    low, high = lab.brushed()
    curve = pr_curve(rows["label"], rows["probability"])
    part = curve[curve["recall"].between(0.05, 0.5)]["threshold"]
    assert abs(low - part.min()) < 0.05
    assert abs(high - part.max()) < 0.05

    tab.get_by_role("button", name="범위 해제").click()
    lab.tell(".harm-items caption", whole)


def listed(lab):
    """How many items the table says that it lists."""
    text = lab.tab.locator(".harm-items caption").inner_text()
    return int(re.findall(r"(\d+)개", text)[-1])


def test_notes_outlive_the_notebook_and_pictures_wait_for_a_press(run_notebook, params):
    tab, _ = run_notebook("06_explore.ipynb")
    lab = Lab(tab)
    first = tab.locator(".harm-items tbody tr").first
    first.wait_for(timeout=ANSWER_SEC * 1000)
    item = first.locator(".pick").inner_text()
    note = tab.get_by_label(f"메모: {item}")
    note.click()
    tab.keyboard.type("라벨 확인 d d x", delay=20)  # letters that are shortcuts of JupyterLab
    tab.keyboard.press("Enter")
    lab.tell(".harm-items [role=status]", "메모를 저장했습니다")
    notes = pd.read_csv(Run(load_params(params)).dir / "notes.csv")
    assert notes[["item_id", "note"]].to_numpy().tolist() == [[item, "라벨 확인 d d x"]]
    assert tab.locator(".jp-Cell").count() == cells("06_explore.ipynb"), "no cell was deleted"

    reveal = first.locator("figure button.reveal")
    reveal.wait_for(timeout=ANSWER_SEC * 1000)
    assert tab.locator(".harm-items .clear").count() == 0
    reveal.click()
    assert first.locator(".clear").count() == 1
    assert tab.locator(".harm-items .clear").count() == 1

    head = tab.get_by_role("button", name="확률", exact=False).first
    head.click()
    lab.tell(".harm-items th[aria-sort=ascending]", "확률")
    shown = tab.locator(".harm-items tbody td.number:nth-of-type(4)").all_inner_texts()
    assert shown == sorted(shown)
    focused = tab.evaluate("document.activeElement.dataset.key")
    assert focused == "sort probability", "it is there for the next key"

    again, _ = run_notebook("06_explore.ipynb")
    Lab(again)
    again.get_by_label("보일 항목").select_option(label="메모가 있는 것")
    kept = again.get_by_label(f"메모: {item}")
    kept.wait_for(timeout=ANSWER_SEC * 1000)
    assert kept.input_value() == "라벨 확인 d d x"


def test_a_threshold_is_written_as_params_and_as_a_policy(run_notebook, params, checkout):
    tab, _ = run_notebook("06_explore.ipynb")
    lab = Lab(tab)
    field = lab.field("정확한 값")
    field.fill("0.3125")
    field.press("Enter")
    lab.tell(".harm-lab p", "threshold를")
    run = Run(load_params(params))
    for kind, ending, command in (
        ("params", ".yaml", "./run_all.sh"),
        ("policy", ".policy.json", "harmlib predict"),
    ):
        tab.get_by_role("button", name=f"threshold를 {kind}로 저장").click()
        lab.tell(".harm-lab pre", command)
        (path,) = run.dir.glob(f"thresholds/*0.3125{ending}")
        assert path.name in tab.locator(".harm-lab code").last.inner_text()
    (path,) = run.dir.glob("thresholds/*.yaml")
    assert load_params(path).variants["model5"].fixed_threshold == 0.3125
    save(tab)
    assert git(checkout, "status", "--porcelain") == "", "widgets are not saved with the notebook"


def test_a_busy_kernel_is_seen(run_notebook):
    tab, _ = run_notebook("06_explore.ipynb")
    lab = Lab(tab)
    busy = (
        "jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute("
        "{code: 'import time; time.sleep(4)'}) && null"
    )
    tab.evaluate(busy)
    lab.press(lab.handle, "ArrowRight")
    lab.tell(".harm-lab.busy", "계산하고 있습니다")
    tab.wait_for_function(
        "document.querySelector('.harm-lab.busy').textContent === ''", timeout=ANSWER_SEC * 1000
    )


def cells(name):
    return len(nbformat.read(PROJECT_ROOT / "notebooks" / name, 4).cells)


def test_explore_runs_with_plain_papermill_from_any_folder(params, tmp_path):
    out = tmp_path / "explored.ipynb"
    papermill.execute_notebook(
        str(PROJECT_ROOT / "notebooks" / "06_explore.ipynb"),
        str(out),
        parameters={"params_file": str(params), "modality": "image"},
        cwd=str(tmp_path),
        progress_bar=False,
    )
    outputs = [o for c in nbformat.read(out, 4).cells for o in c.get("outputs", [])]
    said = [o["text"] for o in outputs if o.get("name") == "stdout"]
    assert not [o for o in outputs if o.get("name") == "stderr"], "no warnings, no log"
    assert "application/vnd.jupyter.widget-view+json" in outputs[1]["data"]
    assert said[0].startswith(f"reports/에서 찾은 실행: {load_params(params).run}")
    assert re.fullmatch(r"메모 \d+개: reports/.+/notes.csv\n", said[-1])
