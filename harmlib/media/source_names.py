"""Guess from names which files come from one source: one camera, one video, one series.

A name is a hint and no proof: what it says is shown to a person. Where a hint is strong (a camera's
number, the number of a frame), it counts wherever the file lies. A word in front of a running
number is often the name of a class (``cat_001``); it counts only among many such words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

from harmlib.media.ledger import plain_label

ALONE = "file"  # nothing tells the source: the file is its own
_FEWEST_WORDS = 6  # that make words in front of numbers names of sources, not of classes
_LARGEST_SHARE = 0.25  # of the files that one of them may have

_NUMBER = r"[-_ .#(]*0*(\d+)"
_CAMERA = re.compile(rf"(?:^|[^a-z])([a-z]{{0,4}}cam(?:era)?|cctv|카메라){_NUMBER}(?![a-z])")
_FRAME = re.compile(r"^(.*?)[-_ .]*(?:frames?|frm|프레임)[-_ .#(]*\d+")
_PART = re.compile(
    r"^(.*?)[-_ .]+(?:f|seg|segment|clip|shot|scene|part|chunk|구간|장면|조각)[-_ .#(]*\d+"
)
_COUNTED = re.compile(r"^(.*?)[-_ .(#]*\d+\)?$")
_MARKED = re.compile(r"[a-z가-힣]+[-_ .]?\d{1,5}(?!\d)")  # a word with its number: video12, s03
# Words that stand in front of numbers, or on folders, without naming a source
_GENERIC = {
    *("img", "image", "images", "pic", "pics", "picture", "photo", "photos", "dsc", "dscf"),
    *("dscn", "pxl", "mvi", "mov", "vid", "video", "videos", "clip", "clips", "movie", "file"),
    *("item", "sample", "screenshot", "capture", "kakaotalk", "frame", "frames", "data"),
    *("dataset", "media", "train", "val", "valid", "validation", "test", "batch", "part"),
    *("set", "fold", "split", "day", "harmful", "safe", "new", "copy", "scan", "사진"),
    *("이미지", "그림", "비디오", "영상", "동영상", "유해", "안전", "무해", "화면", "캡처"),
    *("스크린샷", "학습", "검증", "시험", "데이터", "파일"),
}


def source_names(paths: Sequence[str]) -> pd.DataFrame:
    """Guess the source of each file from its name and its folders.

    Parameters
    ----------
    paths : sequence of str
        Relative, with ``/``. Folders of labels and of modalities in them tell nothing.

    Returns
    -------
    DataFrame
        One row per path: source (a name, None where nothing tells it) and by: ``camera``,
        ``frames`` (numbered frames or parts of one video), ``folder``, ``name`` or ``file``.

    Examples
    --------
    >>> source_names(["images/harmful/gun-Cam7-seg8_01.jpg", "images/safe/cam07_000123.jpg",
    ...               "images/safe/video_frame_0001.jpg", "images/safe/IMG_0001.jpg"])
       source      by
    0    cam7  camera
    1    cam7  camera
    2   video  frames
    3    None    file
    """
    found = [_strong(path) for path in paths]
    rest = [place for place, one in enumerate(found) if one is None]
    for by, words in (("folder", _folder), ("name", _counted)):
        names = {place: words(paths[place]) for place in rest}
        trusted = _trusted(names)
        found = [(names[n], by) if n in trusted else one for n, one in enumerate(found)]
        rest = [place for place in rest if place not in trusted]
    table = pd.DataFrame(
        [one or (None, ALONE) for one in found], columns=["source", "by"], dtype=object
    )
    return table.astype(object).where(table.notna(), None)


def _strong(path: str) -> tuple[str, str] | None:
    """The source that a camera's number or a frame's number tells."""
    folders, stem = _parts(path)
    for text in (stem, *reversed(folders)):
        if match := _CAMERA.search(text):
            return f"{match[1].replace('camera', 'cam')}{int(match[2])}", "camera"
    if folders and _is_marked(folders[-1]):
        return "/".join(folders), "folder"
    if match := _FRAME.match(stem):  # whatever stands in front: a frame belongs to some video
        own = match[1].strip("-_ .")
        named = own and not _is_generic(own)
        return (own if named else "/".join([*folders, own or "frames"])), "frames"
    match = _PART.match(stem)
    if match and match[1] and not _is_generic(match[1]):
        return match[1], "frames"
    counted = _counted(path)
    return (counted, "name") if counted and _is_marked(counted.rpartition("/")[2]) else None


def _parts(path: str) -> tuple[list[str], str]:
    """The folders that may tell something, and the name without its ending; in small letters."""
    pure = PurePosixPath(unicodedata.normalize("NFC", path).casefold().replace("\\", "/"))
    folders = [
        part
        for part in pure.parts[:-1]
        if part != "/" and plain_label(part) is None and part not in _GENERIC
    ]
    return folders, pure.stem


def _folder(path: str) -> str:
    return "/".join(_parts(path)[0])


def _counted(path: str) -> str:
    """What stands before a running number; empty where that is nothing, or a word that says so."""
    folders, stem = _parts(path)
    match = _COUNTED.match(stem)
    own = match[1].strip("-_ .") if match else ""
    if len(own) < 2 or _is_generic(own):
        return ""
    return "/".join([*folders, own])


def _is_generic(text: str) -> bool:
    """Whether it holds no word but those that name no source, and no number of one."""
    words = [word for word in re.split(r"[-_ .()#]+", text) if word]
    return all(word in _GENERIC or word.isdigit() for word in words) and not _is_marked(text)


def _is_marked(text: str) -> bool:
    """Whether a word with a number of its own stands there: ``video12``, but not ``batch2``."""
    return any(
        re.match(r"[a-z가-힣]+", found)[0] not in _GENERIC - {"video", "vid", "movie", "clip"}  # type: ignore[index]
        for found in _MARKED.findall(text)
    )


def _trusted(names: dict[int, str]) -> set[int]:
    """The places whose names count: many different ones, none of them of most files."""
    there = pd.Series(names, dtype=object)
    sizes = there[there != ""].value_counts()
    sizes = sizes[sizes > 1]
    if len(sizes) < _FEWEST_WORDS or sizes.max() > _LARGEST_SHARE * len(there):
        return set()
    return set(there.index[there.isin(sizes.index)])
