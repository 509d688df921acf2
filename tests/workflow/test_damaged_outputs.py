"""All that a finished run has left is damaged or deleted in turn, and made again as it was."""

import io
import itertools
import json
import os
import shutil
from pathlib import Path

import pandas as pd
import papermill
import pytest
import torch
import yaml
from PIL import Image
from tiny_run import make_tiny_run

from harmlib.cli import main as cli
from harmlib.params import load_params
from harmlib.workflow.execution import executed_notebook
from harmlib.workflow.import_graph import ImportGraph
from harmlib.workflow.step_cache import StepCache
from harmlib.workflow.steps import plan

pytestmark = pytest.mark.usefixtures("closed_event_loop")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A finished run; one of its pictures lies elsewhere, behind a link."""
    folder = tmp_path_factory.mktemp("tiny")
    outside, far = folder / "outside.jpg", folder / "far.jpg"
    Image.new("RGB", (64, 48), "teal").save(far)
    outside.symlink_to(far)
    make_tiny_run(folder, f"{outside},safe,outside")
    assert run(folder) == 0
    return folder


def run(folder):
    return cli.main(["run", str(folder / "params.yaml")])


def files_of(folder):
    """All that the run has left, without what is only there to go faster."""
    places = (folder / "reports", folder / "artifacts/features")
    found = (path for place in places for path in place.rglob("*") if path.is_file())
    return {
        path.relative_to(folder): path
        for path in found
        if path.name != "steps.json" and path.suffix != ".damaged" and path.suffix != ".lock"
    }


def meaning(path):
    """A file's content without times; that of an executed notebook and its page are outputs."""
    match path.suffix:
        case ".parquet":
            table = pd.read_parquet(path)
        case ".csv":
            table = pd.read_csv(path)
        case ".pth":
            return str(torch.load(path, weights_only=True))
        case ".json" if path.name == "run.json":
            content = json.loads(path.read_text(encoding="utf-8"))
            hashes = {k: v for k, v in content["sha256"].items() if k != "history.parquet"}
            return content | {"made": "", "commit": "", "sha256": hashes}
        case ".html" | ".ipynb":
            return path.stat().st_size > 1000
        case _:
            return path.read_bytes()
    table = table.drop(columns=[name for name in table if "sec" in name])
    if path.name == "steps.csv":
        return len(table)
    if path.name.startswith("part-"):
        return table["sha256"].to_list()
    return table.to_csv()


@pytest.fixture(scope="module")
def meant(project):
    """What every file of the finished run means."""
    return {name: meaning(path) for name, path in files_of(project).items()}


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def by_hand(path):
    with path.open("ab") as file:
        file.write(b" \n")


def of_later(path):
    """As a page that a clock which was ahead has left."""
    path.write_bytes(b"<p>of another run")
    os.utime(path, (4e9, 4e9))


CODE = {}  # digests of what notebooks reach, found once
DAMAGES = [cut, flipped, by_hand, of_later, Path.unlink]


def is_all_valid(params, graph):
    cache = StepCache(params, graph)
    cache._code.update(CODE)
    steps = plan(params)
    pages = [executed_notebook(params, step.name) for step in steps]
    whole = (params.run_dir / "index.html", pages[-1])
    valid = (
        all(map(cache.is_valid, steps))
        and cache.is_gathered()
        and all(cache.page_is_valid(page.with_suffix(".html"), page) for page in pages)
        and cache.page_is_valid(*whole)
    )
    CODE.update(cache._code)
    return valid


def test_no_damage_to_any_output_is_taken_for_valid(project):
    params, graph = load_params(project / "params.yaml"), ImportGraph()
    assert is_all_valid(params, graph)
    names = files_of(project)
    assert len(names) > 80
    missed = []
    own = (
        (name, path)
        for name, path in names.items()
        if path.name not in ("settings.json", ".listed_image.json")
        and "/artifacts/" not in str(path)
    )
    # Each file is damaged in one way, each way is tried on files of all kinds.
    for (name, path), damage in zip(own, itertools.cycle(DAMAGES), strict=False):
        kept, stat = path.read_bytes(), path.stat()
        damage(path)
        if is_all_valid(params, graph):
            missed.append(f"{damage.__name__} {name}")
        path.write_bytes(kept)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert missed == []
    assert is_all_valid(params, graph), "all was put back"


# Files of each kind, so that each run makes several of them again.
GROUPS = {
    "scores": ("scores.parquet", "history.parquet", "operating_points.parquet"),
    "data": ("manifest.parquet", "ledger.csv"),
    "training": ("models/model2/image_scores.parquet", "models/model2/image_model_best.pth"),
    "shown": (
        "tables/sweep_image.csv", "tables/weights_image.csv", "tables/summary_image.csv",
        "figures/class_balance.svg", "figures/f1_bands_image.png",
        "notebooks/03_thresholds-image.ipynb", "notebooks/02_train-image-model2.html",
    ),
    "results": ("metrics.json", "run.json", "index.html"),
    "vectors": ("artifacts/features",),
    "record": ("steps.json",),
}  # fmt: skip


def require_as_before(project, meant, below=""):
    after = {name: meaning(path) for name, path in files_of(project).items()}
    names = [name for name in meant if str(name).startswith(below)]
    assert sorted(name for name in after if str(name).startswith(below)) == sorted(names)
    assert [name for name in names if after[name] != meant[name]] == []


@pytest.mark.parametrize(
    "damages",
    [  # each run makes again what several groups are about, and none hides another's
        {"scores": cut, "shown": by_hand, "results": of_later},
        {"training": Path.unlink},
        {"data": cut, "vectors": cut, "record": cut},
    ],
    ids=lambda damages: "-".join(damages),
)
def test_what_is_damaged_or_deleted_is_made_again_as_it_was(project, meant, damages, capfd, caplog):
    for group, damage in damages.items():
        for name in GROUPS[group]:
            if name.startswith("artifacts"):
                for path in (project / name).rglob("part-*.parquet"):
                    damage(path)
            else:
                damage(project / "reports/tiny" / name)
    assert run(project) == 0
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    # Those of notebooks come as output, those of this process to whoever takes its log.
    said = [*(said.out + said.err).splitlines(), *caplog.messages]
    lines = [line for line in said if "set aside" in line]
    for group, file in {"vectors": "part-", "record": "steps.json"}.items():
        told = [line for line in lines if file in line]
        assert len(told) == (group in damages), "one line says so"
    require_as_before(project, meant)
    assert is_all_valid(load_params(project / "params.yaml"), ImportGraph())


def test_a_part_that_rots_without_a_new_time_is_noticed_when_it_is_read(
    project, meant, monkeypatch, caplog
):
    """The state of its file says nothing; training would read it."""
    real = StepCache._are_kept
    monkeypatch.setattr(
        StepCache, "_are_kept",
        lambda self, known: real(self, {k: v for k, v in (known or {}).items() if rotten(k)}),
    )  # fmt: skip

    def rotten(name):
        return not (project / "artifacts" / name).exists()

    (part,) = (project / "artifacts/features").rglob("part-*.parquet")
    flipped(part)
    (project / "reports/tiny/models/model2/image_scores.parquet").unlink()
    assert run(project) == 0
    assert "set aside as *.damaged, made again" in caplog.text
    require_as_before(project, meant)


def test_changed_media_are_never_reused(project, meant):
    """One behind a link, one that keeps its size and time, one that arrives: each is noticed."""
    media, far, csv = project / "media", project / "far.jpg", project / "media/images.csv"
    kept = shutil.copytree(media, project / "kept")
    outside, linked = project / "outside.jpg", far.read_bytes()
    victim = next((media / "images/harmful").glob("*.jpg"))
    arrived = csv.read_text() + "new.jpg,safe,new\n"

    def behind_the_link():
        Image.new("RGB", (64, 48), "navy").save(far)

    def time_kept():
        stat = victim.stat()
        victim.write_bytes(victim.read_bytes()[:-3] + b"\0\xff\xd9")
        os.utime(victim, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def arrives():
        Image.new("RGB", (64, 48), "olive").save(media / "new.jpg")
        csv.write_text(arrived)

    def put_back():
        far.write_bytes(linked)
        shutil.copytree(kept, media, dirs_exist_ok=True)
        (media / "new.jpg").unlink()

    params, graph = load_params(project / "params.yaml"), ImportGraph()
    assert is_all_valid(params, graph)
    for path, change in {far: behind_the_link, victim: time_kept, csv: arrives}.items():
        before, state = path.read_bytes(), path.stat()
        change()
        assert not is_all_valid(params, graph), change.__name__
        path.write_bytes(before)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        change()
    name = Path("reports/tiny/manifest.parquet")
    old = pd.read_parquet(project / name).set_index("path")["sha256"]
    try:
        assert run(project) == 0
        new = pd.read_parquet(project / name).set_index("path")["sha256"]
        changed = {path for path in new.index if new[path] != old.get(path)}
        assert changed == {str(outside), str(victim), str(media / "new.jpg")}
        ledger = pd.read_csv(project / "reports/tiny/ledger.csv")
        assert len(new) + len(ledger) == len(pd.read_csv(csv)) == 29
    finally:
        put_back()
    assert run(project) == 0
    assert meaning(project / name) == meant[name], "put back"


def test_a_file_that_changes_between_two_steps_and_is_put_back_spoils_nothing(
    project, meant, monkeypatch, capfd
):
    """00 sees one content; extraction would see another."""
    shutil.rmtree(project / "artifacts/features")
    outside, victim = project / "outside.jpg", project / "far.jpg"
    kept = victim.read_bytes()
    other = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(other, "JPEG")
    real = papermill.execute_notebook

    def overtaken(source, *args, **kwargs):
        extracting = "01_extract" in source
        if extracting:
            victim.write_bytes(other.getvalue())
        try:
            return real(source, *args, **kwargs)
        finally:
            if extracting:
                victim.write_bytes(kept)

    with monkeypatch.context() as patch:
        patch.setattr(papermill, "execute_notebook", overtaken)
        assert run(project) == 0
    assert "changed while it ran: images. It runs again with the next" in capfd.readouterr().out
    ledger = pd.read_csv(project / "reports/tiny/ledger.csv").set_index("path")["reason"]
    assert ledger[str(outside)].startswith("changed after its content was hashed")
    assert run(project) == 0
    require_as_before(project, meant, below="reports")


def test_params_that_change_while_it_runs_stop_it(project, monkeypatch, capfd):
    path = project / "params.yaml"
    before = path.read_text()
    (project / "reports/tiny/tables/sweep_image.csv").unlink()
    real = papermill.execute_notebook

    def overtaken(*args, **kwargs):
        path.write_text(before.replace("seed: 1", "seed: 2"))
        return real(*args, **kwargs)

    try:
        with monkeypatch.context() as patch:
            patch.setattr(papermill, "execute_notebook", overtaken)
            assert run(project) == 1
        assert "changed while the run was going on; run it again" in capfd.readouterr().err
    finally:
        path.write_text(before)


def test_a_diverged_training_is_called_that(project, capfd):
    content = yaml.safe_load((project / "params.yaml").read_text())
    content |= {"run": "diverged"}
    content["variants"]["model2"] = {"image": {"epochs": 2, "learning_rate": 1e30}}
    (project / "diverged.yaml").write_text(yaml.safe_dump(content))
    assert cli.main(["run", str(project / "diverged.yaml")]) == 1
    said = capfd.readouterr().err
    assert "the training diverged in epoch 1" in said
    assert "learning rate 1e+30" in said
    page = (project / "reports/diverged/index.html").read_text(encoding="utf-8")
    assert "학습이 발산하여" in page
