"""What `predict` leaves on disk: the ledger of all calls, the account, one writer at a time."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from decided_files import FakePredictor

from harmlib.analysis.account import AccountError
from harmlib.media.ledger import LEDGER_COLUMNS, Unusable
from harmlib.media.owned_lock import InUse, held
from harmlib.media.probe import Facts
from harmlib.models.explanation import Explanation
from harmlib.predict import outputs
from harmlib.predict.kept_ledger import KeptLedger
from harmlib.predict.log_chain import verify
from harmlib.predict.outputs import predict_into
from harmlib.predict.prediction import Prediction
from harmlib.predict.read_scores import read_scores
from harmlib.predict.windows import Windowing

NAMES = ["=1+1.jpg", "-1.jpg", "'=x.jpg", "a\rb.jpg", "a\nb.jpg", "a\r\nb.jpg", 'q"u,o.jpg',
         "{{x}}.jpg", "$(x).jpg", "<b>.jpg", "@x.jpg", "\t.jpg", "😀.jpg", "a;b.jpg"]  # fmt: skip


def prediction(path, model):
    stat = path.stat()
    facts = Facts(str(path), stat.st_size, stat.st_mtime_ns, "ab" * 32, 8, 6, 1, 0.0)
    return Prediction(
        facts=facts, modality="image", logit=-0.5, probability=0.4, threshold=0.5, model_id="a",
        seconds=0.1, model_sha256=model, checkpoint=Path("m.pth"), windowing=Windowing(),
        windows=pd.DataFrame(), segments=pd.DataFrame(), explanation=Explanation({}, []),
    )  # fmt: skip


@pytest.fixture
def fake(monkeypatch):
    """A stream that can use files with something in them; `lose` swallows files by their name."""
    lose = set()

    def stream(predictors, found, *_):
        for one in found:
            if isinstance(one, Unusable):
                yield one
            elif one.name not in lose:
                size = one.stat().st_size
                yield (
                    prediction(one, predictors[0].digest)
                    if size
                    else Unusable(str(one), "empty file", "identify")
                )

    monkeypatch.setattr(outputs, "predict_stream", stream)
    return lose


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    return folder


def write(folder, name, text="x"):
    path = folder / name
    path.write_text(text)
    return path


def call(tmp_path, found, suffix=".csv", **predictor):
    return predict_into(tmp_path / f"out{suffix}", [FakePredictor(**predictor)], found)


def ledger_of(tmp_path):
    return list(KeptLedger(tmp_path / "out.ledger.csv").rows)


@pytest.mark.usefixtures("fake")
def test_the_ledger_keeps_the_files_of_all_calls(tmp_path, folder):
    good, bad, late = write(folder, "a"), write(folder, "b", ""), write(folder, "c", "")
    first = call(tmp_path, [good, bad, late])
    assert first.account() == (
        "Account: 3 files in = 1 predicted + 0 reused + 2 unusable. Ledger of all calls: 2 files"
    )
    late.write_text("now there is something")
    other = write(folder, "d", "")
    second = call(tmp_path, [good, late, other, Unusable("/none", "missing", "find")])
    assert second.account() == (
        "Account: 4 files in = 1 predicted + 1 reused + 2 unusable. Ledger of all calls: 3 files, "
        "1 fewer that could be used now"
    )
    assert ledger_of(tmp_path) == [str(bad), str(other), "/none"]
    assert second.ledger["path"].tolist() == [str(other), "/none"], "of this call"


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_names_of_any_kind_come_back(tmp_path, folder, suffix):
    good = [write(folder, name) for name in NAMES]
    bad = [write(folder, f"{name}.empty", "") for name in NAMES]
    call(tmp_path, [*good, *bad], suffix)
    scores = read_scores(tmp_path / f"out{suffix}", "image")
    assert scores["path"].tolist() == [str(path) for path in good]
    assert ledger_of(tmp_path) == [str(path) for path in bad]
    for name in ("out.ledger.csv", *(["out.csv"] if suffix == ".csv" else [])):
        with (tmp_path / name).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert len(rows) == 1 + len(NAMES)
        assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.usefixtures("fake")
def test_relative_names_are_no_formulas(tmp_path, folder, monkeypatch):
    monkeypatch.chdir(folder)
    good = [Path(write(folder, name).name) for name in NAMES]
    bad = [Path(write(folder, f"{name}.empty", "").name) for name in NAMES]
    call(tmp_path, [*good, *bad])
    for name in ("out.csv", "out.ledger.csv"):
        with (tmp_path / name).open(encoding="utf-8-sig", newline="") as file:
            cells = [row[0] for row in csv.reader(file)]
        assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n"))]
    assert read_scores(tmp_path / "out.csv", "image")["path"].tolist() == [str(p) for p in good]
    assert ledger_of(tmp_path) == [str(path) for path in bad]


def test_a_file_that_does_not_come_out_is_named_and_the_rest_is_written(tmp_path, folder, fake):
    fake.add("lost\n.jpg")
    files = [write(folder, "a"), write(folder, "lost\n.jpg"), write(folder, "b", "")]
    with pytest.raises(AccountError, match=r"of 3 files to predict .*nowhere: '.*lost\\n.jpg'"):
        call(tmp_path, files)
    assert len(pd.read_csv(tmp_path / "out.csv")) == 1
    assert ledger_of(tmp_path) == [str(files[2])]


@pytest.mark.usefixtures("fake")
def test_one_output_has_one_writer(tmp_path, folder):
    found = [write(folder, "a")]
    with held(tmp_path / "out.lock", "the output"), pytest.raises(InUse, match=r"the output .*out"):
        call(tmp_path, found, ".parquet")
    assert call(tmp_path, found).predicted == 1
    assert not list(tmp_path.glob("*.part")), "and nothing half-written"
    assert not (tmp_path / "out.lock").exists()


@pytest.mark.usefixtures("fake")
def test_a_killed_call_leaves_its_ledger_rows(tmp_path, folder):
    def found():
        yield write(folder, "a", "")
        yield write(folder, "b", "")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(tmp_path, found())
    assert [Path(path).name for path in ledger_of(tmp_path)] == ["a", "b"]


LEDGERS = {
    "cut in a row": (lambda text: text[:-12], ["a"]),
    "cut behind a row": (lambda text: text[:-1], ["a"]),
    "cut in a quoted cell": (lambda text: text + '"c\nd', ["a", "b"]),
    "empty": (lambda _: "", []),
    "words": (lambda _: "no ledger\n", []),
    "an earlier version": (lambda text: text.replace("modality", "kind"), []),
    "binary": (lambda _: "\x00\x01", []),
}


@pytest.mark.parametrize("name", LEDGERS)
def test_a_damaged_ledger_ends_nothing(tmp_path, name):
    damage, kept = LEDGERS[name]
    ledger = KeptLedger(tmp_path / "out.ledger.csv")
    for path in ("a", "b"):
        ledger.add(Unusable(path, "empty file", "identify"))
    text = ledger.path.read_text(encoding="utf-8-sig")
    ledger.path.write_text(damage(text), encoding="utf-8-sig", newline="")
    again = KeptLedger(ledger.path)
    assert list(again.rows) == kept
    again.add(Unusable("new", "empty file", "identify"))
    read = pd.read_csv(ledger.path)
    assert read["path"].tolist() == [*kept, "new"]
    assert tuple(read) == LEDGER_COLUMNS


@pytest.mark.usefixtures("fake")
def test_the_log_of_the_calls_is_one_chain(tmp_path, folder):
    for name in "abc":
        call(tmp_path, [write(folder, name)])
    found = verify(tmp_path / "out.decisions.jsonl")
    assert (found.lines, found.broken_at) == (3, None)
    lines = (tmp_path / "out.decisions.jsonl").read_text().splitlines()
    assert [json.loads(line)["line"] for line in lines] == [1, 2, 3]
