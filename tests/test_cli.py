import pytest

from harmlib import cli

SOUND = "precision,recall,f1\n0.8000,0.8000,0.8000\n"


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        (SOUND, 0, "Findings"),
        ("precision,recall,f1\n0.5000,0.5000,0.9000\n", 1, "impossible"),
        ("precision,recall\n0.5,0.5\n", 2, "f1"),
    ],
)
def test_audit_prints_findings_and_says_so_in_its_status(tmp_path, capsys, text, status, words):
    file = tmp_path / "claims.csv"
    file.write_text(text, encoding="utf-8")
    assert cli.main(["audit", str(file)]) == status
    printed = capsys.readouterr()
    assert words in printed.out + printed.err


def test_audit_of_a_missing_file_names_it(tmp_path, capsys):
    assert cli.main(["audit", str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err


def test_without_a_command_the_use_is_shown(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == 2
    assert "audit" in capsys.readouterr().err
