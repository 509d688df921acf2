"""The harmful segments of long videos, in Korean.

`decisions` are entries of the log of decisions; `root` is the folder that the names of files start
from.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from harmlib.address import Address
from harmlib.reporting.text.korean import number
from harmlib.reporting.text.verdicts import short_name


def segment_table(decisions: Iterable[Mapping[str, Any]], root: Path | Address) -> pd.DataFrame:
    """List the harmful segments of long videos.

    Parameters
    ----------
    decisions : iterable of mapping
        Entries of the log.
    root : Path or Address

    Returns
    -------
    DataFrame
        Columns 파일, 시작(초), 끝(초), 최고 확률.

    Examples
    --------
    >>> segment = {"start_sec": 2, "end_sec": 4.5, "peak_probability": 0.9}
    >>> segment_table([{"path": "/new/a.mp4", "segments": [segment]}], Path("/new"))
          파일 시작(초) 끝(초)  최고 확률
    0  a.mp4   2.0  4.5    0.9
    """
    return pd.DataFrame(
        [
            (
                short_name(decision["path"], root),
                number(segment["start_sec"], 1),
                number(segment["end_sec"], 1),
                segment["peak_probability"],
            )
            for decision in decisions
            for segment in decision["segments"]
        ],
        columns=["파일", "시작(초)", "끝(초)", "최고 확률"],
    )


def strips_html(decisions: Iterable[Mapping[str, Any]], root: Path | Address, folder: Path) -> str:
    """Write the pictures of the harmful segments as HTML, each folded until a person opens it.

    Parameters
    ----------
    decisions : iterable of mapping
        Entries of the log.
    root : Path or Address
    folder : Path
        Where the names of the pictures start. A picture that is not there is left out.

    Returns
    -------
    str
        Empty where there is no picture.

    Examples
    --------
    >>> strips_html([{"path": "/new/a.mp4", "segments": []}], Path("/new"), Path("/new"))
    ''
    """
    folded = ""
    for decision in decisions:
        for segment in decision["segments"]:
            if "strip" in segment and (folder / segment["strip"]).exists():
                times = f"{number(segment['start_sec'], 1)}~{number(segment['end_sec'], 1)}초"
                title = f"{short_name(decision['path'], root)}, {times}"
                folded += _folded((folder / segment["strip"]).read_bytes(), title)
    return folded


def _folded(jpeg: bytes, title: str) -> str:
    data = base64.b64encode(jpeg).decode()
    return (
        f"<details><summary>장면 보기: {escape(title)}</summary>"
        f'<img src="data:image/jpeg;base64,{data}" alt="{escape(title, quote=True)}의 장면들" '
        'style="max-width:100%"></details>'
    )
