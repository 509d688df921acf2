"""Params files as people write them: what can be read in two ways is refused, with its line."""

import contextlib
import re
import time
import tracemalloc
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harmlib.params import PROJECT_ROOT, ParamsError, load_params
from harmlib.params.plain_values import plain_value
from harmlib.params.yaml_reading import read_yaml

NEEDED = "run: x\ndata: {root: data}\n"
CASE = PROJECT_ROOT.parent / "shared/data/cases/params_duplicate_keys.yaml"


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "my.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_params(path)

    return load


@pytest.fixture
def refused(load, tmp_path):
    """refused(text): the message, one line a mistake, without the file's name before it."""

    def refused(text):
        with pytest.raises(ParamsError) as caught:
            load(text)
        lines = str(caught.value).splitlines()
        head = f"{tmp_path / 'my.yaml'}: "
        assert all(line.startswith((head, "… and ")) for line in lines)
        assert all(line.isprintable() and len(line) < 500 for line in lines)
        return "\n".join(line.removeprefix(head) for line in lines)

    return refused


def model4(change):
    return f"{NEEDED}variants: {{model4: {change}}}\n"


# A key that is there twice


@pytest.mark.parametrize(
    ("below", "key", "line", "first"),
    [
        ("seed: 1\nseed: 1", "seed", "line 4, column 1", "line 3, column 1"),
        ("seed: 1\n'seed': 2", "seed", "line 4, column 1", "line 3, column 1"),
        ("splits: {folds: 3, folds: 5}", "splits.folds", "line 3, column 20", "line 3, column 10"),
        (
            "features:\n  yolo: {weights: untrained}\n  clip: null\n  yolo: null",
            "features.yolo", "line 6, column 3", "line 4, column 3",
        ),
        (
            "variants:\n  model4:\n    image: {epochs: 2}\n    video:\n      epochs: 3\n"
            "      epochs: 4",
            "variants.model4.video.epochs", "line 8, column 7", "line 7, column 7",
        ),
        (
            "variants:\n  model2: &few {image: {epochs: 2}}\n  model4:\n    <<: *few\n"
            "    <<: *few",
            "variants.model4.<<", "line 7, column 5", "line 6, column 5",
        ),
        (
            "variants:\n  model2: &few {image: {epochs: 2, epochs: 3}}\n  model4: *few",
            "variants.model2.image.epochs", "line 4, column 36", "line 4, column 25",
        ),
        ("study:\n  strata: [{a: b, a: c}]", "study.strata.0.a", "line 4, column 19", "line 4, c"),
        # One name for a person: composed and decomposed Hangul
        ("study:\n  strata:\n    카: a\n    카: b", "study.strata.카", "line 6, column", "line 5"),
    ],
)  # fmt: skip
def test_a_key_that_is_there_twice(refused, below, key, line, first):
    message = refused(NEEDED + below)
    assert message.startswith(f"{line}")
    assert f": {key}: this key is there twice, first in {first}" in message
    assert len(message.splitlines()) == 1


def test_every_twice_is_named_at_once(refused):
    message = refused(NEEDED + "seed: 1\nvariants: {}\nseed: 2\nvariants: {model2: null}\n")
    assert re.findall(r"line (\d+), column 1: (\w+):", message) == [
        ("5", "seed"),
        ("6", "variants"),
    ]


@pytest.mark.skipif(not CASE.exists(), reason="the shared cases are not here")
def test_the_shared_case(refused):
    message = refused(CASE.read_bytes())
    assert re.findall(r"line (\d+), column 1: (\w+): this key is there twice", message) == [
        ("11", "seed"), ("12", "variants"),
    ]  # fmt: skip


def test_the_variants_file_is_read_as_strictly(tmp_path):
    (tmp_path / "my.yaml").write_text(NEEDED)
    (tmp_path / "table.yaml").write_text("model4: {}\nmodel4: {}\n")
    with pytest.raises(ParamsError, match=r"table\.yaml: line 2, column 1: model4: .* twice"):
        load_params(tmp_path / "my.yaml", tmp_path / "table.yaml")


def test_merge_keys_do_what_they_are_for(load):
    text = (
        "variants:\n  model2: &few {image: {epochs: 2}, video: {epochs: 2}}\n"
        "  model4:\n    <<: *few\n    video: {epochs: 7}\n"
    )
    variants = load(NEEDED + text).variants
    assert [variants["model4"].image.epochs, variants["model4"].video.epochs] == [2, 7]


def test_a_key_of_two_merged_sections_is_refused(refused):
    text = (
        "variants:\n  model2: &a {image: {epochs: 2}}\n  model3: &b {image: {epochs: 3}}\n"
        "  model4:\n    <<: [*a, *b]\n"
    )
    assert "variants.model4.<<.image: this key is in two of the merged" in refused(NEEDED + text)
    assert refused(NEEDED + "data2: {<<: 3}") == (
        "line 3, column 13: data2.<<: expected the name of `key: value` lines"
    )


# Numbers


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("010", "reads 010 in base 8, as 8; write 10 for the number, or '010' in quotes"),
        ("-0777", "in base 8, as -511; write -777"),
        ("0_10", "in base 8, as 8; write 10"),
        ("09", "write 9 for the number, or '09' in quotes"),
        ("0x1F", "is in base 16; write 31"),
        ("-0xff", "is in base 16; write -255"),
        ("0b101", "is in base 2; write 5"),
        ("0o17", "is in base 8; write 15"),
        ("1_000", "write 1000 for the number"),
        ("1_0.5", "write 10.5 for the number"),
        ("1:30", "reads 1:30 in base 60; write 90 for"),
        ("-1:30", "in base 60; write -90 for"),
        ("2:30:05", "in base 60; write 9005 for"),
        ("0:30.5", "in base 60; write 30.5 for"),
    ],
)
@pytest.mark.parametrize("key", ["run", "seed", "device"])
def test_a_number_that_yaml_reads_otherwise_than_it_looks(refused, key, written, said):
    content = {"run": "x", "data": "{root: d}"} | {key: written}
    message = refused("".join(f"{name}: {value}\n" for name, value in content.items()))
    line = list(content).index(key) + 1
    assert message.startswith(f"line {line}, column 1: {key}: ")
    assert said in message
    assert f"or '{written}' in quotes for text" in message


@pytest.mark.parametrize("written", ["v1:30", "0:30", "12:75", "_1", "0book", "1.2.3", "1-2", "+"])
def test_other_texts_stay_texts(load, written):
    assert load(f"{NEEDED}device: {written}").device == written


@pytest.mark.parametrize("written", ["1e-3", "1E-3", "0.1e-2", ".001", "1.e-3", "+0.001"])
def test_a_small_number_needs_no_point(load, written):
    """YAML 1.1 reads the first two as text."""
    variants = load(model4(f"{{video: {{learning_rate: {written}}}}}")).variants
    assert variants["model4"].video.learning_rate == 0.001


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("true", "got True, written as true); a truth value is no number"),
        ("on", "got True, written as on); a truth value"),
        ("No", "got False, written as No)"),
        ("'1e-3'", "got '1e-3'); write 1e-3, without quotes"),
        ('"0.5"', "write 0.5, without quotes"),
        ("0.5%", "write 0.005"),
        ("０.５", "write 0.5"),
        (".nan", "finite number (got nan, written as .nan)"),
        ("-.INF", "finite number (got -inf"),
        ("nan", "valid number (got 'nan')"),
        ("1e999", "1e999 is too large for a number"),
        ("None", "for nothing write null"),
        ("2024-01-01", "valid number (got '2024-01-01')"),
        ("0.001s", "valid number (got '0.001s')"),
    ],
)
@pytest.mark.parametrize(
    "key", ["variants.model4.video.learning_rate", "splits.val_fraction", "prevalence.image"]
)
def test_no_number_where_one_is_meant(refused, key, written, said):
    *sections, name = key.split(".")
    heads = "".join(f"{'  ' * i}{section}:\n" for i, section in enumerate(sections))
    message = refused(f"{NEEDED}{heads}{'  ' * len(sections)}{name}: {written}\n")
    line = 3 + len(sections)
    assert message.startswith(f"line {line}, column {2 * len(sections) + 1}: {key}: ")
    assert said in message


@pytest.mark.parametrize(
    ("below", "said"),
    [
        ("seed: true", "seed: .*a truth value is no number"),
        ("seed: 1e3", r"seed: .*\(got 1000.0, written as 1e3\); write 1000"),
        ("seed: 7.0", "seed: .*write 7$"),
        ("seed: 1,000", "seed: .*write 1000"),
        ("splits: {folds: yes}", "splits.folds: .*a truth value is no number"),
        ("splits: {folds: 5}\nseeds: [1, true]", "seeds.1: .*a truth value is no number"),
        ("splits: {folds: 5}\nstudy: {harmful_per_safe: [1, on]}", "harmful_per_safe.1: .*truth"),
        ("splits: {folds: 5}\nstudy: {harmful_per_safe: ['4']}", "write 4, without quotes"),
        ("features: {video_frames: false}", "features.video_frames: .*truth value"),
        ("gallery: {each: yes}", "gallery.each: .*truth value"),
        ("variants: {model4: {thresholds: [0.5, true]}}", "thresholds.1: .*truth value"),
        ("variants: {model4: {pos_weight: true}}", "pos_weight: .*truth value"),
    ],
)
def test_a_truth_value_or_a_text_for_a_number_anywhere(refused, below, said):
    assert re.search(said, refused(NEEDED + below), re.M)


@pytest.mark.parametrize("digits", [20, 5000, 60_000])
def test_a_whole_number_beyond_all_bounds(refused, digits):
    said = f"a whole number of {digits:,} digits; the largest is 9223372036854775807"
    assert refused(f"{NEEDED}seed: {'9' * digits}") == f"line 3, column 1: seed: {said}"


# Words


@pytest.mark.parametrize("word", ["no", "Yes", "on", "OFF", "true", "null", "2024", "1e5", "1.0"])
def test_a_word_that_yaml_reads_as_something_else(refused, load, word):
    message = refused(f"run: {word}\ndata: {{root: d}}\n")
    assert message.startswith("line 1, column 1: run: Input should be a valid string")
    if word != "null":
        assert f"for text write '{word}' in quotes" in message
    assert load(f"run: '{word}'\ndata: {{root: d}}\n").run == word


def test_keys_are_text_as_they_are_written(load):
    strata = "study:\n  strata: {no: a, 1: b, 010: c, 2024-01-01: d}\nsplits: {folds: 3}\n"
    assert list(load(NEEDED + strata).study.strata) == ["no", "1", "010", "2024-01-01"]


def test_a_date_is_text(load):
    assert load("run: 2024-01-01\ndata: {root: d}\n").run == "2024-01-01"


@pytest.mark.parametrize(("word", "value"), [("yes", True), ("Off", False), ("true", True)])
def test_yes_and_no_answer_questions(load, word, value):
    assert load(f"run: x\ndata: {{root: d, draw_demo: {word}}}").data.draw_demo is value


@pytest.mark.parametrize("word", ["y", "1", "'true'", "maybe"])
def test_other_answers_are_refused(refused, word):
    message = refused(f"run: x\ndata:\n  root: d\n  draw_demo: {word}\n")
    assert message.startswith("line 4, column 3: data.draw_demo: ")
    assert "write true or false, without quotes" in message


# What is no params file


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"run: x\ndata:\n\troot: d\n", "line 3, column 1: .*a tab; YAML is indented with spaces"),
        (b"run:\tx\ndata: {root: d}\n", "line 1, column 5: .*a tab"),
        (f"{NEEDED}---\n{NEEDED}".encode(), "line 3, column 1: .*a second document begins"),
        (f"{NEEDED}seed: !!int 3\n".encode(), "line 3, column 7: .*tags such as !!int"),
        (f"{NEEDED}x: !!python/name:os.system\n".encode(), "line 3, column 4: .*tags such as"),
        (f"{NEEDED}x: !mine [1]\n".encode(), "line 3, column 4: .*tags such as !mine"),
        (f"{NEEDED}seed: [1\n".encode(), "line 4, column 1: .*begins in line 3"),
        (f"{NEEDED}? [a, b]\n: c\n".encode(), "line 3, column 3: .*a key must be a text"),
        (f"{NEEDED}seed: *nope\n".encode(), "line 3, column 7: .*undefined alias 'nope'"),
        (b'run: "C:\\Users"\n', "line 1, column 11: .*backslash between double quotes; use"),
        (b"run: x\0\n", r"line 1, column 7: .*U\+0000 can't stand here"),
        (b"run: x\ndata: \x1b[31m\n", r"line 2, column 7: .*U\+001B can't stand here"),
        (b"run: x\r\ndata: {root: d}\r\nsead: 1\r\n", "line 3, column 1: sead: unknown key"),
        ("run：x\ndata：{root: d}\n".encode(), "FULLWIDTH COLON, write : instead"),
        ("run:\xa0x\ndata: {root: d}\n".encode(), "NO-BREAK SPACE, write a space instead"),
        (NEEDED.encode("utf-16"), "UTF-16 or UTF-32 .*save it as UTF-8"),
        (NEEDED.encode("utf-16-le"), "UTF-16 or UTF-32"),
        (NEEDED.encode("utf-32"), "UTF-16 or UTF-32"),
        ((NEEDED + "# 한글\n").encode("cp949"), "line 3: .*looks like CP949.*save it as UTF-8"),
        ((NEEDED + "# é\n").encode("latin-1"), "line 3: .*byte 0xe9.*save it as UTF-8"),
        (b"#" * 100_000, "has more than 64 KiB; is it a params file"),
        (b"# nothing\n", "expected `key: value` lines, got nothing"),
        (b'"\\UFFFFFFFF": 1\n', "can't be read as YAML"),
        (b"%YAML 1." + b"9" * 5000 + b"\n---\nrun: x\n", "can't be read as YAML"),
    ],
)
def test_what_is_no_params_file(refused, content, said):
    assert re.search(said, refused(content))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_hangul_in_utf_8(load, mark):
    assert load(mark + "run: 시험\ndata: {root: 자료}\n".encode()).run == "시험"


def test_a_folder_is_no_params_file_and_may_be_media():
    with pytest.raises(ParamsError, match=r"^/: a folder, not a params file.*harmlib init /"):
        load_params("/")


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/null"])
def test_what_is_no_file(place):
    with pytest.raises(ParamsError, match=f"^{place}: can't be read: it is no file"):
        load_params(place)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "content",
    [
        BOMB,
        BOMB.replace("[", "{k: [").replace("]", "]}"),
        f"{NEEDED}a: &a [*a]\n",
        f"{NEEDED}a: &a {{b: *a}}\n",
        f"{NEEDED}a: &a {{<<: *a}}\n",
        f"{NEEDED}a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 900)),
        NEEDED + "a: " + "[" * 60_000,
        NEEDED + "a: " + "{a: " * 15_000,
        "".join(" " * i + "a:\n" for i in range(300)),
        "- " * 30_000,
        NEEDED + "modalities: [" + "imag," * 12_000 + "]\n",
        NEEDED + "".join(f"k{i}: 1\n" for i in range(5_000)),
        NEEDED + "".join(f"seed: {i}\n" for i in range(5_000)),
        NEEDED + f"seed: {'z' * 60_000}\n",
        NEEDED + "? " + "k" * 60_000 + "\n: 1\n",
        NEEDED + '"\\e[31mred\\nnext": 1\n',
    ],
)
def test_hostile_files_are_refused_within_bounds(refused, content):
    tracemalloc.start()
    began = time.monotonic()
    message = refused(content)
    assert time.monotonic() - began < 20
    assert tracemalloc.get_traced_memory()[1] < 100e6
    tracemalloc.stop()
    assert len(message.splitlines()) <= 20


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab :\n-{}[],&*<!'\"#0x1_.e|>%\t"), max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8")
    with contextlib.suppress(ParamsError):
        assert isinstance(read_yaml(path).content, dict)


@given(st.one_of(st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_are_read_as_python_writes_them(number):
    read = plain_value(repr(number))
    assert (type(read), read) == (type(number), number)


def test_the_shipped_files_are_read_as_yaml_reads_them():
    for path in Path(PROJECT_ROOT, "params").glob("*.yaml"):
        assert read_yaml(path).content == yaml.safe_load(path.read_text(encoding="utf-8"))
