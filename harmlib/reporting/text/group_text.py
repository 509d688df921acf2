"""How many groups there are, how they were found, and the question whether that is so."""

from __future__ import annotations

import pandas as pd

from harmlib.language import Wordings, written
from harmlib.reporting.text.korean import MODALITY

GROUP_BY = Wordings(
    {
        "given": ("given", "지정함"),
        "camera": ("camera's number in the name", "이름의 카메라 번호"),
        "frames": ("numbered frames of one video", "한 비디오의 프레임 번호"),
        "folder": ("folder", "폴더"),
        "name": ("the same name with a running number", "같은 이름에 일련번호"),
        "near": ("nearly equal pictures", "거의 같은 화면"),
        "file": ("each file alone", "파일마다 하나"),
    }
)
_GUESSES = ("camera", "frames", "folder", "name", "near")


def group_question(manifest: pd.DataFrame) -> list[str]:
    """Ask whether the groups are right, in a sentence for each modality.

    Parameters
    ----------
    manifest : DataFrame
        Columns modality, group, group_by.

    Returns
    -------
    list of str

    Examples
    --------
    >>> group_question(pd.DataFrame({"modality": "image", "group": ["a", "b"], "group_by": "file"}))
    ['이미지: 파일 2개, 그룹 2개(파일마다 하나 2개). 파일마다 원본이 다릅니까?']
    """
    return [_question(str(name), own) for name, own in manifest.groupby("modality", sort=False)]


def _question(modality: str, own: pd.DataFrame) -> str:
    files, groups = len(own), own["group"].nunique()
    ways = own["group_by"].value_counts()
    head = written(
        f"{modality}: {files:,} files, {groups:,} groups",
        f"{MODALITY[modality]}: 파일 {files:,}개, 그룹 {groups:,}개",
    )
    found = ", ".join(
        written(f"{GROUP_BY[by]}: {n:,}", f"{GROUP_BY[by]} {n:,}개") for by, n in ways.items()
    )
    if not ways.index.isin(_GUESSES).any() and "file" not in ways.index:
        return written(f"{head}, as given.", f"{head}(지정한 대로).")
    if set(ways.index) == {"file"}:
        asks = written("Is each file a source of its own?", "파일마다 원본이 다릅니까?")
    elif ways.index.isin(_GUESSES).any():
        asks = written("Guessed. Is that so?", "짐작한 것입니다. 맞습니까?")
    else:
        asks = written(
            "Are those without a group sources of their own?",
            "그룹을 적지 않은 파일은 저마다 원본이 다릅니까?",
        )
    return f"{head}({found}). {asks}"


def named_ways(group_by: pd.Series) -> pd.Series:
    """Name the ways in which groups were found.

    Parameters
    ----------
    group_by : Series of str
        As `harmlib.media.group_guess.group_table` has them, joined by commas.

    Returns
    -------
    Series of str

    Examples
    --------
    >>> named_ways(pd.Series(["camera, near"])).tolist()
    ['이름의 카메라 번호, 거의 같은 화면']
    """
    return group_by.map(lambda ways: ", ".join(GROUP_BY[one] for one in ways.split(", ")))
