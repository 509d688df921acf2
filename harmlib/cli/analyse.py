"""`harmlib analyse`: from a table of scores to its report, by way of a params file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from harmlib.address import Address, address, is_address, local_text, without_secrets
from harmlib.cli.run import run_notebooks
from harmlib.language import told
from harmlib.params import PROJECT_ROOT, params_path


def run_analyse(options: argparse.Namespace) -> int:
    """Write the params of a table of scores, and run them.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `analyse`.

    Returns
    -------
    int
        Exit status, as of `harmlib run`.
    """
    try:
        file, is_new = _write_params(options)
    except ValueError as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    status = run_notebooks(argparse.Namespace(params=file, verify=False, max_hours=None))
    if status == 2 and is_new:  # the next try may say more of the columns under the same name
        file.unlink()
    return status


def _write_params(options: argparse.Namespace) -> tuple[Path, bool]:
    """Return the params file, and whether it was written now; else it is there and says this."""
    text = options.scores
    scores = address(text) if is_address(text) else params_path(local_text(text))
    run = options.run or run_name(scores)
    content: dict[str, Any] = {"run": run, "scores": str(scores)}
    content |= {
        name: value
        for name, value in {
            "columns": pairs(options.column, "--column"),
            "labels": pairs(options.label, "--label"),
            "scale": options.scale,
            "threshold": options.threshold,
            "prevalence": options.prevalence,
        }.items()
        if value not in (None, {})
    }
    file = PROJECT_ROOT / "params" / f"{run}.yaml"
    if file.exists():
        if yaml.safe_load(file.read_text(encoding="utf-8")) == content:
            return file, False
        raise ValueError(
            told(
                f"{file} is there already and says something else; run it (harmlib run {file}), or "
                "give this run another name with --run",
                f"{file}: 내용이 다른 설정 파일이 이미 있습니다. 그 파일을 실행하거나(harmlib run "
                f"{file}) --run으로 다른 이름을 주십시오",
            )
        )
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    file.write_text(HEAD + text, encoding="utf-8")
    return file, True


HEAD = "# Made by `harmlib analyse`. Further settings: docs/own-scores.md\n"


def run_name(scores: Path | Address) -> str:
    """Name a run after its table: a file without its ending; of a pattern its folder.

    Parameters
    ----------
    scores : Path or Address

    Returns
    -------
    str

    Examples
    --------
    >>> run_name(Path("june/*.parquet")), run_name(address("s3://bucket/june/"))
    ('june', 'june')
    """
    from harmlib.analysis.own_scores.sections import distinct_plain_names

    while "*" in scores.name:
        scores = scores.parent
    return distinct_plain_names([scores.stem])[scores.stem].lstrip("-") or "scores"


def pairs(given: list[str], option: str) -> dict[str, Any]:
    """Read ``name=value`` of the command line.

    Parameters
    ----------
    given : list of str
        As a person wrote them.
    option : str
        Its name, for the message.

    Returns
    -------
    dict of str to str or list of str
        A name given twice has several values.

    Raises
    ------
    ValueError
        Something else than ``name=value``.

    Examples
    --------
    >>> pairs(["item=id", "score=a", "score=b"], "--column")
    {'item': 'id', 'score': ['a', 'b']}
    """
    found: dict[str, Any] = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not name or not value:
            shown = without_secrets(text)
            raise ValueError(
                told(
                    f"{option} {shown}: write {option} name=value",
                    f"{option} {shown}: {option} 이름=값으로 적으십시오",
                )
            )
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
