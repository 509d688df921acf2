"""Errors that a person meets first, and results, in both languages and with the same numbers."""

import errno
import re
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from two_languages import HANGUL, differences, english_words, in_both

from harmlib.analysis.bands import choose_bands
from harmlib.analysis.drift import REASONS, compare_scores
from harmlib.cli import drift_text
from harmlib.cli import main as cli
from harmlib.cli.bands_text import bands_lines
from harmlib.features.weights import OfficialFile, WeightsError, resolve_weights
from harmlib.media.owned_lock import InUse, held
from harmlib.media.whole_file import cannot_write

UNTRAINED = "run: r\nmodalities: [video]\ndata: {{root: {root}}}\n"


@pytest.fixture
def folder(tmp_path):
    """What the commands below are given: some of it is missing, some can't be used."""
    (tmp_path / "no_media.yaml").write_text(UNTRAINED.format(root=tmp_path / "media"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "there.csv").write_text("label\n")
    (tmp_path / "x_model_best.pth").write_bytes(b"no checkpoint")
    (tmp_path / "x.csv").write_text("path\n")
    return tmp_path


COMMANDS = [
    "init {0}/none",
    "init {0}/empty",
    "run {0}/none.yaml",
    "run {0}/no_media.yaml",
    "run {0}/empty",
    "compare {0}/none {0}/none",
    "compare {0}/empty {0}/empty",
    "predict {0}/none.pth {0}",
    "predict {0}/empty {0}",
    "predict {0}/x_model_best.pth {0}/none.jpg",
    "predict {0}/x_model_best.pth {0} --out {0}/a.txt",
    "predict {0}/x_model_best.pth {0} --confidence 0.9",
    "predict {0}/x_model_best.pth {0} --policy-file {0}/p",
    "predict {0}/x_model_best.pth {0} --policy p --threshold 0.5",
    "predict {0}/x_model_best.pth {0} --weights clip",
    "predict {0}/x_model_best.pth {0} --reduce min",
    "explain {0}/none.csv",
    "explain {0}/x.csv",
    "log {0}/none.jsonl",
    "drift {0}/none.pth {0}/x.csv",
    "drift {0}/empty",
    "drift {0}/x_model_best.pth",
    "sample {0}/none.csv --threshold 1",
    "sample {0}/x.csv --out {0}/x.txt",
    "sample {0}/x.csv --n 0",
    "sample {0}/x.csv --out {0}/there.csv",
    "sample {0}/x.csv --column tem=path",
    "sample {0}/x.csv --column path",
    "estimate {0}/none.csv",
    "export {0}/none",
    "bundle {0}/none",
    "bundle {0}/empty",
    "audit {0}/none.csv",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_an_error_is_told_in_both_languages(folder, capsys, command):
    said = []
    for language in ("en", "ko"):
        assert cli.main([*command.format(folder).split(), "--lang", language]) == 2
        printed = capsys.readouterr().err.replace(str(folder), "")
        assert printed.startswith("harmlib: ")
        said.append(re.sub("유해|안전", "", printed))  # folders may be called so, in both
    assert not differences(*said)
    assert not english_words(said[1])


def test_a_run_that_is_in_use(tmp_path):
    def say():
        with held(tmp_path / ".lock", "reports/a"), pytest.raises(InUse) as stopped:  # noqa: SIM117
            with held(tmp_path / ".lock", "reports/a"):
                pass
        return re.sub(r"\d\d:\d\d:\d\d", "", str(stopped.value))

    english, korean = in_both(say)
    assert "reports/a is in use: process" in english
    assert "reports/a: 사용 중입니다" in korean
    assert not differences(english, korean)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("size", [None, 4096])
def test_a_place_that_cannot_be_written_to(tmp_path, number, size):
    def say():
        free = str(cannot_write(OSError(number, "x"), tmp_path / "a.bin", None, size))
        return re.sub(r"[\d,]{6,}", "", free.replace(str(tmp_path), ""))  # what is free changes

    assert not differences(*in_both(say))


def test_weights_that_are_not_at_hand(tmp_path):
    official = OfficialFile("ViT-B/32", "http://localhost:1/a.pt", "0" * 64)
    (tmp_path / "a.pt").write_bytes(b"other")

    def say(spec, cache):
        with pytest.raises(WeightsError) as stopped:
            resolve_weights(spec, official, cache_dir=tmp_path / cache)
        return re.sub(r"0x[0-9a-f]+", "", str(stopped.value))

    for spec, cache in (("pretrained", "none"), ("pretrained", "."), ("no.pt", ".")):
        english, korean = in_both(lambda spec=spec, cache=cache: say(spec, cache))
        assert not differences(english, korean)


def test_every_verdict_of_a_drift_has_both_wordings():
    count = pd.Series(range(60))
    probability = (count * 7 % 60 + 0.5) / 60
    known = pd.DataFrame(
        {"label": (probability > 0.4).astype(int), "probability": probability, "group": count}
    )
    found = [
        compare_scores(known, new, 0.5)
        for new in (known, known.assign(probability=0.0), known.head(3), known[["probability"]])
    ]
    assert len({one.verdict for one in found}) > 1
    for one in found:
        english, korean = in_both(lambda one=one: drift_text.format_drift(one, "group"))
        assert not differences(english, korean)
        assert not english_words(korean)
    assert set(drift_text._REASONS_IN_KOREAN) == set(REASONS)


@pytest.mark.parametrize(
    "asked",
    [{}, {"confidence": 0.9}, {"confidence": 0.9, "method": "jackknife"}, {"confidence": 0.6}],
)
@pytest.mark.parametrize("floor", [0.5, 0.8, 0.99])
def test_bands_are_told_in_both_languages(asked, floor):
    rng = np.random.default_rng(0)
    label = np.arange(80) % 2
    probability = np.clip(label * 0.4 + 0.3 + rng.normal(0, 0.1, 80), 0, 1)
    bands = choose_bands(
        label, probability, np.arange(80) // 2, min_recall=floor, min_precision=floor, **asked
    )
    english, korean = in_both(lambda: "\n".join(bands_lines("video", bands)))
    assert not differences(english, korean)
    assert not english_words(korean)
    assert all(HANGUL.search(line) for line in korean.splitlines())


def test_a_sample_and_its_estimates_are_told_in_both_languages(tmp_path, capsys):
    score = pd.Series(np.linspace(0.01, 0.99, 400))
    table = pd.DataFrame({"item": [f"{i}.png" for i in range(400)], "score": score.round(4)})
    path = tmp_path / "scores.csv"
    table.to_csv(path, index=False)
    said = {"sample": [], "estimate": []}
    for language in ("en", "ko"):
        out = tmp_path / f"{language}.csv"
        command = ["sample", str(path), "--threshold", "0.5", "--n", "60", "--out", str(out)]
        assert cli.main([*command, "--lang", language]) == 0
        said["sample"].append(capsys.readouterr().out.replace(str(out.with_suffix("")), ""))
        drawn = pd.read_csv(out, dtype=str, keep_default_na=False)
        truth = drawn["item_id"].str.removesuffix(".png").astype(int) > 180
        drawn.assign(label=np.where(truth, "harmful", "safe")).to_csv(out, index=False)
        assert cli.main(["estimate", str(out), "--lang", language]) in (0, 1)
        said["estimate"].append(capsys.readouterr().out)
    for english, korean in said.values():
        assert not differences(english, korean)
        assert not english_words(korean)


def test_a_signal_is_told_in_the_language_of_the_command():
    """The language must hold until the process has ended: that line is its last one."""
    code = (
        "import os, signal, sys, time; from harmlib.cli import main as cli\n"
        "def wait(_): os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)\n"
        "cli._told = wait; sys.argv = ['harmlib', '--lang', 'ko']; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 128 + signal.SIGTERM
    assert "중단했습니다(SIGTERM)" in done.stderr
