"""What an edit makes invalid: steps, pages, the gathered tables. No notebook is executed here."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from harmlib.params import load_params
from harmlib.reporting.report import KINDS
from harmlib.workflow import execution, import_graph
from harmlib.workflow.execution import executed_notebook
from harmlib.workflow.import_graph import ImportGraph
from harmlib.workflow.paths import TRAINING_TABLES
from harmlib.workflow.step_cache import StepCache
from harmlib.workflow.steps import THRESHOLD_TABLES, Step, plan

PACKAGE = Path(import_graph.__file__).parent.parent
EVERY = {"00", "01", "02", "03", "05"}


class Project:
    """Copies of the package and the notebooks, and a run whose files are stand-ins."""

    def __init__(self, folder, graph=None):
        self.folder, self.graph = folder, graph
        self.package = folder / "harmlib"
        self.run = folder / "reports/r"
        self.content = {"run": "r", "reports": str(folder / "reports"),
                        "data": {"root": str(folder / "media")},
                        "variants": {"model2": None, "model5": None}}  # fmt: skip

    @property
    def params(self):
        path = self.folder / "params.yaml"
        path.write_text(yaml.safe_dump(self.content), encoding="utf-8")
        return load_params(path)

    @property
    def cache(self):
        """A new one, as the next start of the program has it."""
        self.graph = self.graph or ImportGraph(self.package)
        return StepCache(self.params, self.graph)

    def invalid(self):
        cache = self.cache
        return {step.name for step in plan(self.params) if not cache.is_valid(step)}

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        self.graph = None

    def append(self, name, text):
        path = self.folder / name
        path.write_bytes(path.read_bytes() + text.encode())
        self.graph = None


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(PACKAGE, folder / "harmlib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(execution.NOTEBOOKS, folder / "notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "NOTEBOOKS", folder / "notebooks")
        yield finish(folder)


def finish(folder):
    """Every step done, on files whose content is their name."""
    (folder / "media").mkdir()
    (folder / "media/a.jpg").write_bytes(b"a")
    project = Project(folder)
    params, cache = project.params, project.cache
    for step in plan(params):
        for name in step.writes:
            if isinstance(name, str):
                write(project.run / name, name)
        executed = executed_notebook(params, step.name)
        write(executed, step.name)
    ledger = "path,label,modality,step,reason\na,safe,image,data,x\nb,safe,video,extract,y\n"
    (project.run / "ledger.csv").write_text("\ufeff" + ledger, encoding="utf-8")
    for kind in TRAINING_TABLES:
        write(project.run / f"{kind}.parquet", kind)
    for step in plan(params):
        cache.done(step, 1.0)
        executed = executed_notebook(params, step.name)
        write(executed.with_suffix(".html"), step.name)
        cache.page_done(executed.with_suffix(".html"), executed)
    cache.gathering_done()
    shutil.copytree(folder, folder.with_name("aside"))
    return project


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def project(finished):
    """The finished project, put back afterwards as it was: its keys know where it lies."""
    folder = finished.folder
    yield Project(folder, finished.graph)
    kept = {path.relative_to(folder.with_name("aside")): path
            for path in folder.with_name("aside").rglob("*") if path.is_file()}  # fmt: skip
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder) not in kept:
            path.unlink()
    for name, path in kept.items():
        if not (folder / name).exists() or (folder / name).read_bytes() != path.read_bytes():
            shutil.copy2(path, folder / name)


def steps(*names):
    """Names of steps from their beginnings."""
    known = [
        "00_data",
        *(f"01_extract_features-{modality}" for modality in ("image", "video")),
        *(f"02_train-{m}-{v}" for m in ("image", "video") for v in ("model3", "model4")),
        *(f"03_thresholds-{modality}" for modality in ("image", "video")),
        "05_report",
    ]
    found = {name for name in known if name.startswith(names)} if names else set()
    assert len(found) >= len(names)
    return found


def test_nothing_changed_nothing_is_invalid(project):
    assert project.invalid() == set()
    assert project.cache.is_gathered()


def test_a_comment_or_docstring_anywhere_invalidates_nothing(project):
    for path in project.package.rglob("*.py"):
        project.append(path.relative_to(project.folder), "\n# a comment\n")
    project.edit("harmlib/models/training.py", '"""', '"""More: ')
    assert project.invalid() == set()


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("cli/main.py", set()),
        ("cli/options.py", set()),
        ("analysis/drift.py", set()),
        ("predict/predictor.py", set()),
        ("workflow/pipeline.py", set()),
        ("workflow/kernels.py", set()),
        ("workflow/step_cache.py", set()),
        ("workflow/compare_runs.py", set()),
        ("reporting/page/pages.py", set()),
        ("reporting/lab/threshold_lab.py", set()),
        ("params.py", EVERY),
        ("workflow/run.py", EVERY),
        ("media/manifest.py", {"00"}),
        ("media/demo/drawing.py", {"00"}),
        ("features/engine.py", {"01"}),
        ("features/clip.py", {"01", "02"}),
        ("models/training.py", {"02"}),
        ("analysis/variant_tables.py", {"03", "05"}),
        ("audit/checks.py", {"05"}),
        ("reporting/page/gallery.py", {"05"}),
        ("media/thumbnails.py", {"05"}),
    ],
)
def test_changed_code_invalidates_the_steps_that_reach_it(project, module, names):
    project.append(f"harmlib/{module}", "\nCHANGED = 1\n")
    assert project.invalid() == steps(*names)


@pytest.mark.parametrize(
    ("file", "names", "pages"),
    [
        ("reporting/page/threshold_explorer.js", {"05"}, False),
        ("reporting/page/threshold_explorer.css", {"05"}, False),
        ("reporting/page/gallery.css", {"05"}, False),
        ("audit/published.csv", {"05"}, False),
        ("reporting/page/page.css", set(), True),
        ("reporting/page/page.html", set(), True),
    ],
)
def test_changed_data_files_invalidate_the_steps_or_pages_that_use_them(
    project, file, names, pages
):
    project.append(f"harmlib/{file}", " ")
    assert project.invalid() == steps(*names)
    cache = project.cache
    for step in plan(project.params):
        executed = executed_notebook(project.params, step.name)
        assert cache.page_is_valid(executed.with_suffix(".html"), executed) is not pages


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("manifest.parquet", EVERY),
        ("tables/weights_video.csv", {"01_extract_features-video", "02_train-video", "05"}),
        ("models/model4/video_scores.parquet",
         {"02_train-video-model4", "03_thresholds-video", "05"}),
        ("models/model3/image_operating_points.parquet",
         {"02_train-image-model3", "03_thresholds-image", "05"}),
        ("models/model4/video_model_best.pth", {"02_train-video-model4"}),
        ("tables/curves_video.csv", {"03_thresholds-video", "05"}),
        ("tables/floors_image.csv", {"03_thresholds-image", "05"}),
        ("figures/f1_bands_video.svg", {"03_thresholds-video"}),
        ("figures/f1_bands_image.png", {"03_thresholds-image"}),
        ("figures/class_balance.svg", {"00"}),
        ("figures/report_precision_recall_video.svg", {"05"}),
        ("tables/summary_video.csv", {"05"}),
        ("tables/history.csv", {"05"}),
        ("metrics.json", {"05"}),
        ("run.json", {"05"}),
        ("notebooks/03_thresholds-video.ipynb", {"03_thresholds-video"}),
        ("scores.parquet", set()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("how", ["edited", "deleted"])
def test_an_edited_or_deleted_file_invalidates_its_step_and_its_readers(project, file, names, how):
    path = project.run / file
    if how == "deleted":
        path.unlink()
    else:
        path.write_text("edited")
    assert project.invalid() == steps(*names)
    assert project.cache.is_gathered() == (file != "scores.parquet")


def test_a_drawing_that_is_sometimes_there_is_noticed_too(project):
    write(project.run / "figures/gains_video.svg", "drawn by hand")
    assert project.invalid() == {"03_thresholds-video"}


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("a,safe,image,data,x\n", "", {"00", "05"}),
        ("data,x\n", "data,other\n", {"00", "05"}),
        ("b,safe,video,extract,y\n", "",
         {"01_extract_features-video", "02_train-video", "03_thresholds-video", "05"}),
        ("y\n", "y\nc,safe,image,extract,z\n",
         {"01_extract_features-image", "02_train-image", "03_thresholds-image", "05"}),
    ],
)  # fmt: skip
def test_rows_of_the_ledger_belong_to_their_steps(project, old, new, names):
    project.edit("reports/r/ledger.csv", old, new)
    assert project.invalid() == steps(*names)


def test_without_a_ledger_all_that_write_or_read_it_are_invalid(project):
    (project.run / "ledger.csv").unlink()
    assert project.invalid() == steps(*EVERY)


@pytest.mark.parametrize("change", [{"seed": 9}, {"variants": {}}, {"modalities": ["video"]}])
def test_changed_params_invalidate_every_step(project, change):
    project.content |= change
    assert project.invalid() == {step.name for step in plan(project.params)}


def test_a_changed_notebook_invalidates_its_steps(project):
    project.edit("notebooks/03_thresholds.ipynb", "Threshold", "threshold")
    assert project.invalid() == steps("03")


def test_changed_media_invalidate_the_manifest_step(project):
    (project.folder / "media/b.jpg").write_bytes(b"b")
    assert project.invalid() == {"00_data"}


def test_another_version_of_a_package_invalidates_what_uses_it(project, monkeypatch):
    known = import_graph.version
    changed = {"openvino": "0"}
    monkeypatch.setattr(import_graph, "version", lambda name: changed.get(name) or known(name))
    assert project.invalid() == steps("01")


@pytest.mark.parametrize("text", ["{", "[]", '{"00_data": {"key": "of an earlier version"}}'])
def test_a_record_that_cannot_be_read_invalidates_every_step(project, text):
    (project.run / "steps.json").write_text(text)
    assert project.invalid() == steps(*EVERY)
    assert not project.cache.is_gathered()


def test_a_step_that_is_done_again_is_valid_again(project):
    (project.run / "tables/curves_video.csv").write_text("another")
    (step,) = (s for s in plan(project.params) if s.name == "03_thresholds-video")
    cache = project.cache
    cache.done(step, 2.5)
    assert project.invalid() == {"05_report"}
    recorded = json.loads((project.run / "steps.json").read_text())
    assert recorded["steps"][step.name]["seconds"] == 2.5
    assert sorted(p.name for p in project.run.glob("steps*")) == ["steps.json"]


@pytest.mark.parametrize("change", ["page", "executed", "deleted"])
def test_a_page_follows_its_executed_notebook(project, change):
    executed = executed_notebook(project.params, "05_report")
    page = executed.with_suffix(".html")
    assert project.cache.page_is_valid(page, executed)
    if change == "deleted":
        page.unlink()
    else:
        write(page if change == "page" else executed, "other")
    assert not project.cache.page_is_valid(page, executed)


def test_the_report_reads_every_table_that_the_threshold_step_writes():
    assert set(KINDS) == set(THRESHOLD_TABLES)


def test_parameters_are_part_of_a_key(project):
    keys = {project.cache.key(Step("02_train", {"variant": v})) for v in ("model3", "model4")}
    assert len(keys) == 2
