"""`harmlib log`."""

from harmlib.cli.main import main
from harmlib.predict.decision_log import DecisionLog


def test_a_log_is_listed_and_checked(tmp_path, capsys):
    log = DecisionLog(tmp_path / "a.decisions.jsonl")
    for name in ("1", "2"):
        log.append({"id": name, "path": "a\n\x1b[31m.jpg", "decision": "safe"})
    assert main(["log", str(log.path)]) == 0
    assert capsys.readouterr().out == (
        "1  ?  safe  'a\\n\\x1b[31m.jpg'\n2  ?  safe  'a\\n\\x1b[31m.jpg'\n"
    )
    assert main(["log", str(log.path), "--verify"]) == 0
    assert "2 lines, all hold" in capsys.readouterr().out
    log.path.write_bytes(log.path.read_bytes().replace(b'"safe"', b'"harm"', 1))
    assert main(["log", str(log.path), "--verify"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("0 lines hold; line 1 is edited: its hash is not its content's")
    assert main(["log", str(tmp_path / "none"), "--verify"]) == 2
    assert "there is no such log" in capsys.readouterr().err
