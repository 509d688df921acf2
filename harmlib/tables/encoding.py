"""From the bytes of a CSV file to its text.

The encoding is told by the mark at the beginning (UTF-8, UTF-16), else the text must be UTF-8, or
Korean in CP949 (EUC-KR is a part of it). Nothing else is guessed: a wrong guess gives names that
no file has.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from pathlib import Path

from harmlib.language import told
from harmlib.tables.complaint import TableError, complaint

CURE = "save it as 'CSV UTF-8'"
_UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# What people hand in under the name of a CSV, by its first bytes.
_NO_TEXT = {
    b"PK\x03\x04": "an Excel or LibreOffice workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
}
_LOST = {
    "\0": f"a NUL byte: no text, or UTF-16 without its mark; {CURE}",
    "\ufffd": "the sign \ufffd: letters were lost when the file was saved; save the source anew as "
    "'CSV UTF-8'",
}
# Of the letters beyond ASCII, how many must be common Hangul for a text to be CP949: in Chinese
# or Japanese encodings, whose bytes often are valid CP949 too, about half would be.
_HANGUL_SHARE = 0.8
_ASCII = re.compile(r"[\x00-\x7f]+")


def read_text(path: Path) -> str:
    """Read a CSV file as text.

    Parameters
    ----------
    path : Path
        A file in UTF-8, with or without a mark (BOM), in UTF-16 with a mark, or in CP949.

    Returns
    -------
    str
        Without the mark; line ends as they are.

    Raises
    ------
    TableError
        No such file, an empty file, no text, or another encoding; it names the line of the first
        byte that can't be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.csv"
    ...     _ = path.write_bytes("경로,라벨".encode("cp949"))
    ...     read_text(path)
    '경로,라벨'
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise TableError(
            told(f"{path}: there is no such CSV file", f"{path}: 그런 CSV 파일이 없습니다")
        ) from None
    except OSError as error:
        raise TableError(f"{path}: not a readable CSV: {error.strerror or error}") from None
    for start, kind in _NO_TEXT.items():
        if content.startswith(start):
            raise TableError(f"{path}: not a readable CSV: it is {kind}; {CURE}")
    text = _decode(content, path).lstrip("\ufeff")  # two, where programs added one each
    if not text.strip():
        kind = "holds only blank lines" if text else "is empty"
        raise TableError(f"{path}: not a readable CSV: the file {kind}; write a header and rows")
    for sign, meaning in _LOST.items():
        if sign in text:
            raise complaint(path, [line_at(text, text.index(sign))], meaning)
    return text


def line_at(text: str, position: int) -> int:
    r"""The physical line, from 1, in which a position lies; lines end in LF, CR LF or CR.

    Parameters
    ----------
    text : str
        The text of a file.
    position : int
        From 0.

    Returns
    -------
    int
        As editors count.

    Examples
    --------
    >>> line_at("a\r\nb\rc", 5)
    3
    """
    before = text[:position]
    return 1 + before.count("\n") + before.count("\r") - before.count("\r\n")


def _decode(content: bytes, path: Path) -> str:
    if content.startswith(_UTF_32):
        raise TableError(f"{path}: not a readable CSV: it is in UTF-32; {CURE}")
    for mark, name in _UTF_16.items():
        if content.startswith(mark):
            return _decode_utf_16(content[len(mark) :], name, path)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        utf_8 = error
    try:
        text = content.decode("cp949")
    except UnicodeDecodeError as error:
        korean = f"nor, in line {_byte_line(content, error.start)}, in CP949"
    else:
        if _is_korean(text):
            return text
        korean = "and no Korean in CP949"
    byte = content[utf_8.start]
    raise complaint(
        path,
        [_byte_line(content, utf_8.start)],
        f"byte 0x{byte:02X}: not in UTF-8 ({korean}); {CURE}",
    )


def _decode_utf_16(content: bytes, name: str, path: Path) -> str:
    try:
        return content.decode(name)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(name)
        text = f"byte 0x{content[error.start]:02X}: not in UTF-16, whose mark the file has; {CURE}"
        raise complaint(path, [line_at(before, len(before))], text) from None


def _byte_line(content: bytes, position: int) -> int:
    return line_at(content[:position].decode("latin-1"), position)


def _is_korean(text: str) -> bool:
    signs = Counter(_ASCII.sub("", text))
    letters = sum(count for sign, count in signs.items() if sign.isalpha())
    # EUC-KR has the 2,350 syllables of KS X 1001; the other 8,822 of CP949 are rare.
    common = sum(
        count
        for sign, count in signs.items()
        if "가" <= sign <= "힣" and len(sign.encode("euc-kr", "ignore")) == 2
    )
    return common > 0 and common >= _HANGUL_SHARE * letters
