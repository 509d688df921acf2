"""How files that are nearly the same across splits were looked for, and what was not found.

The tables are those of `harmlib.analysis.near_duplicates`.
"""

from __future__ import annotations

import pandas as pd

from harmlib.language import Wordings, written
from harmlib.reporting.text.cited_numbers import Row, count, rows
from harmlib.reporting.text.korean import MODALITY, backbone_name

RULES = Wordings(
    {
        "hash": ("hash", "해시"),
        "cosine": ("vector", "벡터"),
        "both": ("hash and vector", "해시와 벡터"),
    }
)


def search_limits() -> str:
    """Say what the search can't find.

    Returns
    -------
    str

    Examples
    --------
    >>> search_limits()[:24]
    '해시는 크기, 밝기, 압축이 달라도 찾지만,'
    """
    return written(
        "Hashes find pictures of another size, brightness or compression, but may miss cropped or "
        "mirrored ones and videos whose beginning was cut off. With a fixed camera, different scenes "
        "may count as nearly the same.",
        "해시는 크기, 밝기, 압축이 달라도 찾지만, 잘라내거나 뒤집은 사진과 앞부분을 자른 비디오는 놓칠 수 "
        "있습니다. 배경이 고정된 카메라에서는 다른 장면도 거의 같다고 나올 수 있습니다.",
    )


def equal_files_sentence(manifest: pd.DataFrame, modality: str) -> str:
    """Say what became of files of equal content.

    Parameters
    ----------
    manifest : DataFrame
        Columns modality and sha256.
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> equal_files_sentence(pd.DataFrame({"modality": ["image"] * 3, "sha256": list("aab")}), "image")
    '이미지: 내용이 똑같은 파일은 2개이며, 항상 같은 분할에 둡니다.'
    """
    own = manifest[manifest["modality"] == modality]
    equal = own[own["sha256"].duplicated(keep=False)]
    if equal.empty:
        return written(
            f"{MODALITY[modality]}: no files of equal content.",
            f"{MODALITY[modality]}: 내용이 똑같은 파일은 없습니다.",
        )
    return written(
        f"{MODALITY[modality]}: {count(equal):,} files share their content with another; these are "
        "always in one split.",
        f"{MODALITY[modality]}: 내용이 똑같은 파일은 {count(equal):,}개이며, 항상 같은 분할에 둡니다.",
    )


def search_sentences(search: pd.DataFrame, modality: str) -> list[str]:
    """Say how near-duplicates were looked for, and what was not compared.

    Parameters
    ----------
    search : DataFrame
        Of `near_duplicates`, one row per rule.
    modality : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> search = pd.DataFrame({"rule": ["hash", "cosine"], "state": ["searched", "untrained"],
    ...     "threshold": [31, 0.95], "backbones": "", "items": 400, "comparable": [390, 0],
    ...     "compared": [390, 0], "comparisons": [50000, 0], "pairs": [7, 0]})
    >>> for sentence in search_sentences(search, "image"):
    ...     print(sentence)
    이미지: 해시(256비트)의 차이가 31비트 이하인 쌍 7개를 찾았습니다(비교 50,000번). 세부가 거의 없어 해시가 없는 10개는 비교하지 못했습니다.
    이미지: 학습된 백본이 없어 벡터의 코사인은 쓰지 않았습니다. 학습되지 않은 백본의 벡터가 비슷하다는 것은 뜻이 없습니다.
    """
    return [f"{MODALITY[modality]}: {_searched(one)}" for one in rows(search)]


def _searched(one: Row) -> str:
    if one.state == "off":
        return written(
            f"comparing by {RULES[one.rule]} is turned off in the settings.",
            f"{RULES[one.rule]} 비교는 설정에서 껐습니다.",
        )
    if one.state == "untrained":
        return written(
            "no backbone is trained, so the cosine of vectors was not used. That vectors of untrained "
            "backbones are alike means nothing.",
            "학습된 백본이 없어 벡터의 코사인은 쓰지 않았습니다. 학습되지 않은 백본의 벡터가 비슷하다는 것은 뜻이 "
            "없습니다.",
        )
    if one.state == "no hash":
        return written(
            "no file has enough detail for a hash, so none were compared by it.",
            "해시를 구할 만큼 세부가 있는 파일이 하나도 없어 해시로는 비교하지 못했습니다.",
        )
    lacking = one["items"] - one.comparable
    if one.rule == "hash":
        text = written(
            f"{one.pairs:,} pairs found whose hashes (256 bits) differ in at most {one.threshold:,} "
            f"bits ({one.comparisons:,} comparisons).",
            f"해시(256비트)의 차이가 {one.threshold:,}비트 이하인 쌍 {one.pairs:,}개를 찾았습니다(비교 "
            f"{one.comparisons:,}번).",
        )
        rest = written(
            f" {lacking:,} have too little detail for a hash and were not compared.",
            f" 세부가 거의 없어 해시가 없는 {lacking:,}개는 비교하지 못했습니다.",
        )
        text += rest if lacking else ""
    else:
        names = ", ".join(backbone_name(name) for name in str(one.backbones).split(", "))
        text = written(
            f"{one.pairs:,} pairs found whose vectors ({names}, standardised) have a cosine of at "
            f"least {one.threshold:.3g} ({one.comparisons:,} comparisons).",
            f"{names} 벡터(표준화)의 코사인이 {one.threshold:.3g} 이상인 쌍 {one.pairs:,}개를 찾았습니다(비교 "
            f"{one.comparisons:,}번).",
        )
    if one.state == "bounded":
        text += written(
            f" Because of near_duplicates.max_comparisons only {one.compared:,} of "
            f"{one.comparable:,} were compared with all others, so pairs may have been missed.",
            f" 비교 횟수의 한도(near_duplicates.max_comparisons) 때문에 {one.comparable:,}개 가운데 "
            f"{one.compared:,}개만 나머지 전부와 비교했으므로, 찾지 못한 쌍이 있을 수 있습니다.",
        )
    return text
