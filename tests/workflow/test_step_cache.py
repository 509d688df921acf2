"""What an edit makes invalid: steps, pages, the gathered tables. No notebook is executed here."""

import json
import shutil
from pathlib import Path

import fsspec
import numpy as np
import pytest
import yaml

from harmlib.features.store import FeatureStore
from harmlib.params import load_params
from harmlib.reporting.report import KINDS
from harmlib.workflow import execution, import_graph
from harmlib.workflow.execution import executed_notebook
from harmlib.workflow.import_graph import ImportGraph
from harmlib.workflow.media_state import MediaState
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
        self.graph = self.graph or ImportGraph(self.package, self.folder / "imports.json")
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
    for name in ("images/harmful/a.jpg", "images/safe/b.jpg", "videos/harmful/a.mp4"):
        write(folder / "media" / name, name)
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
        assert cache.done(step, cache.begin(step), 1.0) == []
        executed = executed_notebook(params, step.name)
        write(executed.with_suffix(".html"), step.name)
        cache.page_done(executed.with_suffix(".html"), executed)
    cache.gathering_done()
    cache.graph.keep()  # as a run does: the next start parses what has changed
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
        ("cli/options/commands.py", set()),
        ("analysis/drift.py", set()),
        ("predict/predictor.py", set()),
        ("workflow/pipeline.py", set()),
        ("workflow/kernels.py", set()),
        ("workflow/step_cache.py", set()),
        ("workflow/compare_runs.py", set()),
        ("reporting/page/pages.py", set()),
        ("reporting/lab/threshold_lab.py", set()),
        ("params/schema.py", EVERY),
        ("params/plain_values.py", EVERY),
        ("workflow/run.py", EVERY),
        ("media/manifest.py", {"00", "05"}),
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
        # Pages allow the scripts of both by their hashes.
        ("reporting/page/threshold_explorer.js", {"05"}, True),
        ("reporting/page/threshold_explorer.css", {"05"}, True),
        ("reporting/page/gallery.css", {"05"}, True),
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
        ("figures/f1_bands_video.svg", {"03_thresholds-video", "05"}),  # which shows it again
        ("figures/score_distribution_video.svg", {"03_thresholds-video"}),
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
    assert project.invalid() == steps("03_thresholds-video", "05")


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


@pytest.mark.parametrize(
    "row", ["c,safe,image,,by hand\n", "c,safe,audio,extract,by hand\n", "c,safe,image\n", "\0,\n"]
)
def test_rows_that_no_step_can_have_written_invalidate_the_first(project, row):
    project.append("reports/r/ledger.csv", row)
    assert {"00_data", "05_report"} <= project.invalid()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\0", b"\0" * 99, b'"' * 200_000])
def test_a_damaged_ledger_is_no_reason_to_stop(project, content):
    (project.run / "ledger.csv").write_bytes(content)
    assert {"00_data", "05_report"} <= project.invalid()


def test_a_ledger_with_the_same_rows_but_other_bytes_is_gathered_again(project):
    path = project.run / "ledger.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n").removeprefix(b"\xef\xbb\xbf"))
    assert project.invalid() == set()
    assert not project.cache.is_gathered()


@pytest.mark.parametrize("file", ["tables/curves_video.csv", "models/model4/video_scores.parquet"])
def test_a_folder_in_the_place_of_a_file_is_noticed(project, file):
    (project.run / file).rename(project.run / "away")
    (project.run / file).mkdir()
    try:
        assert "05_report" in project.invalid()
    finally:
        (project.run / file).rmdir()


def test_without_a_ledger_all_that_write_or_read_it_are_invalid(project):
    (project.run / "ledger.csv").unlink()
    assert project.invalid() == steps(*EVERY)


@pytest.mark.parametrize("change", [{"seed": 9}, {"variants": {}}, {"modalities": ["video"]}])
def test_changed_params_invalidate_every_step(project, change):
    project.content |= change
    assert project.invalid() == {step.name for step in plan(project.params)}


@pytest.mark.parametrize(
    "change",
    [{"mute": ["HL001"]}, {"gallery": {"pictures": False}}, {"compare_with_published": True}],
)
def test_params_of_the_report_invalidate_it_alone(project, change):
    project.content |= change
    assert project.invalid() == {"05_report"}


def test_a_changed_notebook_invalidates_its_steps(project):
    project.edit("notebooks/03_thresholds.ipynb", "Threshold", "threshold")
    assert project.invalid() == steps("03")


@pytest.mark.parametrize("modality", ["image", "video"])
def test_changed_media_invalidate_the_steps_that_read_them(project, monkeypatch, modality):
    real = MediaState.of
    monkeypatch.setattr(
        MediaState, "of", lambda self, one: "other" if one == modality else real(self, one)
    )
    assert project.invalid() == steps("00", f"01_extract_features-{modality}", "05")


def test_what_changes_while_a_step_runs_makes_it_run_again(project, monkeypatch):
    (step,) = (s for s in plan(project.params) if s.name == "01_extract_features-video")
    cache = project.cache
    began = cache.begin(step)
    with monkeypatch.context() as patch:
        patch.setattr(MediaState, "of", lambda *_: "changed, and put back later")
        assert cache.done(step, began, 1.0) == ["videos"]
    assert step.name not in project.invalid(), "what it read at its beginning is there again"
    with monkeypatch.context() as patch:
        patch.setattr(MediaState, "of", lambda *_: "as copied by half")
        began = cache.begin(step)
    assert cache.done(step, began, 1.0) == ["videos"]
    assert step.name in project.invalid()


@pytest.mark.parametrize(
    "name", ["manifest.parquet", "tables/weights_video.csv", "notebooks of the project"]
)
def test_tables_and_code_that_change_while_a_step_runs_are_told(project, name):
    (step,) = (s for s in plan(project.params) if s.name == "02_train-video-model3")
    cache = project.cache
    began = cache.begin(step)
    if name.startswith("notebooks"):
        name = "02_train.ipynb"
        project.append("notebooks/02_train.ipynb", " ")
    else:
        (project.run / name).write_text("other")
    assert cache.done(step, began, 1.0) == [name]
    assert step.name in project.invalid()


def with_own_weights(project):
    weights = project.folder / "own.pt"
    weights.write_bytes(b"weights")
    project.content["features"] = {"clip": {"weights": str(weights)}}
    extractions = [s for s in plan(project.params) if s.notebook.startswith("01")]
    for step in extractions:
        cache = project.cache
        assert cache.done(step, cache.begin(step), 1.0) == []
    assert not {s.name for s in extractions} & project.invalid()
    return weights


def replaced(path):
    path.with_name("new").write_bytes(b"WEIGHTS")
    path.with_name("new").replace(path)


@pytest.mark.parametrize("change", [Path.unlink, replaced, lambda path: path.write_bytes(b"more")])
def test_changed_weights_of_ones_own_invalidate_extraction(project, change):
    change(with_own_weights(project))
    assert steps("01") <= project.invalid()


def in_the_store(project):
    """Vectors and downloaded weights, recorded with the extraction of videos."""
    artifacts = project.folder / "artifacts"
    project.content["artifacts"] = str(artifacts)
    write(artifacts / "features/clip-1/part-a.parquet", "vectors")
    write(artifacts / "weights/ViT.pt", "weights")
    write(project.run / "tables/weights_video.csv", "\ufeffbackbone,store\nclip,clip-1\n")
    (step,) = (s for s in plan(project.params) if s.name == "01_extract_features-video")
    cache = project.cache
    cache.done(step, cache.begin(step), 1.0)
    assert step.name not in project.invalid()
    return artifacts, step


@pytest.mark.parametrize("file", ["features/clip-1/part-a.parquet", "weights/ViT.pt"])
@pytest.mark.parametrize("how", ["edited", "deleted", "replaced"])
def test_lost_vectors_and_weights_invalidate_extraction(project, file, how):
    artifacts, step = in_the_store(project)
    path = artifacts / file
    {"edited": lambda one: one.write_text("VECTORS"), "deleted": Path.unlink, "replaced": replaced}[
        how
    ](path)
    assert step.name in project.invalid()


@pytest.mark.parametrize("how", ["damaged", "lost"])
def test_vectors_at_an_address_are_watched_as_well(project, how):
    folder = f"memory://step-cache-{how}"
    project.content["features_at"] = folder
    store = FeatureStore(folder, "clip", {})
    store.add({"a" * 64: np.float32([1, 2])})
    write(project.run / "tables/weights_video.csv", f"\ufeffbackbone,store\nclip,{store.name}\n")
    (step,) = (s for s in plan(project.params) if s.name == "01_extract_features-video")
    cache = project.cache
    cache.done(step, cache.begin(step), 1.0)
    store.add({"b" * 64: np.float32([1, 2])})
    project.cache.set_damaged_vectors_aside()
    assert step.name not in project.invalid()
    system, path = fsspec.url_to_fs(folder)
    kept = cache.steps[step.name]["artifacts"]
    (part,) = (one for one in system.find(path) if f"memory:/{one}" in kept)
    if how == "lost":
        system.rm_file(part)
    else:
        system.pipe_file(part, system.cat_file(part).replace(b"aaaa", b"aaab"))
        project.cache.set_damaged_vectors_aside()
    assert step.name in project.invalid()


def test_vectors_and_weights_of_other_runs_do_no_harm(project):
    artifacts, step = in_the_store(project)
    write(artifacts / "features/clip-1/part-b.parquet", "more vectors")
    write(artifacts / "features/yolo-1/part-a.parquet", "others")
    write(artifacts / "weights/yolo.pt", "others")
    write(artifacts / "weights/more.pt.part", "a download")
    assert step.name not in project.invalid()


def test_damaged_vectors_are_set_aside_before_extraction_is_taken_for_valid(project):
    artifacts, step = in_the_store(project)
    project.cache.set_damaged_vectors_aside()
    assert (artifacts / "features/clip-1/part-a.parquet.damaged").exists()
    assert step.name in project.invalid()


def test_another_version_of_a_package_invalidates_what_uses_it(project, monkeypatch):
    known = import_graph.version
    changed = {"openvino": "0"}
    monkeypatch.setattr(import_graph, "version", lambda name: changed.get(name) or known(name))
    assert project.invalid() == steps("01")


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "[" * 100_000, '{"steps": []}', '{"steps": {"00_data": "valid"}}',
        '{"steps": {}, "gathered": 3}', '{"pages": null}', "\0\0", "\udcff",
    ],
)  # fmt: skip
def test_a_damaged_record_invalidates_every_step_in_one_line(project, caplog, text):
    path = project.run / "steps.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    assert project.invalid() == steps(*EVERY)
    (line,) = caplog.messages
    assert f"{path}: damaged, so all steps run again" in line
    assert path.with_name("steps.json.damaged").exists()
    assert not project.cache.is_gathered()
    assert len(caplog.messages) == 1


def test_a_record_cut_anywhere_is_no_reason_to_stop(project):
    path = project.run / "steps.json"
    content = path.read_bytes()
    for end in range(0, len(content), len(content) // 9):
        path.write_bytes(content[:end])
        assert project.cache.steps == {}


def test_a_record_of_an_earlier_version_invalidates_every_step(project):
    (project.run / "steps.json").write_text('{"00_data": {"key": "of an earlier version"}}')
    assert project.invalid() == steps(*EVERY)


def test_a_step_that_is_done_again_is_valid_again(project):
    (project.run / "tables/curves_video.csv").write_text("another")
    (step,) = (s for s in plan(project.params) if s.name == "03_thresholds-video")
    cache = project.cache
    cache.done(step, cache.begin(step), 2.5)
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
