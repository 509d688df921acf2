"""Every kind of bad file ends as features or as a row of the ledger with a true reason.

All go through both ways: training's (probe, then extraction) and predict's stream, with a backbone
of a few lines.
"""

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from bad_files import EITHER, KINDS, is_expected, picture_bytes, video
from tiny_predictor import PARAMS, TinyPredictor, engines

from harmlib.features.extraction import extract
from harmlib.features.store import FeatureStore
from harmlib.media.decoders import DecodeLimits
from harmlib.media.find import find_files
from harmlib.media.ledger import Unusable
from harmlib.media.listing import scan_folders
from harmlib.media.manifest import build_manifest
from harmlib.models.explanation import Explanation
from harmlib.predict import prediction
from harmlib.predict.stream import predict_stream

LIMITS = DecodeLimits(max_sec=60, max_gib=1.0)
# What a reason says only if nobody thought of the case, or if it isn't the file's fault.
UNTRUE = ("can't be decoded (", "crashed", "killed", "Traceback", "NoneType", "object has no")
MODALITIES = ("image", "video")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The files of each kind in a folder of its own, among good ones of both classes."""
    root = tmp_path_factory.mktemp("bad")
    for modality in MODALITIES:
        for label in ("harmful", "safe"):
            good = root / f"{modality}s" / label / "good"
            good.mkdir(parents=True)
            for i in range(4):
                seed = 50 + 10 * i + 100 * (label == "safe")
                if modality == "image":
                    (good / f"{i}.png").write_bytes(picture_bytes("PNG", seed))
                else:
                    video(good / f"{i}.mp4", "mpeg4", count=5, seed=seed)
    return root


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    """Each kind's files."""
    files = {}
    for number, (name, (make, _, modality)) in enumerate(KINDS.items()):
        # One level deeper: makers put what they need beside their folder.
        own = folder / f"{modality}s" / "harmful" / f"kind{number}"
        spare = tmp_path_factory.mktemp(f"spare{number}") / "own"
        spare.mkdir()
        files[name] = list(make(spare))
        spare.rename(own)
        files[name] = [own / path.relative_to(spare) for path in files[name]]
    return files


def reasons_of(rows):
    return {row.path: row.reason for row in rows.itertuples()}


@pytest.fixture(scope="module")
def memory_before(made):
    """MiB that this process has; from here on its peak is counted anew."""
    assert made
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pytest.skip("this system can't count a peak anew")
    return status_mib("VmRSS")


def status_mib(name):
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(rf"{name}:\s+(\d+) kB", text)[1]) / 1024


@pytest.fixture(scope="module")
def trained(folder, made, tmp_path_factory):
    """Path below the folder -> reason, empty where there is a vector, by training's way."""
    assert made
    store_folder, found = tmp_path_factory.mktemp("store"), {}
    for modality in MODALITIES:
        listed = scan_folders(folder, modality)
        manifest, ledger = build_manifest(
            listed, folder, modality, ratio=None, val_fraction=0.2, test_fraction=0.2, seed=1,
            probe_cache=store_folder / f"{modality}.parquet", limits=LIMITS,
        )  # fmt: skip
        stores = {"clip": FeatureStore(store_folder, "clip", {})}
        lost = extract(manifest, engines(), stores, PARAMS, limits=LIMITS)
        assert stores["clip"].missing(manifest["sha256"].drop(lost.index)) == []
        rows = [*manifest["item_id"].drop(lost.index), *ledger["path"], *lost["item_id"]]
        assert Counter(rows) == Counter(listed["path"])  # each once: nothing lost, nothing twice
        found |= dict.fromkeys(manifest["item_id"], "") | reasons_of(ledger)
        found |= dict(zip(lost["item_id"], lost["reason"], strict=True))
    return found


@pytest.fixture(scope="module")
def predicted(folder, made):
    """Path -> reason, empty where there is a prediction."""
    assert made
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prediction, "explain", lambda *_: Explanation({}, []))
        predictors = [TinyPredictor("image"), TinyPredictor("video")]
        tops = [folder / f"{modality}s" for modality in MODALITIES]
        results = list(predict_stream(predictors, find_files(tops), LIMITS))
    assert max(Counter(one.path for one in results).values()) == 1
    return {one.path: one.reason if isinstance(one, Unusable) else "" for one in results}


def test_memory_of_this_process_stays_small(memory_before, request):
    """The first test of the module: the peak is that of all files."""
    assert request.getfixturevalue("trained")
    assert request.getfixturevalue("predicted")
    assert status_mib("VmHWM") - memory_before < 1024


def printable(path, folder):
    return path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()


def is_file(path):
    """Folders aren't listed; what is in them is."""
    return path.is_symlink() or not path.is_dir()


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="a matter of Linux")
def test_making_them_leaves_this_process_at_its_priority(made):
    assert made
    assert os.sched_getscheduler(0) == os.SCHED_OTHER, "what is started now would starve others"


def test_there_are_many_kinds(made):
    assert len(KINDS) >= 80
    assert sum(map(len, made.values())) >= 500


@pytest.mark.parametrize("name", KINDS)
def test_training(folder, made, trained, name):
    expected = KINDS[name][1]
    for path in filter(is_file, made[name]):
        reason = trained[printable(path, folder)]
        assert is_expected(reason, expected), f"{path.name!r}: {reason!r}"
        assert not any(word in reason for word in UNTRUE), f"{path.name!r}: {reason!r}"
        assert "\n" not in reason


@pytest.mark.parametrize("name", KINDS)
def test_predicting(made, predicted, name):
    expected = KINDS[name][1]
    if "its content" in expected or "not UTF-8" in expected:
        expected = EITHER  # it is judged as what it is
    for path in filter(is_file, made[name]):
        reason = predicted[str(path)]
        assert is_expected(reason, expected), f"{path.name!r}: {reason!r}"
        assert not any(word in reason for word in UNTRUE), f"{path.name!r}: {reason!r}"


@pytest.mark.parametrize("name", [name for name in KINDS if "names" not in name])
def test_both_ways_agree(folder, made, trained, predicted, name):
    """What training refuses by its content, predicting refuses too, and for the same reason."""
    for path in filter(is_file, made[name]):
        one, other = trained[printable(path, folder)], predicted.get(str(path), "a folder")
        if "its content is" in one or path.is_symlink():
            continue
        assert one == other, path.name


def test_the_good_files_are_used(folder, trained, predicted):
    good = list(folder.rglob("good/*"))
    assert len(good) == 16
    assert {trained[printable(path, folder)] for path in good} == {""}
    assert {predicted[str(path)] for path in good} == {""}


def test_nothing_was_run_or_written(folder, made):
    assert made
    names = {path.name for path in Path.cwd().iterdir()} | {path.name for path in folder.iterdir()}
    assert "pwned" not in names
