from pathlib import Path

import pytest
import yaml

from harmlib.address import Address
from harmlib.cli.analyse import HEAD
from harmlib.params import PROJECT_ROOT, ParamsError, file_to_run, load_params, load_run_params

NEEDED = "run: x\ndata: {root: data}\n"
OF_SCORES = "scores.yaml"  # the one shipped file that starts from a table of scores
SHIPPED = sorted(
    p.name
    for p in (PROJECT_ROOT / "params").glob("*.yaml")
    # `harmlib analyse` puts files of its own beside them
    if p.name not in ("variants.yaml", OF_SCORES) and not p.read_text().startswith(HEAD)
)


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "my.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_params(path)

    return load


def variant(name, change):
    return f"{NEEDED}variants: {{{name}: {change}}}\n"


# The shipped files


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_load(name, monkeypatch, tmp_path):
    monkeypatch.delenv("HARMLIB_SHARED", raising=False)
    monkeypatch.chdir(tmp_path)  # what a file names counts from the project, wherever one stands
    params = load_params(PROJECT_ROOT / "params" / name)
    assert params.run == name.removesuffix(".yaml")
    assert params.run_dir == PROJECT_ROOT / "reports" / params.run
    assert params.artifacts == PROJECT_ROOT / "artifacts"
    assert list(params.variants) == ALL


def test_the_shipped_file_of_scores_loads():
    params = load_run_params(PROJECT_ROOT / "params" / OF_SCORES)
    assert params.run == "scores"
    assert params.scores.exists()


def test_the_shipped_ways():
    assert SHIPPED == [
        "cluster.yaml", "demo.yaml", "full.yaml", "real.yaml", "study.yaml", "study_demo.yaml",
    ]  # fmt: skip


def test_the_example_of_a_cluster_runs_on_ray_and_reads_from_an_object_store():
    params = load_params(PROJECT_ROOT / "params" / "cluster.yaml")
    assert (params.engine, params.price_per_hour) == ("ray", 12.0)
    assert str(params.data.root) == "s3://bucket/media"
    assert str(params.vectors) == "s3://bucket/features"
    assert params.features.precision == "bf16"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("null", PROJECT_ROOT / "artifacts/features"),
        ("store", PROJECT_ROOT / "store"),
        ("s3://bucket/features/", Address("s3://bucket/features")),
    ],
)
def test_vectors_are_where_the_params_say(load, where, expected):
    params = load(f"{NEEDED}features_at: {where}\n")
    assert params.vectors == expected
    again = params.model_dump(mode="json")["features_at"]
    assert again == (None if where == "null" else str(expected))


@pytest.mark.parametrize("where", ["3", "s3://key:secret-key@bucket/a"])
def test_no_vectors_are_kept_where_nothing_can_be(load, where):
    with pytest.raises(ParamsError, match="features_at") as caught:
        load(f"{NEEDED}features_at: {where}\n")
    assert "secret-key" not in str(caught.value)


@pytest.mark.parametrize("change", ["engine: dask", "price_per_hour: -1", "price_per_hour: .inf"])
def test_another_engine_and_an_odd_price_are_refused(load, change):
    with pytest.raises(ParamsError, match=change.partition(":")[0]):
        load(f"{NEEDED}{change}\n")


GRID = [0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70]
TABLE = {  # what changed between the models, as the project's plan fixes it
    "model2": ("sigmoid", "bce", None, (3, 2, 0.0005), 10, [0.5], "fixed", 0.5),
    "model3": ("sigmoid", "bce", None, (3, 2, 0.0005), 10, GRID, "fixed", 0.4),
    "model4": (
        "logits", "bce_with_logits", "balanced", (3, 4, 0.0003), 10, GRID, "best_f1", None,
    ),
    "model5": ("logits", "bce_with_logits", None, (3, 4, 0.0003), 10, GRID, "exact_f1", None),
}  # fmt: skip
ALL = list(TABLE)


def test_variants_are_the_table():
    variants = load_params("params/demo.yaml").variants
    found = {
        name: (
            v.last_layer,
            v.loss,
            v.pos_weight,
            (v.video.epochs, v.video.batch_size, v.video.learning_rate),
            v.image.epochs,
            v.thresholds,
            v.threshold_rule,
            v.fixed_threshold,
        )
        for name, v in variants.items()
    }
    assert found == TABLE
    chosen = {name: (v.head, v.penalty, v.backbones, v.validation) for name, v in variants.items()}
    assert chosen.pop("model5") == ("linear", "chosen", "chosen", "cross_fitted")
    assert set(chosen.values()) == {("mlp", None, "all", "part")}, "as they ever were"
    rules = {name: v.objective for name, v in variants.items()}
    assert rules == {"model2": "fixed", "model3": "fixed", "model4": "f1", "model5": "f1"}
    for v in variants.values():
        assert (v.schedule("video"), v.schedule("image")) == (v.video, v.image)


# Changing the table


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ("", ALL),
        ("variants: {}", ALL),
        ("variants:", ALL),
        ("variants: {model2: null}", ALL[1:]),
        ("variants: {mine: {based_on: model4}}", [*ALL, "mine"]),
        (
            "variants: {model4: null, mine: {based_on: model4}}",
            ["model2", "model3", "model5", "mine"],
        ),
    ],
)
def test_which_variants(load, change, names):
    assert list(load(NEEDED + change).variants) == names


def test_one_cell_changes_and_the_rest_stays(load):
    plain = load(NEEDED).variants
    changed = load(variant("model4", "{video: {epochs: 5}}")).variants
    assert changed["model4"].video.epochs == 5
    assert changed["model4"].model_dump() != plain["model4"].model_dump()
    restored = changed["model4"].model_dump()
    restored["video"]["epochs"] = 3
    assert restored == plain["model4"].model_dump()
    assert changed["model3"] == plain["model3"]


@pytest.mark.parametrize("name", ["mine", "model2", "lite", "function-like"])
def test_based_on(load, name):
    variants = load(variant(name, "{based_on: model4, image: {learning_rate: 5e-4}}")).variants
    assert variants[name].image.learning_rate == 0.0005
    assert variants[name].video == variants["model4"].video
    assert variants[name].pos_weight == "balanced"


# Where things are


@pytest.mark.parametrize(
    ("root", "shared", "expected"),
    [
        ("data", None, PROJECT_ROOT / "data"),
        ("../there", None, PROJECT_ROOT.parent / "there"),
        ("/abs/olute", None, "/abs/olute"),
        ("${HARMLIB_SHARED:-../shared}/real", None, PROJECT_ROOT.parent / "shared/real"),
        ("${HARMLIB_SHARED:-../shared}/real", "", PROJECT_ROOT.parent / "shared/real"),
        ("${HARMLIB_SHARED:-../shared}/real", "/mnt/s", "/mnt/s/real"),
        ("${HARMLIB_SHARED}/real", "/mnt/s", "/mnt/s/real"),
        ("${HARMLIB_SHARED}/${HARMLIB_SHARED}", "s", PROJECT_ROOT / "s/s"),
        ("~/media", None, "/home/me/media"),
    ],
)
def test_paths(load, monkeypatch, root, shared, expected):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("HARMLIB_SHARED", raising=False)
    if shared is not None:
        monkeypatch.setenv("HARMLIB_SHARED", shared)
    params = load(
        f"run: x\ndata: {{root: '{root}'}}\nreports: '{root}'\nartifacts: '{root}'\n"
        f"features: {{clip: {{weights: '{root}'}}}}\n"
    )
    expected = str(Path(expected).resolve())  # `shared` may be a link
    assert {str(params.data.root), str(params.reports), str(params.artifacts)} == {expected}
    assert params.features.clip.weights == expected


@pytest.mark.parametrize("word", ["pretrained", "untrained"])
def test_the_two_words_for_weights_are_no_paths(load, word):
    assert load(f"{NEEDED}features: {{yolo: {{weights: {word}}}}}").features.yolo.weights == word


def test_by_modality(load):
    data = load("run: x\ndata: {root: d, image_csv: i.csv, video_ratio: 2}\n").data
    assert [data.csv("image"), data.csv("video")] == ["i.csv", None]
    assert [data.ratio("image"), data.ratio("video")] == [None, 2.0]


def test_a_byte_order_mark_does_not_matter(load):
    assert load(b"\xef\xbb\xbf" + NEEDED.encode()).run == "x"


# What a user can get wrong


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NEEDED + "sead: 1", "sead: unknown key; did you mean 'seed'"),
        (NEEDED + "zzzz: 1", "zzzz: unknown key; known keys: run, seed"),
        ("run: x\ndata: {root: d, image_ration: 2}", "data.image_ration: .*'image_ratio'"),
        (NEEDED + "splits: {val_frac: 0.1}", "splits.val_frac: .*did you mean 'val_fraction'"),
        (NEEDED + "features: {precison: fp32}", "features.precison: .*'precision'"),
        (
            NEEDED + "features: {clip: {architectur: x}}",
            "features.clip.architectur: .*'architecture'",
        ),
        (NEEDED + "features: {yolo: {imagesize: 64}}", "features.yolo.imagesize: .*'image_size'"),
        (NEEDED + "features: {slowfast: {clip: 1}}", "features.slowfast.clip: .*'clips'"),
        (
            NEEDED + "features: {yolo: {model: x}}",
            "features.yolo.model: .*called 'architecture'",
        ),
        (variant("image", "{based_on: model4, epoch: 1}"), "variants.image.epoch: unknown key"),
        (
            variant("model4", "{operating: fixed}"),
            "variants.model4.operating: .*now called 'threshold_rule'",
        ),
        (variant("model4", "{treshold: 1}"), "variants.model4.treshold: .*'thresholds'"),
        (variant("model4", "{video: {epoch: 1}}"), "variants.model4.video.epoch: .*'epochs'"),
        (variant("lite", "{based_on: model4, los: x}"), "variants.lite.los: .*'loss'"),
    ],
)
def test_unknown_key(load, tmp_path, text, message):
    with pytest.raises(
        ParamsError, match=rf"^{tmp_path / 'my.yaml'}: line \d+, column \d+: {message}"
    ):
        load(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data: {root: d}", "run: missing; please add it"),
        ("run: x", "data: missing"),
        ("run: x\ndata: {}", "data.root: missing"),
        ("run: 2024\ndata: {root: d}", r"run: .*valid string \(got 2024\)"),
        ("run: ../x\ndata: {root: d}", "run: a name becomes a folder"),
        ("run: x\ndata: {root: 3}", r"data.root: .*\(got 3\)"),
        ("run: x\ndata: {root: '${HARMLIB_NOPE}/x'}", "variable HARMLIB_NOPE is not set"),
        ("run: x\ndata: {root: d, draw_demo: 'yes'}", "data.draw_demo: .*boolean"),
        ("run: x\ndata: {root: d, image_ratio: 0}", "data.image_ratio: .*greater than 0"),
        ("run: x\ndata: {root: d, image_ratio: .inf}", "data.image_ratio: .*finite"),
        ("run: x\ndata: {root: d, image_ratio: 2.68:1}", "data.image_ratio: .*number"),
        (NEEDED + "seed: '1'", r"seed: .*integer \(got '1'\)"),
        (NEEDED + "seed: 1.5", "seed: .*integer"),
        (NEEDED + "seed: true", "seed: .*integer"),
        (NEEDED + "seed: -1", "seed: .*greater than or equal to 0"),
        (NEEDED + "splits: {folds: 2}", "splits.folds: .*greater than or equal to 3"),
        (NEEDED + "splits: {folds: 5.0}", "splits.folds: .*integer"),
        (NEEDED + "seeds: [1, 2]", "seeds are those of the folds.*set splits.folds"),
        (NEEDED + "splits: {folds: 5}\nseeds: []", "seeds: .*at least 1"),
        (NEEDED + "splits: {folds: 5}\nseeds: [1, -1]", "seeds.1: .*greater than or equal to 0"),
        (NEEDED + "splits: {folds: 5}\nseeds: [1, 2, 1]", r"seeds must not repeat; got \[1, 2, 1"),
        (NEEDED + "modalities: []", "modalities: .*at least 1"),
        (NEEDED + "modalities: image", "modalities: .*list"),
        (NEEDED + "modalities: [imgae]", "modalities.0: .*'image' or 'video'.*'imgae'"),
        (NEEDED + "modalities: [image, image]", "modalities must not repeat"),
        (NEEDED + "splits: {val_fraction: 0}", "splits.val_fraction: .*greater than 0"),
        (NEEDED + "splits: {val_fraction: .nan}", "splits.val_fraction: "),
        (NEEDED + "splits: {val_fraction: 0.5, test_fraction: 0.5}", "splits: val_fraction [+]"),
        (NEEDED + "features: {clip: null, yolo: null}", "features: all backbones that see images"),
        (NEEDED + "features: {video_frames: 0}", "features.video_frames: "),
        (NEEDED + "features: {yolo: {image_size: 100}}", "features.yolo.image_size: .*32"),
        (NEEDED + "features: {slowfast: {clip_sec: 2s}}", "features.slowfast.clip_sec: .*'2s'"),
        (NEEDED + "features: 3", "features: .*dictionary"),
    ],
)  # fmt: skip
def test_wrong_value(load, tmp_path, text, message):
    with pytest.raises(ParamsError, match=f"^{tmp_path / 'my.yaml'}: .*{message}"):
        load(text)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("modle2", "null", "variants.modle2: no variant 'modle2' .*did you mean 'model2'"),
        ("modle4", "{loss: bce}", "no variant 'modle4' in variants.yaml; did you mean 'model4'"),
        (
            "mine",
            "{loss: bce}",
            "A new variant says `based_on:` one of model2, model3, model4, model5",
        ),
        ("mine", "{based_on: model6}", "variants.mine: no variant 'model6'.*did you mean 'model"),
        ("mine", "{based_on: [model4]}", "variants.mine: no variant"),
        ("model4", "3", "variants.model4: expected `key: value` lines"),
        ("model4", "{video: null}", "variants.model4.video: "),
        ("model4", "{video: {epochs: 0}}", "variants.model4.video.epochs: .*greater than or eq"),
        ("model4", "{video: {epochs: 3.0}}", "variants.model4.video.epochs: .*integer"),
        ("model4", "{video: {learning_rate: fast}}", "learning_rate: .*number"),
        ("model4", "{video: {learning_rate: .inf}}", "learning_rate: .*finite"),
        ("model4", "{pos_weight: heavy}", r"variants.model4.pos_weight: .*'balanced' \(got"),
        ("model4", "{pos_weight: -1}", r"\n.*variants.model4.pos_weight: Input .*greater than 0"),
        ("model4", "{thresholds: []}", "variants.model4.thresholds: .*at least 1"),
        ("model4", "{thresholds: [0.5, 0.5]}", "thresholds must ascend without repeats"),
        ("model4", "{thresholds: [0.6, 0.5]}", "thresholds must ascend without repeats"),
        ("model4", "{thresholds: [1.0]}", "variants.model4.thresholds.0: .*less than 1"),
        ("model4", "{loss: bce}", "'bce_with_logits' takes logits .*got loss 'bce' with last_lay"),
        ("model3", "{last_layer: logits}", "got loss 'bce' with last_layer 'logits'"),
        ("model3", "{pos_weight: 2.0}", "pos_weight needs loss 'bce_with_logits'"),
        ("model4", "{fixed_threshold: 0.5}", "fixed_threshold goes with threshold_rule 'fixed'"),
        ("model3", "{fixed_threshold: null}", "fixed_threshold goes with threshold_rule 'fixed'"),
        ("model4", "{head: linear}", "penalty goes with head 'linear', and only with it"),
        ("model4", "{penalty: 1.0}", "penalty goes with head 'linear', and only with it"),
        ("model5", "{penalty: 0}", "variants.model5.penalty: .*greater than 0"),
        ("model5", "{backbones: [clip]}", "variants.model5.backbones: .*'all' or 'chosen'"),
        ("model5", "{threshold_rule: exact}", "variants.model5.threshold_rule: .*'exact_f1'"),
        ("model3", "{fixed_threshold: 40}", "variants.model3.fixed_threshold: .*less than or eq"),
    ],
)
def test_wrong_variant(load, tmp_path, name, change, message):
    with pytest.raises(ParamsError, match=f"(?s)^{tmp_path / 'my.yaml'}: .*{message}"):
        load(variant(name, change))


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ("[model2]", "variants: expected variant names"),
        ("{model2: null, model3: null, model4: null, model5: null}", "variants: .*at least 1"),
    ],
)
def test_wrong_variants_section(load, variants, message):
    with pytest.raises(ParamsError, match=message):
        load(f"{NEEDED}variants: {variants}\n")


def test_every_mistake_is_named_at_once(load):
    with pytest.raises(ParamsError) as caught:
        load(NEEDED + "sead: 1\nfeatures: {clip: {modle: x}, video_frames: none}\n")
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"bad: [", "line 1, column 7: can't be read as YAML"),
        (b"a: 1\n b: 2", "line 2, column 3: can't be read as YAML"),
        ("run: 가".encode("cp949"), "can't be read as YAML in UTF-8"),
        (b"", "expected `key: value` lines, got nothing"),
        (b"- a\n- b", "expected `key: value` lines, got a list"),
    ],
)
def test_not_a_params_file(load, tmp_path, content, message):
    with pytest.raises(ParamsError, match=f"(?s)^{tmp_path / 'my.yaml'}: .*{message}"):
        load(content)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("params/dmeo.yaml", r"no such params file\. Did you mean (\S*/)?params/demo\.yaml\?"),
        ("demo", r"no such params file\. Did you mean (\S*/)?params/demo\.yaml\?"),
        ("nowhere/demo.yaml", r"Did you mean (\S*/)?params/demo\.yaml\?"),
        ("zzzzzzzz", r"There are: .*demo\.yaml, .*full\.yaml, .*`harmlib init FOLDER` writes one"),
        ("params/zzzzzzzz.yaml", r"That folder has: .*demo\.yaml, full\.yaml, real\.yaml, scores"),
        ("params", "params: a folder, not a params file. To write one .*harmlib init"),
    ],
)
def test_missing_file(name, message):
    with pytest.raises(ParamsError, match=message):
        load_params(name)


def test_the_variants_file_is_checked_too(tmp_path):
    table = yaml.safe_load((PROJECT_ROOT / "params/variants.yaml").read_text())
    (tmp_path / "other.yaml").write_text(yaml.safe_dump({"only": table["model3"]}))
    (tmp_path / "my.yaml").write_text(NEEDED)
    params = load_params(tmp_path / "my.yaml", tmp_path / "other.yaml")
    assert list(params.variants) == ["only"]
    with pytest.raises(ParamsError, match=r"gone\.yaml: there is no such params file"):
        load_params(tmp_path / "my.yaml", tmp_path / "gone.yaml")


def test_params_cannot_be_changed_afterwards(load):
    with pytest.raises(ValueError, match="frozen"):
        load(NEEDED).seed = 3


def test_folds_and_their_seeds(load):
    assert load(NEEDED).splits.folds is None
    assert load(NEEDED + "seed: 5\nsplits: {folds: 3}").fold_seeds == [5]
    params = load(NEEDED + "splits: {folds: 5}\nseeds: [3, 1]")
    assert (params.splits.folds, params.fold_seeds) == (5, [3, 1])


def test_the_harmful_share_of_the_traffic(load):
    unknown = load(NEEDED).prevalence
    assert unknown.of("image") is unknown.of("video") is None
    known = load(f"{NEEDED}prevalence: {{video: 0.01}}\n").prevalence
    assert (known.of("image"), known.of("video")) == (None, 0.01)


@pytest.mark.parametrize("share", ["0", "1.0", "1", "-0.1", "'rare'"])
def test_a_share_that_cannot_be_is_named(load, share):
    with pytest.raises(ParamsError, match=r"prevalence\.video: Input should be"):
        load(f"{NEEDED}prevalence: {{video: {share}}}\n")


# The study, and media that are not there


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("study: {}", "the study trains on folds: set splits.folds"),
        ("splits: {folds: 5}\nstudy: {seeds: 1}", "study.seeds: .*greater than or equal to 2"),
        ("splits: {folds: 5}\nstudy: {difference: 0}", "study.difference: .*greater than 0"),
        ("splits: {folds: 5}\nstudy: {harmful_per_safe: [0]}", "harmful_per_safe.0: .*than 0"),
    ],
)
def test_a_study_that_cannot_be_is_named(load, text, message):
    with pytest.raises(ParamsError, match=message):
        load(NEEDED + text)


def test_a_study_has_sensible_defaults(load):
    assert load(NEEDED).study is None
    study = load(NEEDED + "splits: {folds: 5}\nstudy: {}").study
    assert (study.seeds, study.difference, study.strata) == (10, 0.02, {})
    assert study.harmful_per_safe == [1, 2, 4, 8]


def test_where_the_media_are_not_there_the_other_file_is_run(tmp_path):
    own, other = tmp_path / "own.yaml", tmp_path / "other.yaml"
    own.write_text(f"run: own\ndata: {{root: {tmp_path / 'media'}, otherwise: other.yaml}}\n")
    other.write_text(f"run: other\ndata: {{root: {tmp_path}}}\n")
    assert file_to_run(own) == other
    (tmp_path / "media").mkdir()
    assert file_to_run(own) == own
    assert file_to_run(other) == other


def test_another_file_that_is_not_there_is_named(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(f"run: own\ndata: {{root: {tmp_path / 'media'}, otherwise: oter.yaml}}\n")
    with pytest.raises(ParamsError, match=r"oter\.yaml: there is no such params file"):
        file_to_run(own)
