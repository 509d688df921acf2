"""No message shows an address as it was given before something has looked for credentials in it."""

import pytest

from harmlib.address import AddressError
from harmlib.cli import main as cli
from harmlib.cli.predict_inputs import weights_by_backbone

FAR = "s3://AKIDNOBODY:SESAME/OPEN@bucket/a.csv"
COMMANDS = [
    "drift {two} {far}",
    "drift {two}/none.pth {far}",
    "drift {one} {far}",
    "drift {one} a.csv {far}",
    "drift {far} a.csv",
    "predict {one} {far}",
    "predict {one} {two} --out {far}",
    "predict {one} {two} --out a.csv --engine {far}",
    "predict {one} {two} --out a.csv --weights {far}",
    "predict {one} {two} --out a.csv --threshold {far}",
    "predict {one} {two} --out a.csv --reduce {far}",
    "explain {far}",
    "explain {far} a.jpg --weights {far}",
    "analyse {far}",
    "analyse {far} --column {far}",
    "analyse a.csv --column {far}",
    "init {far}",
    "audit {far}",
    "compare {far} {far}",
    "{far}",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_credentials_of_an_argument_are_in_no_message(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    two = tmp_path / "two"
    two.mkdir()
    for name in ("image", "video"):
        (two / f"{name}_model_best.pth").touch()
    one = two / "image_model_best.pth"
    try:
        status = cli.main(command.format(far=FAR, one=one, two=two).split())
    except SystemExit as stopped:
        status = stopped.code
    said = capsys.readouterr()
    assert status == 2
    assert said.err
    for secret in ("AKIDNOBODY", "SESAME"):
        assert secret not in said.err + said.out


def test_weights_at_an_address_with_credentials_are_refused_before_they_are_looked_for():
    with pytest.raises(AddressError, match="came with credentials") as refused:
        weights_by_backbone([f"clip={FAR}"])
    assert "SESAME" not in str(refused.value)
