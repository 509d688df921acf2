"""Encodings of CSV files: read for sure, or refused with the line of the first odd byte."""

import codecs

import pytest
from csv_files import write

from harmlib.tables.complaint import TableError
from harmlib.tables.encoding import read_text

KOREAN = "경로,라벨\r\n가나다 라.png,유해\r\n"


@pytest.mark.parametrize(
    "content",
    [
        KOREAN.encode(),
        KOREAN.encode("utf-8-sig"),
        codecs.BOM_UTF8 + KOREAN.encode("utf-8-sig"),
        KOREAN.encode("cp949"),
        KOREAN.encode("euc-kr"),
        codecs.BOM_UTF16_LE + KOREAN.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + KOREAN.encode("utf-16-be"),
    ],
)
def test_every_usual_encoding_gives_the_same_text(tmp_path, content):
    assert read_text(write(tmp_path, content)) == KOREAN


@pytest.mark.parametrize("text", ["a,b\n뷁,1\n가나다라,2\n", "path,℃\n영상·음성/가.mp4,1\n"])
def test_cp949_has_rare_syllables_and_signs(tmp_path, text):
    assert read_text(write(tmp_path, text, "cp949")) == text


@pytest.mark.parametrize(
    ("text", "encoding", "line"),
    [
        ("path\nMüßig café\n", "cp1252", 2),
        ("path\na\n日本語カタカナ\n", "shift_jis", 3),
        ("path\ra\rb\r图片有害内容\r", "gbk", 4),
        ("path\r\nпуть\r\n", "cp1251", 2),
        ("path\na\u0142b\n", "iso8859-2", 2),
    ],
)
def test_other_encodings_are_refused_with_the_line(tmp_path, text, encoding, line):
    path = write(tmp_path, text, encoding)
    with pytest.raises(TableError, match=rf"line {line}: byte 0x.*not in UTF-8.*'CSV UTF-8'"):
        read_text(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (KOREAN.encode() + "나,유해\n".encode("cp949"), "line 3: byte 0xB3: not in UTF-8"),
        (codecs.BOM_UTF16_LE + "a\r\nb".encode("utf-16-le") + b"c", "line 2: byte 0x63: not in UT"),
        (codecs.BOM_UTF16_BE + b"\0a\0\n\xd8\x00\0b", "line 2: byte 0xD8: not in UTF-16"),
        ("path\na\n".encode("utf-16-le"), "line 1: a NUL byte.*UTF-16 without its mark"),
        (b"path,label\r\na\0.png,safe\r\n", "line 2: a NUL byte"),
        ("path".encode("utf-32"), "UTF-32"),
        ("path\n\ufffd\ufffd.png\n".encode(), "line 2: the sign \ufffd: letters were lost"),
        (b"", "the file is empty"),
        (codecs.BOM_UTF8, "the file is empty"),
        (b"\r\n \n\n", "holds only blank lines"),
        (b"PK\x03\x04...", "an Excel or LibreOffice workbook; save it as 'CSV UTF-8'"),
        (b"\xd0\xcf\x11\xe0...", "an old Excel workbook"),
        (b"\x1f\x8b...", "a gzip archive"),
    ],
)
def test_what_is_no_text_is_called_so(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(TableError, match=message) as caught:
        read_text(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_no_file(tmp_path):
    with pytest.raises(TableError, match=r"x\.csv: there is no such CSV file"):
        read_text(tmp_path / "x.csv")
    with pytest.raises(TableError, match="not a readable CSV"):
        read_text(tmp_path)
