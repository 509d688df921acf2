"""A threshold chosen in the lab, written down: what is written loads, and nothing is lost."""

import hashlib
import shlex

import pytest
import yaml
from bs4 import BeautifulSoup
from lab_scores import make_lab, make_scored

from harmlib.analysis.policy_file import PolicyError, threshold_for
from harmlib.cli.options import parser
from harmlib.params import PROJECT_ROOT, ScoresParams, load_params
from harmlib.reporting.lab.threshold_files import CannotKeep, ThresholdFiles

THRESHOLD = 0.43891280889511108


@pytest.fixture
def params(tmp_path):
    """Of the demo, with a variant of its own, one left out, and policies."""
    content = yaml.safe_load((PROJECT_ROOT / "params/demo.yaml").read_text(encoding="utf-8"))
    content |= {
        "reports": str(tmp_path / "내 reports"),
        "variants": {"mine": {"based_on": "model4"}, "model3": None},
        "policies": {
            "night": {"objective": "recall>=0.9", "categories": {"image": {"budget": 0.1}}},
            "day": {"budget": 0.02},
        },
    }
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_params(tmp_path / "own.yaml")


@pytest.fixture
def files(params):
    """Over a saved classifier of model4."""
    model = params.run_dir / "models/model4/video_model_best.pth"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"weights")
    models = params.run_dir / "models"
    return ThresholdFiles(
        params, params.run_dir, "video", lambda v: models / v / "video_model_best.pth"
    )


@pytest.mark.parametrize("variant", ["model4", "model2", "mine"])
def test_params_load_and_differ_in_run_modality_and_threshold_alone(files, params, variant):
    kept = files.as_params(variant, THRESHOLD)
    assert kept.is_new
    assert kept.path.parent == params.run_dir / "thresholds"
    loaded = load_params(kept.path)
    assert loaded.run == kept.path.stem != params.run
    assert loaded.modalities == ["video"]
    rule = loaded.variants[variant]
    assert (rule.threshold_rule, rule.fixed_threshold) == ("fixed", THRESHOLD)
    policies = params.model_dump()["policies"]
    policies["night"]["categories"] = {}
    changed = {"run": loaded.run, "modalities": ["video"], "policies": policies}
    expected = params.model_dump() | changed
    expected["variants"] = expected["variants"] | {
        variant: params.variants[variant].model_dump()
        | {"threshold_rule": "fixed", "fixed_threshold": THRESHOLD}
    }
    assert loaded.model_dump() == expected
    script, given = shlex.split(kept.command)
    assert (script, load_params(given)) == ("./run_all.sh", loaded)


def test_another_threshold_has_another_file_and_the_same_one_the_same(files):
    first = files.as_params("model4", THRESHOLD)
    again, other = files.as_params("model4", THRESHOLD), files.as_params("model4", 0.4389)
    assert (again.path, again.is_new) == (first.path, False)
    assert other.path != first.path
    assert load_params(other.path).run != load_params(first.path).run


@pytest.mark.parametrize("write", ["as_params", "as_policy"])
def test_nothing_is_written_over(files, write):
    given = ("model4", THRESHOLD) if write == "as_params" else ("model4", THRESHOLD, "f1")
    path = getattr(files, write)(*given).path
    path.write_text("somebody's own", encoding="utf-8")
    with pytest.raises(CannotKeep, match="다른 내용으로 이미 있어 덮어쓰지 않았습니다"):
        getattr(files, write)(*given)
    assert path.read_text(encoding="utf-8") == "somebody's own"


@pytest.mark.parametrize("threshold", [0.0, 1.0, 1e-300])
def test_thresholds_at_the_ends_load(files, threshold):
    path = files.as_params("model4", threshold).path
    assert load_params(path).variants["model4"].fixed_threshold == threshold


def test_what_params_refuse_is_told_and_not_written(files, params):
    with pytest.raises(CannotKeep, match=r"params에 적을 수 없습니다: .*fixed_threshold"):
        files.as_params("model4", 1.5)
    assert not list(params.run_dir.glob("thresholds/*"))


def test_a_policy_is_found_for_the_saved_classifier_and_no_other(files, params):
    kept = files.as_policy("model4", THRESHOLD, "f1")
    digest = hashlib.sha256(b"weights").hexdigest()
    found = threshold_for(kept.path, "lab", "model4", "video", digest)
    assert (found.threshold, found.objective) == (THRESHOLD, "f1")
    with pytest.raises(PolicyError, match="whose scores mean something else"):
        threshold_for(kept.path, "lab", "model4", "video", "0" * 64)
    program, *words = shlex.split(kept.command)
    options = parser().parse_args(words)
    assert (program, options.policy) == ("harmlib", "lab")
    assert options.policy_file.read_bytes() == kept.path.read_bytes()
    assert options.checkpoint == params.run_dir / "models/model4/video_model_best.pth"


def test_without_a_saved_classifier_there_is_no_policy(files):
    with pytest.raises(CannotKeep, match="저장된 모델이 없어"):
        files.as_policy("model2", THRESHOLD, "f1")


def test_a_table_of_scores_has_no_training_to_repeat(files, tmp_path):
    scores = ScoresParams(run="api", scores=tmp_path / "a.csv")
    of_table = ThresholdFiles(scores, tmp_path, "all", files.checkpoint)
    with pytest.raises(CannotKeep, match="학습이 없습니다"):
        of_table.as_params("model4", THRESHOLD)
    with pytest.raises(CannotKeep, match="저장된 모델이 없어"):
        of_table.as_policy("model4", THRESHOLD, "f1")


def test_a_long_name_of_a_run_still_fits(files, params, tmp_path):
    long = params.model_copy(update={"run": "r" * 60})
    other = ThresholdFiles(long, tmp_path / "r", "video", files.checkpoint)
    assert load_params(other.as_params("model4", THRESHOLD).path).run.startswith("rrr")


# The buttons


def told(lab):
    return BeautifulSoup(lab.saving.told.value, "html.parser").text


def test_buttons_write_the_current_threshold_and_say_how_to_use_it(files):
    lab = make_lab(make_scored(), files=files)
    lab.exact.value = 0.62
    lab.saving.params_button.click()
    (path,) = files.folder.glob("thresholds/*.yaml")
    assert load_params(path).variants["model4"].fixed_threshold == 0.62
    assert "Model 4의 threshold 0.6200" in told(lab)
    assert path.name in told(lab)
    assert "./run_all.sh" in told(lab)
    lab.saving.params_button.click()
    assert "이미 저장되어 있습니다" in told(lab)
    lab.objective.value = "fbeta:2"
    lab.saving.policy_button.click()
    (path,) = files.folder.glob("thresholds/*.policy.json")
    assert f'"threshold":{lab.threshold!r}' in path.read_text(encoding="utf-8").replace(" ", "")
    assert '"objective":"fbeta:2"' in path.read_text(encoding="utf-8").replace(" ", "")
    assert "harmlib predict" in told(lab)


def test_a_policy_is_offered_at_the_epoch_of_the_saved_classifier_only(files):
    lab = make_lab(make_scored(), files=files)
    saved = lab.epoch.value
    assert not lab.saving.policy_button.disabled
    lab.epoch.value = next(epoch for epoch in lab.epoch.options if epoch != saved)
    assert lab.saving.policy_button.disabled
    lab.epoch.value = saved
    assert not lab.saving.policy_button.disabled


def test_what_cannot_be_written_is_told(files):
    lab = make_lab(make_scored(), files=files)
    lab.model.value = "model3"
    lab.saving.policy_button.click()
    alert = BeautifulSoup(lab.saving.told.value, "html.parser").find(role="alert")
    assert "저장된 모델이 없어" in alert.text
    lab.model.value = "model4"
    lab.saving.policy_button.click()
    assert not BeautifulSoup(lab.saving.told.value, "html.parser").find(role="alert")
