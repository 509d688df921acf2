"""What has to lie on this machine is refused at an address, before anything is written."""

import pytest

from harmlib.cli import main as cli

COMMANDS = {
    "export run --out {}": "written on this machine alone",
    "export run --log {}": "read from this machine alone",
    "bundle run --out {}": "written on this machine alone",
    "predict {} a.jpg": "read from this machine alone",
    "predict m.pth a.jpg --policy p --policy-file {}": "read from this machine alone",
    "drift {} a.csv": "read from this machine alone",
    "log {}": "read from this machine alone",
    "sample {} --n 9": "read from this machine alone",
    "estimate {}": "read from this machine alone",
    "audit {}": "read from this machine alone",
    "run {}": "read from this machine alone",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_address_is_refused_with_what_to_do(capsys, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--lang", "en", *command.format("s3://bucket/a").split()])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert f"s3://bucket/a: this is {COMMANDS[command]}; " in said
    assert not list(tmp_path.iterdir()), "no folder called s3:"
    with pytest.raises(SystemExit):
        cli.main(["--lang", "ko", *command.format("s3://me:secret@bucket/a").split()])
    said = capsys.readouterr().err
    assert "s3://bucket/a: 주소에 인증 정보" in said
    assert "secret" not in said


def test_a_file_address_is_the_path(capsys, tmp_path):
    assert cli.main(["log", f"file://{tmp_path}/none.decisions.jsonl"]) == 2
    assert f"{tmp_path}/none.decisions.jsonl: there is no such log" in capsys.readouterr().err
