"""The one list of formats: what is a picture or a video, by its first bytes, and what isn't.

Training and predicting look here, and what is found is the only reader that a file is given to:
Pillow would hand an EPS named `.jpg` to Ghostscript, FFmpeg takes any text for a video of a
terminal, and playlists lead to other files.
"""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple

from harmlib.media.raw_streams import raw_video

HEAD = 4096  # bytes that every signature lies in

_CUT_PACKETS = 5  # that a recording must show which was cut inside a packet

Kind = Literal["picture", "video", "unsupported", "other"]


class Format(NamedTuple):
    """What a file is by its first bytes.

    Attributes
    ----------
    kind : {"picture", "video", "unsupported", "other"}
        "unsupported" is a picture or a video that isn't read here, "other" is neither.
    name : str
        What people call it.
    reader : str
        Pillow's format or FFmpeg's demuxer; empty where nothing reads it.
    """

    kind: Kind
    name: str
    reader: str = ""

    @property
    def demuxer(self) -> str:
        """FFmpeg's, also of pictures that may move; empty where FFmpeg is not to be asked."""
        return self.reader if self.kind == "video" else _MOVING.get(self.reader, "")


_MOVING = {"GIF": "gif", "PNG": "apng", "JPEG": "mjpeg"}
Signature = tuple[int, bytes, str, str]  # offset, bytes, name, reader

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif", b"mif1", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")

_PICTURES: tuple[Signature, ...] = (
    (0, b"\xff\xd8\xff", "JPEG", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG", "PNG"),
    (0, b"GIF87a", "GIF", "GIF"),
    (0, b"GIF89a", "GIF", "GIF"),
    (8, b"WEBP", "WEBP", "WEBP"),
    *((0, start, "TIFF", "TIFF") for start in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # bytes; two letters alone are no signature

_VIDEOS: tuple[Signature, ...] = (
    *((4, b, "MP4", "mov") for b in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
    (0, b"\x1aE\xdf\xa3", "Matroska", "matroska"),
    (8, b"AVI ", "AVI", "avi"),
    (0, b"\0\0\1\xba", "MPEG", "mpeg"),
    (0, b"\0\0\1\xb3", "MPEG", "mpegvideo"),
    (0, b"FLV\1", "Flash video", "flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media", "asf"),
    (0, b"OggS", "Ogg", "ogg"),
)

# Named, so that a person knows what to convert. None of them is opened.
_UNSUPPORTED: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000 picture"),
    (0, b"\xff\xd8\xff\xf7", "JPEG-LS picture"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL picture"),
    (0, b"\xff\x0a", "JPEG XL picture"),
    (0, b"II\xbc\1", "JPEG XR picture"),
    (0, b"8BPS", "Photoshop picture (PSD)"),
    (0, b"BLP1", "Blizzard texture (BLP)"),
    (0, b"BLP2", "Blizzard texture (BLP)"),
    (0, b"icns", "macOS icon (ICNS)"),
    (0, b"DDS ", "DirectX texture (DDS)"),
    (0, b"v/1\1", "OpenEXR picture"),
    (0, b"#?RADIANCE", "Radiance HDR picture"),
    (0, b"#?RGBE", "Radiance HDR picture"),
    (0, b"qoif", "QOI picture"),
    (0, b"BPG\xfb", "BPG picture"),
    (0, b"FLIF", "FLIF picture"),
    (0, b"farbfeld", "farbfeld picture"),
    (0, b"SIMPLE  =", "FITS picture"),
    (0, b"\1\xda", "SGI picture"),
    (0, b"\x59\xa6\x6a\x95", "Sun raster picture"),
    (0, b"gimp xcf", "GIMP picture (XCF)"),
    (0, b"AT&TFORM", "DjVu document"),
    (0, b"\xd7\xcd\xc6\x9a", "Windows metafile (WMF)"),
    (40, b" EMF", "Windows metafile (EMF)"),
    (0, b"/* XPM */", "XPM picture"),
    (128, b"DICM", "DICOM picture"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript document (EPS)"),
    (0, b"%!", "PostScript document (EPS)"),
    (0, b"%PDF", "PDF document"),
    # Cameras' raw files; DNG and NEF are told by what is in the TIFF
    (8, b"CR\2", "camera's raw file (CR2)"),
    (4, b"ftypcrx ", "camera's raw file (CR3)"),
    (0, b"II\x1a\0\0\0HEAPCCDR", "camera's raw file (CRW)"),
    (0, b"IIRO", "camera's raw file (ORF)"),
    (0, b"IIRS", "camera's raw file (ORF)"),
    (0, b"MMOR", "camera's raw file (ORF)"),
    (0, b"IIU\0", "camera's raw file (RW2)"),
    (0, b"FUJIFILMCCD-RAW", "camera's raw file (RAF)"),
    (0, b"FOVb", "camera's raw file (X3F)"),
    (0, b"DKIF", "IVF video"),
    (0, b"YUV4MPEG2", "raw video (Y4M)"),
    (0, b"\x06\x0e\x2b\x34\2\5\1\1\x0d\1\2", "MXF video"),
    (0, b".RMF", "RealMedia video"),
    (0, b"FWS", "Flash program (SWF)"),
    (0, b"CWS", "Flash program (SWF)"),
    (0, b"ZWS", "Flash program (SWF)"),
    (0, b"\xb7\xd8\x00\x20", "Windows recording (WTV)"),
)
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (8, b"WAVE", "sound (WAV)"),
    (0, b"ID3", "sound (MP3)"),
    (0, b"fLaC", "sound (FLAC)"),
    (0, b"FORM", "an IFF file"),
    (0, b"MThd", "sound (MIDI)"),
    (0, b"PK\3\4", "a ZIP archive or an office document"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\xd0\xcf\x11\xe0", "an office document"),
    (0, b"\0\5\x16\7", "macOS's companion of another file (AppleDouble)"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"SQLite format 3", "a database"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x89HDF", "an HDF5 file"),
)
# Of text, lower case; behind a byte order mark and white space
_TEXTS: tuple[tuple[bytes, str, Kind], ...] = (
    (b"#extm3u", "a playlist", "other"),
    (b"ffconcat", "a playlist (ffconcat)", "other"),
    (b"[playlist]", "a playlist", "other"),
    (b"version https://git-lfs", "a Git LFS pointer; `git lfs pull` fetches the file", "other"),
    (b"<!doctype html", "a web page (HTML)", "other"),
    (b"<html", "a web page (HTML)", "other"),
    (b"webvtt", "subtitles", "other"),
    (b"#define ", "XBM picture", "unsupported"),
)
# Followed by a count, which is 0 at this place of a Targa picture
_ICONS = {b"\0\0\1\0": "Windows icon (ICO)", b"\0\0\2\0": "Windows cursor (CUR)"}
_NETPBM = (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"P7", b"PF", b"Pf")


def recognise(head: bytes) -> Format:
    """Tell what a file is by its first bytes.

    Parameters
    ----------
    head : bytes
        The first `HEAD` bytes, or all of a shorter file.

    Returns
    -------
    Format

    Examples
    --------
    >>> recognise(b"GIF89a...")
    Format(kind='picture', name='GIF', reader='GIF')
    >>> recognise(b"%PDF-1.7").name
    'PDF document'
    """
    if raw := raw_video(head):  # before the icons, whose first bytes are much like a start code
        return Format("video", *raw)
    for offset, start, name in _UNSUPPORTED:
        if head.startswith(start, offset):
            return Format("unsupported", name)
    if head[4:8] == b"ftyp" and (found := _heif(head)):
        return found
    for offset, start, name, reader in _PICTURES:
        if head.startswith(start, offset):
            return Format("picture", name, reader)
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return Format("picture", "BMP", "BMP")
    # Packets of 188 bytes, each beginning with G; in M2TS each behind a time code of 4 bytes
    if any(head[at::step][:2] == b"GG" for at, step in ((0, 188), (4, 192))):
        return Format("video", "MPEG-TS", "mpegts")
    for offset, start, name, reader in _VIDEOS:
        if head.startswith(start, offset):
            return Format("video", name, reader)
    if _is_cut_mpegts(head):
        return Format("video", "MPEG-TS", "mpegts")
    return _not_read(head)


def _heif(head: bytes) -> Format | None:
    """The members of HEIF, which share their box with MP4; the major brand may name none."""
    size = int.from_bytes(head[:4], "big")
    major, others = head[8:12], head[16:size]
    brands = {major, *(others[i : i + 4] for i in range(0, len(others), 4))}
    if major in _AVIF_BRANDS or (major in _HEIF_BRANDS and brands.intersection(_AVIF_BRANDS)):
        return Format("picture", "AVIF", "AVIF")
    return Format("picture", "HEIC", "HEIF") if major in _HEIF_BRANDS else None


def _is_cut_mpegts(head: bytes) -> bool:
    """A recording that begins inside a packet: several packets must follow each other."""
    return any(
        head[at::step][:_CUT_PACKETS] == b"G" * _CUT_PACKETS
        for step in (188, 192, 204)
        for at in range(step)
    )


def _not_read(head: bytes) -> Format:
    for offset, start, name in _OTHERS:
        if head.startswith(start, offset):
            return Format("other", name)
    if (icon := _ICONS.get(head[:4])) and any(head[4:6]):
        return Format("unsupported", icon)
    if head.startswith(_NETPBM) and head[2:3].isspace():
        return Format("unsupported", "Netpbm picture (PPM, PGM, PBM, PAM)")
    if text := _text(head):
        return text
    if head[:2] == b"\xff\xfb" or (head[0:1] == b"\xff" and head[1:2] in b"\xf1\xf9\xf3\xf2"):
        return Format("other", "sound (MP3 or AAC)")
    if head[0:1] == b"\n" and head[1:2] in b"\0\2\3\4\5" and head[2:3] == b"\1":
        return Format("unsupported", "PCX picture")
    if _is_targa(head):
        return Format("unsupported", "Targa picture (TGA)")
    if not head.strip(b"\0"):
        return Format("other", "nothing but zero bytes at its beginning")
    return Format("other", "")


def _text(head: bytes) -> Format | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"\0" in head[:512] and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    for begin, name, kind in _TEXTS:
        if start.startswith(begin):
            return Format(kind, name)
    if b"<svg" in start:
        return Format("unsupported", "SVG drawing")
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head[:512])
    return None if controls or not head else Format("other", "text")


def _is_targa(head: bytes) -> bool:
    """Targa has no signature: its header must make sense as a whole."""
    if len(head) < 18:
        return False
    _, mapped, kind, first, entries, entry_bits, *_, width, height, depth, flags = struct.unpack(
        "<BBBHHBHHHHBB", head[:18]
    )
    map_fits = entry_bits in (15, 16, 24, 32) if mapped else not (first or entries or entry_bits)
    return (
        mapped in (0, 1)
        and kind in (1, 2, 3, 9, 10, 11)
        and map_fits
        and width > 0
        and height > 0
        and depth in (8, 15, 16, 24, 32)
        and flags < 64
    )


# What a name says of a format that isn't recognised or not read; never what a file is read as.
_ENDINGS = {
    "arw": "camera's raw file (ARW)",
    "nef": "camera's raw file (NEF)",
    "dng": "camera's raw file (DNG)",
    "pef": "camera's raw file (PEF)",
    "srw": "camera's raw file (SRW)",
    "tga": "Targa picture (TGA)",
    "pcd": "Photo CD picture",
    "heic": "HEIC picture",
    "jp2": "JPEG 2000 picture",
    "dib": "Windows bitmap without a file header (DIB)",
    "raw": "raw picture",
    "yuv": "raw video",
}


def refusal(found: Format, ending: str = "") -> str:
    """Say in words for the ledger why a file is neither opened as a picture nor as a video.

    Parameters
    ----------
    found : Format
        Of the kind "unsupported" or "other".
    ending : str
        Of the file's name, such as ``.tga``; a hint only.

    Returns
    -------
    str

    Examples
    --------
    >>> refusal(recognise(b"8BPS"))
    'unsupported format: Photoshop picture (PSD); convert it to JPEG or PNG'
    >>> refusal(recognise(b"hello"))
    'neither a picture nor a video, by its content (text)'
    """
    if found.kind == "unsupported":
        target = "MP4" if found.name.endswith(("video", "(Y4M)", "(WTV)")) else "JPEG or PNG"
        return f"unsupported format: {found.name}; convert it to {target}"
    what = f" ({found.name})" if found.name else ""
    hint = _ENDINGS.get(ending.lower().lstrip("."), "")
    named = f"; its name says {hint}, a format that isn't supported" if hint else ""
    return f"neither a picture nor a video, by its content{what}{named}"
