"""What a saved model decided of new files, in Korean: every file is in one of these tables.

`root` is the folder that the names of files start from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from harmlib.address import Address
from harmlib.analysis.alike_thresholds import AlikeThresholds
from harmlib.reporting.text.korean import MODALITY, signed
from harmlib.reporting.text.near_threshold import TO_CHECK, is_near
from harmlib.reporting.text.review_bands import BANDS

DECISIONS = {"harmful": "유해", "safe": "안전"}


def verdict_counts(decisions: pd.DataFrame, ledger: pd.DataFrame, reused: int) -> str:
    """Say how many files were called harmful and safe, and that none is missing.

    Parameters
    ----------
    decisions, ledger : DataFrame
        As in `verdict_table` and `ledger_table`.
    reused : int
        Decisions that an earlier call had made.

    Returns
    -------
    str

    Examples
    --------
    >>> verdict_counts(pd.DataFrame({"decision": ["harmful", "safe"]}), pd.DataFrame(), reused=1)
    '파일 2개 가운데 2개를 판정했습니다(유해 1개, 안전 1개). 판정하지 못한 파일은 0개입니다. ...'
    """
    harmful = int((decisions["decision"] == "harmful").sum())
    total = len(decisions) + len(ledger)
    return (
        f"파일 {total:,}개 가운데 {len(decisions):,}개를 판정했습니다"
        f"(유해 {harmful:,}개, 안전 {len(decisions) - harmful:,}개). 판정하지 못한 파일은 "
        f"{len(ledger):,}개입니다. 판정한 것 가운데 {reused:,}개는 이전에 판정한 결과를 재사용했습니다."
    )


def verdict_table(
    decisions: pd.DataFrame,
    root: Path | Address,
    alike: Mapping[str, AlikeThresholds] | None = None,
) -> pd.DataFrame:
    """List the decisions, those farthest above the threshold first.

    Parameters
    ----------
    decisions : DataFrame
        One row per file; columns path, modality, decision, probability, margin (probability minus
        threshold), band.
    root : Path or Address
    alike : mapping of str to AlikeThresholds, optional
        By modality (see `near_threshold`): a decision that hangs on a small move of the threshold
        is one to check, whatever its band.

    Returns
    -------
    DataFrame
        Columns 파일, 종류, 판정, 확률, threshold와의 차이, 처리.

    Examples
    --------
    >>> decisions = pd.DataFrame({"path": ["/new/a.jpg"], "modality": "image", "decision": "harmful",
    ...                           "probability": 0.9, "margin": 0.4, "band": "block"})
    >>> verdict_table(decisions, Path("/new")).iloc[0].astype(str).tolist()
    ['a.jpg', '이미지', '유해', '0.9', '+0.4000', '차단']
    """
    rows = decisions.sort_values(["margin", "path"], ascending=[False, True], kind="stable")
    handled = rows["band"].map(BANDS).mask(is_near(rows, alike or {}), TO_CHECK)
    return _verdicts(rows, root).assign(처리=handled.to_numpy())


def near_table(
    decisions: pd.DataFrame, root: Path | Address, alike: Mapping[str, AlikeThresholds]
) -> pd.DataFrame:
    """List the decisions that hang on a small move of the threshold, the nearest first.

    Parameters
    ----------
    decisions : DataFrame
    root : Path or Address
    alike : mapping of str to AlikeThresholds
        These three as for `verdict_table`.

    Returns
    -------
    DataFrame
        Columns as those of `verdict_table`, without 처리.

    Examples
    --------
    >>> decisions = pd.DataFrame({"path": ["/new/a.jpg", "/new/b.jpg"], "modality": "image",
    ...                           "decision": "harmful", "probability": [0.9, 0.55],
    ...                           "margin": [0.4, 0.05], "band": "block"})
    >>> near_table(decisions, Path("/new"), {"image": AlikeThresholds(0.4, 0.6, 1)})["파일"].tolist()
    ['b.jpg']
    """
    near = decisions[is_near(decisions, alike)]
    near = near.assign(_far=near["margin"].abs()).sort_values(["_far", "path"])
    return _verdicts(near, root)


def _verdicts(rows: pd.DataFrame, root: Path | Address) -> pd.DataFrame:
    """What was decided of each file, in the order of `rows`."""
    return pd.DataFrame(
        {
            "파일": [short_name(path, root) for path in rows["path"]],
            "종류": rows["modality"].map(MODALITY.__getitem__).to_numpy(),
            "판정": rows["decision"].map(DECISIONS).to_numpy(),
            "확률": rows["probability"].to_numpy(),
            "threshold와의 차이": [signed(margin) for margin in rows["margin"]],
        }
    )


def note_table(decisions: Iterable[Mapping[str, Any]], root: Path | Address) -> pd.DataFrame:
    """List the files that were scored, but of which a person should know something.

    Parameters
    ----------
    decisions : iterable of mapping
        Entries of the log; those of earlier versions have no note.
    root : Path or Address

    Returns
    -------
    DataFrame
        Columns 파일, 알아 둘 점.

    Examples
    --------
    >>> note_table([{"path": "/new/a.ts", "note": "2 video streams"}], Path("/new")).iloc[0].tolist()
    ['a.ts', '2 video streams']
    """
    noted = [(one["path"], one["note"]) for one in decisions if one.get("note")]
    return pd.DataFrame(
        [(short_name(path, root), note) for path, note in noted], columns=["파일", "알아 둘 점"]
    )


def ledger_table(ledger: pd.DataFrame, root: Path | Address) -> pd.DataFrame:
    """List the files that could not be scored.

    Parameters
    ----------
    ledger : DataFrame
        One row per file; columns path, modality (possibly unknown), reason.
    root : Path or Address

    Returns
    -------
    DataFrame
        Columns 파일, 종류, 이유.

    Examples
    --------
    >>> ledger = pd.DataFrame({"path": ["/new/a"], "modality": "", "reason": "/new/a: no media"})
    >>> ledger_table(ledger, Path("/new")).iloc[0].tolist()
    ['a', '알 수 없음', 'a: no media']
    """
    return pd.DataFrame(
        {
            "파일": [short_name(path, root) for path in ledger["path"]],
            "종류": [MODALITY[name] if name else "알 수 없음" for name in ledger["modality"]],
            "이유": [
                reason.replace(str(path), short_name(path, root))
                for path, reason in zip(ledger["path"], ledger["reason"], strict=True)
            ],
        }
    )


def short_name(path: str, root: Path | Address) -> str:
    """Name a file as it lies below `root`; one that lies elsewhere by its last part.

    Parameters
    ----------
    path : str
    root : Path or Address

    Returns
    -------
    str

    Examples
    --------
    >>> short_name("/new/a/b.jpg", Path("/new")), short_name("/else/b.jpg", Path("/new"))
    ('a/b.jpg', 'b.jpg')
    >>> short_name("s3://bucket/new/a/b.jpg", Address("s3://bucket/new"))
    'a/b.jpg'
    """
    if path.startswith(f"{root}/"):
        return path.removeprefix(f"{root}/")
    return Path(path).name
