"""Codes of findings: each is known once, and params mute no other."""

import re

import pytest
import yaml

from harmlib.params import ParamsError, load_params, load_run_params
from harmlib.params import finding_codes as codes
from harmlib.params.finding_codes import FINDING_KINDS, SEVERITIES


def test_every_code_is_declared_once():
    named = [value for name, value in vars(codes).items() if str(value).startswith("HL")]
    assert sorted(named) == sorted(FINDING_KINDS)
    assert len(set(named)) == len(named)
    assert all(re.fullmatch(r"HL\d{3}", code) for code in named)
    assert {kind.severity for kind in FINDING_KINDS.values()} == set(SEVERITIES)


@pytest.mark.parametrize(
    "content",
    [{"data": {"root": "media"}}, {"scores": "scores.csv"}],
    ids=["media", "scores"],
)
def test_params_mute_known_codes_only(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"run": "x", **content, "mute": ["HL001", "HL009"]}))
    assert load_run_params(path).mute == ["HL001", "HL009"]
    path.write_text(yaml.safe_dump({"run": "x", **content, "mute": ["HL001", "HL999"]}))
    with pytest.raises(ParamsError, match=r"mute\.1.*no finding has this code; there are: HL001"):
        load_run_params(path)


def test_nothing_is_muted_by_default():
    assert load_params("params/demo.yaml").mute == []
