"""Media in a bucket: the same manifest, vectors and scores as on disk; outputs in the bucket."""

import io
import json
import logging
from importlib.util import find_spec

import fsspec
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
import yaml
from object_store import BUCKET, KEY, SECRET, s3_server, upload
from PIL import Image
from small_features import SMALL_FEATURES

from harmlib.address import address
from harmlib.cli import init
from harmlib.cli import main as cli
from harmlib.features.backbones import backbone_names, find_weights, open_store
from harmlib.features.computing import choose_computing
from harmlib.media.demo import make_demo
from harmlib.media.find import find_files
from harmlib.media.manifest import build_manifests
from harmlib.models.checkpoint import make_checkpoint, save_checkpoint
from harmlib.models.losses import positive_weight
from harmlib.models.stacked import Head
from harmlib.models.training_data import load_training_data
from harmlib.models.variant_training import choose_operating_points, train_one
from harmlib.params import load_params
from harmlib.predict.outputs import predict_into
from harmlib.predict.predictor import open_predictors
from harmlib.workflow.media_state import ABSENT, MediaState

PICTURES, VIDEOS = 188, 12
ROOT = f"s3://{BUCKET}"
PART = 4  # of the media on disk every fourth is extracted
RANDOM = ["seconds", "id"]


@pytest.fixture(scope="module")
def store():
    with pytest.MonkeyPatch.context() as patch, s3_server(patch) as system:
        yield system


@pytest.fixture(scope="module")
def folder(tmp_path_factory, store):
    """200 media on disk and in the bucket, and params for both."""
    folder = tmp_path_factory.mktemp("bucket")
    media = folder / "media"
    make_demo(media, seed=3, images=(2, 2), videos=(VIDEOS // 2, VIDEOS // 2))
    for path in [*media.glob("images/*/*"), *media.glob(".*")]:
        path.unlink()
    rng = np.random.default_rng(5)
    for i in range(PICTURES):
        label = ("harmful", "safe")[i % 2]
        pixels = rng.integers(0, 256, (24, 32, 3)) // (1 + i % 2)
        Image.fromarray(pixels.astype("uint8")).save(media / f"images/{label}/{i:03}.png")
    table = pd.DataFrame(
        {"path": sorted(p.relative_to(media).as_posix() for p in media.glob("images/*/*"))}
    )
    table["label"] = table["path"].str.split("/").str[1]
    table["group"] = table["path"].str[-7:-4]
    table.to_csv(media / "images.csv", index=False)
    upload(store, media, "media")
    for name, root in {"near": str(media), "far": f"{ROOT}/media"}.items():
        content = {
            "run": name,
            "seed": 1,
            "reports": str(folder / "reports"),
            "artifacts": str(folder / name),
            "data": {"root": root, "image_csv": "images.csv"},
            "features": SMALL_FEATURES,
            "variants": {"model2": {"image": {"epochs": 2}, "video": {"epochs": 2}}},
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def near(folder):
    return load_params(folder / "near.yaml")


@pytest.fixture(scope="module")
def far(folder):
    return load_params(folder / "far.yaml")


@pytest.fixture(scope="module")
def manifests(near, far):
    return build_manifests(near)[0], build_manifests(far)[0]


def test_the_manifest_is_that_of_the_disk_with_addresses(manifests, near):
    on_disk, in_bucket = manifests
    assert len(in_bucket) == PICTURES + VIDEOS
    assert in_bucket["path"].str.startswith(f"{ROOT}/media/").all()
    same = on_disk.assign(path=on_disk["path"].str.replace(str(near.data.root), f"{ROOT}/media"))
    pd.testing.assert_frame_equal(same, in_bucket)


def test_init_finds_the_list_and_the_folders_of_a_bucket(folder, tmp_path, monkeypatch, capsys):
    (tmp_path / "params").mkdir()
    monkeypatch.setattr(init, "PROJECT_ROOT", tmp_path)
    assert folder
    assert cli.main(["init", f"{ROOT}/media", "--untrained"]) == 0
    params = load_params(tmp_path / "params/media.yaml")
    assert params.data.root == address(f"{ROOT}/media")
    assert (params.data.image_csv, params.data.video_csv) == ("images.csv", "videos.csv")
    assert f"images: {PICTURES} files" in capsys.readouterr().out
    assert cli.main(["init", f"{ROOT}/nowhere"]) == 2
    assert f"{ROOT}/nowhere: there is nothing" in capsys.readouterr().err


def test_what_is_unchanged_is_not_fetched_again(far, manifests, monkeypatch):
    fetched = []
    real = fsspec.filesystem("s3").get_file
    monkeypatch.setattr(
        fsspec.filesystem("s3"),
        "get_file",
        lambda *given, **more: fetched.append(given[0]) or real(*given, **more),
    )
    assert build_manifests(far)[0].equals(manifests[1])
    assert [name for name in fetched if not name.endswith("images.csv")] == []


def test_the_state_of_the_media_changes_with_an_object(far, store):
    def state():
        return [MediaState(far).of(modality) for modality in ("image", "video")]

    state_files = MediaState(far)
    far.run_dir.mkdir(parents=True, exist_ok=True)
    state_files.list_anew()
    before = state()
    assert ABSENT not in before
    assert state() == before
    for name in ("images/safe/001.png", "videos/safe/new.mp4"):
        path = f"{BUCKET}/media/{name}"
        old = store.cat_file(path) if store.exists(path) else None
        store.pipe_file(path, b"other")
        assert state() != before
        store.rm_file(path) if old is None else store.pipe_file(path, old)
        store.invalidate_cache()


@pytest.fixture(scope="module")
def stores(near, far, manifests):
    """The feature stores of both: modality and backbone to a pair. On disk a part is filled."""
    opened = {}
    (far.artifacts / "compiled").symlink_to(near.artifacts / "compiled")  # the same networks
    some = manifests[0].iloc[::PART]
    for params, manifest in zip((near, far), (some, manifests[1]), strict=True):
        computing = choose_computing(params)
        for modality in ("image", "video"):
            items = manifest[manifest["modality"] == modality]
            names = backbone_names(params.features, modality)
            weights = {
                name: find_weights(params.features, name, params.artifacts / "weights")
                for name in names
            }
            own = {
                name: open_store(
                    params.features, name, weights[name], modality, str(computing.precision),
                    params.artifacts / "features",
                )
                for name in names
            }  # fmt: skip
            lost = computing.extract(items, weights, own, tell=lambda _: None)
            assert lost.empty, lost["reason"].tolist()
            for name, one in own.items():
                opened.setdefault((modality, name), []).append(one)
    return opened


def test_vectors_are_those_of_the_disk(stores, manifests):
    assert len(stores) == 6
    for (modality, name), (on_disk, in_bucket) in stores.items():
        some = manifests[0].iloc[::PART]
        hashes = some["sha256"][some["modality"] == modality].tolist()
        assert len(hashes) > 2
        assert np.array_equal(on_disk.load(hashes), in_bucket.load(hashes)), name


@pytest.fixture(scope="module")
def models(folder, far, stores, manifests):
    """Checkpoints of both modalities, trained on what was extracted from the bucket."""
    assert stores
    cpu = torch.device("cpu")
    for modality in ("image", "video"):
        items = manifests[1].query("modality == @modality")
        data = load_training_data(
            items, far.features, modality, device=cpu, artifacts=far.artifacts
        )
        spec = far.variants["model2"]
        weight = positive_weight(spec.pos_weight, data.splits["train"].labels)
        head = Head(data.splits, 1, weight)
        training = train_one(head, data.dims, spec, spec.schedule(modality), device=cpu)
        points = choose_operating_points(training, spec).assign(pos_weight=weight)
        checkpoint = make_checkpoint(data, training, points, variant="model2", spec=spec, seed=1)
        path = folder / f"models/{modality}_model_best.pth"
        path.parent.mkdir(exist_ok=True)
        save_checkpoint(path, checkpoint)
    return folder / "models"


def predict(models, source, out, *more):
    return cli.main(["predict", str(models), str(source), "--out", str(out), *more])


def table(content, suffix=".csv"):
    file = io.BytesIO(content)
    is_csv = suffix == ".csv"
    rows = pd.read_csv(file, keep_default_na=False) if is_csv else pd.read_parquet(file)
    rows = rows.drop(columns=RANDOM, errors="ignore")
    rows["path"] = rows["path"].str.replace(r".*/media/", "", regex=True)
    return rows.sort_values("path").reset_index(drop=True)


@pytest.fixture(scope="module")
def on_disk(models, folder):
    """What is predicted of the files on disk."""
    assert predict(models, folder / "media", folder / "out/scores.csv") == 1  # the list is no media
    return table((folder / "out/scores.csv").read_bytes())


def test_scores_are_those_of_the_disk_and_lie_in_the_bucket(models, on_disk, store, capfd):
    assert predict(models, f"{ROOT}/media", f"{ROOT}/out/scores.csv") == 1
    assert f"{ROOT}/out/scores.decisions.jsonl" in capfd.readouterr().out
    found = table(store.cat_file(f"{BUCKET}/out/scores.csv"))
    assert len(found) == PICTURES + VIDEOS
    pd.testing.assert_frame_equal(found, on_disk)
    ledger = pd.read_csv(io.BytesIO(store.cat_file(f"{BUCKET}/out/scores.ledger.csv")))
    lists = ("demo.json", "images.csv", "videos.csv")
    assert ledger["path"].tolist() == [f"{ROOT}/media/{name}" for name in lists]
    entry = json.loads(store.cat_file(f"{BUCKET}/out/scores.decisions.jsonl").splitlines()[0])
    assert entry["file"] == entry["path"]
    assert entry["path"].startswith(f"{ROOT}/media/")

    assert predict(models, f"{ROOT}/media", f"{ROOT}/out/scores.csv") == 1
    assert "0 predicted, 200 reused" in capfd.readouterr().out
    pd.testing.assert_frame_equal(table(store.cat_file(f"{BUCKET}/out/scores.csv")), on_disk)


def shards(store):
    store.invalidate_cache()
    names = sorted(store.glob(f"{BUCKET}/shards/*.parquet"))
    return {name: (store.info(name)["ETag"], store.modified(name)) for name in names}


def test_shards_together_are_the_table_and_are_gone_on_with(models, on_disk, store, capfd):
    """Of thirty pictures, twelve in a shard."""
    wanted = on_disk[on_disk["path"].str.match(r"images/[a-z]+/0[0-2]\d")].reset_index(drop=True)
    assert len(wanted) == 30

    def predict_shards():
        source, out = f"{ROOT}/media/images/*/0[0-2]?.png", f"{ROOT}/shards/"
        assert predict(models, source, out, "--shard-files", "12") == 0
        parts = [table(store.cat_file(name), ".parquet") for name in shards(store)]
        assert list(map(len, parts)) == [12, 12, 6]
        rows = pd.concat(parts).sort_values("path").reset_index(drop=True)
        pd.testing.assert_frame_equal(rows[list(wanted)], wanted, check_dtype=False)
        return capfd.readouterr().out

    assert "30 predicted + 0 reused + 0 unusable, in 3 shards" in predict_shards()
    before = shards(store)
    assert "0 predicted + 30 reused" in predict_shards()
    assert shards(store) == before, "what is finished is not written again"

    first, second, _ = before
    store.rm_file(second)
    log = second.replace(".parquet", ".decisions.jsonl")
    lines = store.cat_file(log).splitlines(keepends=True)
    assert len(lines) == 12
    store.pipe_file(log, b"".join(lines[:7]))  # as a call left it that was ended
    store.rm_file(f"{log}.head")
    assert "5 predicted + 25 reused" in predict_shards()
    assert shards(store)[first] == before[first]

    store.pipe_file(f"{BUCKET}/media/images/harmful/000a.png", b"no picture")
    store.invalidate_cache()
    source, out = f"{ROOT}/media/images/*/0[0-2]*.png", f"{ROOT}/shards/"
    assert predict(models, source, out, "--shard-files", "12") == 1
    assert "2 predicted + 28 reused + 1 unusable" in capfd.readouterr().out, "those that moved"
    store.rm_file(f"{BUCKET}/media/images/harmful/000a.png")
    parts = [table(store.cat_file(name), ".parquet") for name in shards(store)]
    assert list(map(len, parts)) == [11, 12, 7]
    assert pd.concat(parts)["path"].is_unique


def test_shards_on_disk_are_the_same_and_others_are_told(models, folder, on_disk, capfd):
    out, more = f"{folder}/shards/", ("--shard-files", "5")
    assert predict(models, f"{folder}/media/videos", out, *more) == 0
    parts = sorted((folder / "shards").glob("*.parquet"))
    assert [pq.read_metadata(part).num_rows for part in parts] == [5, 5, 2]
    rows = pd.concat([table(part.read_bytes(), ".parquet") for part in parts])
    wanted = on_disk[on_disk["modality"] == "video"].reset_index(drop=True)
    rows = rows.sort_values("path").reset_index(drop=True)
    pd.testing.assert_frame_equal(rows[list(wanted)], wanted, check_dtype=False)
    capfd.readouterr()
    assert predict(models, f"{folder}/media/videos/safe", out, *more) == 0
    assert "part-00002.parquet and what follows it are of an earlier call" in capfd.readouterr().err


@pytest.mark.skipif(find_spec("ray") is None, reason="the extra ray isn't installed")
def test_on_ray_the_scores_are_the_same(models, on_disk, folder, store, capfd, ray_here):
    assert ray_here is None  # after the bucket, whose address its processes inherit
    more = ("--engine", "ray", "--shard-files", "300")
    assert predict(models, f"{ROOT}/media", f"{ROOT}/ray/", *more) == 1
    assert "200 predicted + 0 reused + 3 unusable, in 1 shards" in capfd.readouterr().out
    store.invalidate_cache()
    rows = table(store.cat_file(f"{BUCKET}/ray/part-00000.parquet"), ".parquet")
    pd.testing.assert_frame_equal(rows[list(on_disk)], on_disk, check_dtype=False, check_exact=True)
    ledgers = [
        pd.read_csv(file).assign(path=lambda rows: rows["path"].str.replace(r".*/", "", regex=True))
        for file in (
            folder / "out/scores.ledger.csv",
            io.BytesIO(store.cat_file(f"{BUCKET}/ray/part-00000.ledger.csv")),
        )
    ]
    pd.testing.assert_frame_equal(
        *(rows.sort_values("path", ignore_index=True) for rows in ledgers)
    )
    assert predict(models, f"{ROOT}/media", f"{ROOT}/ray/", "--shard-files", "300") == 1
    assert "0 predicted + 200 reused" in capfd.readouterr().out, "local goes on with it"


def test_what_vanishes_or_is_denied_is_a_row_and_nothing_tells_the_secret(
    models, folder, store, monkeypatch, capfd, caplog
):
    caplog.set_level(logging.DEBUG, "harmlib")
    predictors = open_predictors(models / "image_model_best.pth")
    store.cp_file(f"{BUCKET}/media/images/safe/001.png", f"{BUCKET}/some/gone.png")
    for i in (3, 5):
        store.cp_file(f"{BUCKET}/media/images/safe/00{i}.png", f"{BUCKET}/some/{i}.png")
    found = list(find_files([f"{ROOT}/some", f"s3://{KEY}:{SECRET}@{BUCKET}/some/3.png"]))
    store.rm_file(f"{BUCKET}/some/gone.png")
    system = fsspec.filesystem("s3")
    real = system.get_file

    def get_file(name, *given, **more):
        if name.endswith("5.png"):
            raise PermissionError(f"Forbidden: {KEY} {SECRET} ?X-Amz-Security-Token={SECRET}")
        return real(name, *given, **more)

    monkeypatch.setattr(system, "get_file", get_file)
    out = address(f"{ROOT}/out/lost.parquet")
    written = predict_into(out, predictors, found)
    assert written.predicted == 1
    reasons = dict(zip(written.ledger["path"], written.ledger["reason"], strict=True))
    assert reasons[f"{ROOT}/some/gone.png"] == "there is nothing"
    assert reasons[f"{ROOT}/some/5.png"].startswith("access denied")
    assert "came with credentials" in reasons[f"{ROOT}/some/3.png"]

    assert cli.main(["predict", str(models), f"s3://{KEY}:{SECRET}@{BUCKET}/some"]) == 2
    secret_out = f"s3://{KEY}:{SECRET}@{BUCKET}/a.csv"
    assert cli.main(["predict", str(models), f"{ROOT}/some", "--out", secret_out]) == 2
    params = folder / "secret.yaml"
    text = (folder / "far.yaml").read_text(encoding="utf-8")
    params.write_text(text.replace("s3://", f"s3://{KEY}:{SECRET}@"), encoding="utf-8")
    assert cli.main(["run", str(params)]) == 2
    params.unlink()

    said = capfd.readouterr()
    written_here = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    store.invalidate_cache()
    in_bucket = [store.cat_file(name) for name in store.find(BUCKET)]
    assert len(in_bucket) > 200
    everything = [*written_here, *in_bucket, (said.out + said.err + caplog.text).encode()]
    assert not any(SECRET.encode() in one or KEY.encode() in one for one in everything)
