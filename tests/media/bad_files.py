"""Files as the worst places of the internet have them, made byte by byte. All are tiny.

`KINDS` maps a name to a function that writes files of that kind into a folder, and to what must
come of them: `USED`, a regular expression for the ledger's reason, or
`EITHER` with one behind it.
"""

import io
import os
import re
import socket
import struct
import unicodedata
import wave
import zlib
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from odd_pictures import chunk
from PIL import Image

USED = "is used"
EITHER = "is used, or in the ledger"
RATE = 10
PICTURES = {
    "jpg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "avif": "AVIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "jp2": "JPEG2000",
    "ppm": "PPM",
    "still.gif": "GIF",
}
VIDEOS = {
    "mp4": "libx264",
    "mov": "mpeg4",
    "webm": "libvpx",
    "mkv": "libx264",
    "avi": "mpeg4",
    "ts": "mpeg2video",
    "flv": "flv1",
    "wmv": "wmv2",
    "gif": "gif",
    "mpg": "mpeg2video",
    "3gp": "mpeg4",
    "hevc.mp4": "libx265",
    "av1.mp4": "libsvtav1",
}
KINDS: dict = {}


def kind(name, expected, modality):
    def keep(make):
        KINDS[name] = (make, expected, modality)
        return make

    return keep


def noise(seed=0, size=(64, 48)):
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size)


def picture_bytes(pillow_format, seed=0, **options):
    buffer = io.BytesIO()
    picture = noise(seed)
    if pillow_format == "GIF":
        picture = picture.quantize(16)
    picture.save(buffer, pillow_format, **options)
    return buffer.getvalue()


@contextmanager
def unchanged_priority():
    """SVT-AV1 gives the thread that opens it real-time priority, where it may.

    Whatever this process starts afterwards would have it too: browsers and kernels at priority 99
    have brought machines to a stop.
    """
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


@unchanged_priority()
def video(
    path,
    codec="libx264",
    *,
    count=12,
    size=(64, 48),
    ticks=None,
    pix_fmt=None,
    options=None,
    container_options=None,
    container_format=None,
    seed=0,
):
    """A video whose frames all differ; `ticks` are their times in tenths of a second."""
    with av.open(str(path), "w", format=container_format, options=container_options or {}) as out:
        stream = out.add_stream(codec, rate=RATE)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt or {"gif": "rgb8", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
        stream.codec_context.time_base = Fraction(1, RATE)
        fast = {
            "libx264": {"preset": "ultrafast", "bf": "0", "threads": "1"},
            "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none"},
            "libvpx": {"cpu-used": "8", "deadline": "realtime"},
            "libsvtav1": {"preset": "13"},
        }
        stream.options = fast.get(codec, {}) | (options or {})
        for i in range(count):
            picture = np.asarray(noise(seed + i, size))
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = (ticks[i] if ticks else i), Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def boxes(content):
    """Name and slice of each box of an MP4's first level."""
    at = 0
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big") or len(content) - at
        yield content[at + 4 : at + 8], slice(at, at + size)
        at += max(size, 8)


# ---- cut off, at many places ---------------------------------------------------------------------

CUTS = 12
_CUT = (
    r"empty file|cut off|truncated|damaged|neither a picture nor|no video stream|no frame"
    r"|packets|unsupported"
)


def cuts(folder, name, content):
    """The first bytes, then ever more of it, up to all but one byte."""
    ends = [1, 3, 9, 20, *np.linspace(24, len(content) - 1, CUTS - 4).astype(int).tolist()]
    return [written(folder / f"{end:06d}.{name}", content[:end]) for end in ends]


for ending, pillow in PICTURES.items():
    kind(f"{ending} cut off", EITHER + _CUT, "image")(
        lambda folder, e=ending, p=pillow: cuts(folder, e, picture_bytes(p))
    )
for ending, codec in VIDEOS.items():
    kind(f"{ending} cut off", EITHER + _CUT, "video")(
        lambda folder, e=ending, c=codec: cuts(
            folder, e, video(folder.parent / f"whole.{e}", c).read_bytes()
        )
    )

# ---- spoilt in the middle ------------------------------------------------------------------------


def spoilt(folder, name, content):
    """A hole of zeros, of ones, of noise, in the middle; one flipped bit; two parts exchanged."""
    middle, width = len(content) // 2, max(4, len(content) // 20)
    hole = slice(middle, middle + width)
    rng = np.random.default_rng(1)
    for label, filling in (
        ("zeros", bytes(width)),
        ("ones", b"\xff" * width),
        ("noise", rng.bytes(width)),
    ):
        spoilt_content = bytearray(content)
        spoilt_content[hole] = filling[: len(content[hole])]
        yield written(folder / f"{label}.{name}", bytes(spoilt_content))
    flipped = bytearray(content)
    flipped[middle] ^= 16
    yield written(folder / f"flipped.{name}", bytes(flipped))
    third = len(content) // 3
    exchanged = content[:third] + content[2 * third :] + content[third : 2 * third]
    yield written(folder / f"exchanged.{name}", exchanged)


for ending, pillow in PICTURES.items():
    kind(f"{ending} spoilt in the middle", EITHER, "image")(
        lambda folder, e=ending, p=pillow: list(spoilt(folder, e, picture_bytes(p)))
    )
for ending, codec in VIDEOS.items():
    kind(f"{ending} with corrupt packets in the middle", EITHER, "video")(
        lambda folder, e=ending, c=codec: list(
            spoilt(folder, e, video(folder.parent / f"whole2.{e}", c).read_bytes())
        )
    )

# ---- pictures ------------------------------------------------------------------------------------


def saved(folder, name, picture, **options):
    picture.save(folder / name, **options)
    return [folder / name]


@kind("one pixel", USED, "image")
def _(folder):
    modes = {"png": "RGBA", "jpg": "L", "gif": "P", "bmp": "1", "webp": "RGB"}
    return [saved(folder, f"1.{e}", Image.new(mode, (1, 1)))[0] for e, mode in modes.items()]


@kind("30,000 pixels long", USED, "image")
def _(folder):
    return [
        *saved(folder, "wide.png", Image.new("L", (30_000, 2), 90)),
        *saved(folder, "high.png", Image.new("L", (2, 30_000), 90)),
        *saved(folder, "wide.jpg", Image.new("L", (30_000, 8), 90)),
    ]


def hollow_png(width, height):
    """A PNG that says it is large and holds next to nothing."""
    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")
    )


@kind("bombs: pixels", r"more than the limit of|too large", "image")
def _(folder):
    return [
        written(folder / "png.png", hollow_png(60_000, 60_000)),
        written(folder / "thin.png", hollow_png(2**31 - 1, 1)),
        written(
            folder / "gif.gif",
            b"GIF89a"
            + struct.pack("<HH", 65_535, 65_535)
            + b"\0\0\0,"
            + struct.pack("<HHHH", 0, 0, 65_535, 65_535)
            + b"\0\2\2D\1\0;",
        ),
        written(
            folder / "bmp.bmp",
            b"BM"
            + struct.pack(
                "<LLLLLLHHLLLLLL", 54, 0, 54, 40, 50_000, 50_000, 1, 24, 0, 0, 0, 0, 0, 0
            ),
        ),
    ]


@kind("bombs: compression", EITHER, "image")
def _(folder):
    """100 million black pixels in 100 kB."""
    header = struct.pack(">LLBBBBB", 9000, 9000, 8, 0, 0, 0, 0)
    lines = zlib.compress(bytes(9001 * 9000), 9)
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000), 9))
    head = b"\x89PNG\r\n\x1a\n"
    end = chunk(b"IDAT", lines) + chunk(b"IEND", b"")
    return [
        written(folder / "plain.png", head + chunk(b"IHDR", header) + end),
        written(
            folder / "text.png",
            picture_bytes("PNG").replace(b"", b"", 0)[:33] + text + picture_bytes("PNG")[33:],
        ),
    ]


@kind("a header that lies about its size", r"damaged|truncated|cut off", "image")
def _(folder):
    return [written(folder / "lies.png", hollow_png(3000, 2000))]


@kind("no pixels at all", r"damaged|header|neither|broken|0x|packet|can't be read", "image")
def _(folder):
    return [
        written(folder / "0.png", hollow_png(0, 0)),
        written(folder / "0.gif", b"GIF89a" + bytes(7) + b";"),
        written(folder / "signature.jpg", b"\xff\xd8\xff\xd9"),
        written(folder / "signature.png", b"\x89PNG\r\n\x1a\n"),
    ]


@kind("odd modes", USED, "image")
def _(folder):
    picture = noise()
    return [
        *saved(folder, "cmyk.jpg", picture.convert("CMYK")),
        *saved(folder, "one.png", picture.convert("1")),
        *saved(folder, "la.png", picture.convert("LA")),
        *saved(folder, "pa.png", picture.quantize(7)),
        *saved(folder, "lab.tiff", picture.convert("LAB")),
        *saved(
            folder, "16.png", Image.fromarray(np.arange(3072, dtype=np.uint16).reshape(48, 64) * 20)
        ),
        *saved(folder, "progressive.jpg", picture, progressive=True),
        *saved(
            folder,
            "turned.jpg",
            picture,
            exif=b"Exif\0\0II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0",
        ),
    ]


@kind("rubbish behind the end", USED, "image")
def _(folder):
    return [
        written(folder / f"tail.{e}", picture_bytes(p) + os.urandom(500))
        for e, p in (("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"))
    ]


@kind("a page and a script in a picture", EITHER, "image")
def _(folder):
    script = b"<script>alert(1)</script><?php system($_GET['c']); ?>"
    jpeg = picture_bytes("JPEG")
    comment = b"\xff\xfe" + struct.pack(">H", len(script) + 2) + script
    return [
        written(folder / "comment.jpg", jpeg[:2] + comment + jpeg[2:]),
        written(folder / "behind.gif", picture_bytes("GIF") + script),
    ]


@kind("what is no picture", r"neither a picture nor a video|not a picture|unsupported", "image")
def _(folder):
    contents = {
        "page.jpg": b"<html><body>hello</body></html>",
        "script.png": b"#!/bin/sh\nrm -rf /\n",
        "pdf.jpg": b"%PDF-1.7\n%\xe2\xe3\n",
        "zip.png": b"PK\3\4" + bytes(40),
        "elf.jpg": b"\x7fELF" + bytes(60),
        "text.jpg": "그림이 아님".encode(),
        "svg.png": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "ps.jpg": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{} loop\n",
        "pickle.png": b"\x80\4cos\nsystem\n(X\4\0\0\0true\x85R.",
    }
    return [written(folder / name, content) for name, content in contents.items()]


@kind("empty, and nothing but zeros", r"empty file|neither a picture nor a video", "image")
def _(folder):
    return [
        written(folder / "empty.jpg", b""),
        written(folder / "zeros.png", bytes(5000)),
        written(folder / "ones.gif", b"\xff" * 5000),
        written(folder / "noise.webp", np.random.default_rng(5).bytes(5000)),
    ]


@kind("a picture that moves, among images", r"its content is a video|moving|moves", "image")
def _(folder):
    frames = [noise(i) for i in range(4)]
    return [
        *saved(folder, "a.gif", frames[0], save_all=True, append_images=frames[1:]),
        *saved(folder, "a.png", frames[0], save_all=True, append_images=frames[1:]),
        *saved(folder, "a.webp", frames[0], save_all=True, append_images=frames[1:]),
    ]


# ---- videos --------------------------------------------------------------------------------------


@kind("one frame", USED, "video")
def _(folder):
    return [
        video(folder / f"1.{e}", c, count=1)
        for e, c in (("mp4", "libx264"), ("mkv", "ffv1"), ("avi", "mjpeg"))
    ]


@kind("no video stream", r"no video stream|neither", "video")
def _(folder):
    path = folder / "sound.m4a"
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with wave.open(str(folder / "sound.mp4"), "wb") as out:
        out.setnchannels(1), out.setsampwidth(2), out.setframerate(8000)
        out.writeframes(bytes(800))
    return [path, folder / "sound.mp4"]


@kind("a video stream without frames", r"no frame|no video stream|damaged|cut off", "video")
def _(folder):
    """The data of an MP4 and the clusters of a Matroska are gone, their headers stand."""
    content = video(folder.parent / "data.mp4").read_bytes()
    empty = b"".join(
        struct.pack(">L", 8) + b"mdat" if name == b"mdat" else content[part]
        for name, part in boxes(content)
    )
    matroska = video(folder.parent / "data.mkv").read_bytes()
    head = matroska[: matroska.index(b"\x1f\x43\xb6\x75")]
    return [written(folder / "a.mp4", empty), written(folder / "b.mkv", head)]


@kind("a missing index", r"moov|damaged|cut off|no video stream|Invalid", "video")
def _(folder):
    content = video(folder.parent / "index.mp4").read_bytes()
    return [
        written(
            folder / "no moov.mp4",
            b"".join(content[part] for name, part in boxes(content) if name != b"moov"),
        )
    ]


@kind("a missing index that isn't needed", USED, "video")
def _(folder):
    avi = video(folder.parent / "index.avi", "mpeg4").read_bytes()
    return [
        written(folder / "no index.avi", avi[: avi.rindex(b"idx1")]),
        video(folder / "live.mkv", container_options={"live": "1"}),
        video(
            folder / "pieces.mp4",
            container_options={"movflags": "frag_keyframe+empty_moov+default_base_moof"},
        ),
    ]


@kind("variable rate", USED, "video")
def _(folder):
    ticks = [0, 1, 2, 9, 10, 11, 40, 41, 41 + 17, 90, 91, 200]
    return [
        video(folder / f"vfr.{e}", c, ticks=ticks)
        for e, c in (("mkv", "libx264"), ("mp4", "mpeg4"), ("webm", "libvpx"))
    ]


@kind("negative timestamps", USED, "video")
def _(folder):
    ticks = list(range(-8, 4))
    keep = {"avoid_negative_ts": "disabled"}
    return [
        video(folder / "a.mp4", "mpeg4", ticks=ticks, container_options=keep),
        video(folder / "b.mkv", "mpeg4", ticks=ticks),
        video(folder / "c.ts", "mpeg2video", ticks=ticks, container_options=keep),
    ]


@kind("rotation", USED, "video")
def _(folder):
    """The matrix of the track's header, as phones write it: 90, 180, 270 degrees, and nonsense."""
    content = video(folder.parent / "upright.mp4").read_bytes()
    at = content.index(b"tkhd") + 4 + 40
    one = 1 << 16
    paths = []
    for name, (a, b, c, d) in {
        "90": (0, one, -one, 0),
        "180": (-one, 0, 0, -one),
        "270": (0, -one, one, 0),
        "none": (0, 0, 0, 0),
        "odd": (one, one, 7, -3),
    }.items():
        matrix = struct.pack(">lllllllll", a, b, 0, c, d, 0, 0, 0, 1 << 30)
        paths.append(written(folder / f"{name}.mp4", content[:at] + matrix + content[at + 36 :]))
    return paths


@kind("odd sizes", USED, "video")
def _(folder):
    return [
        video(folder / "a.mkv", "ffv1", size=(63, 47), pix_fmt="yuv444p"),
        video(folder / "b.avi", "mjpeg", size=(17, 301), pix_fmt="yuvj420p"),
        video(folder / "c.mkv", "ffv1", size=(1, 1), pix_fmt="yuv444p"),
        video(folder / "d.mp4", "libx264", size=(2, 2), pix_fmt="yuv444p"),
        video(folder / "e.mkv", "ffv1", size=(4000, 2), pix_fmt="yuv444p"),
    ]


@kind("ten bits and other pixels", USED, "video")
def _(folder):
    return [
        video(folder / "a.mp4", "libx264", pix_fmt="yuv420p10le"),
        video(folder / "b.mkv", "ffv1", pix_fmt="yuv422p10le"),
        video(folder / "c.mkv", "ffv1", pix_fmt="gray16le"),
        video(folder / "d.mov", "prores_ks", pix_fmt="yuv422p10le"),
        video(folder / "e.mov", "qtrle", pix_fmt="rgb24"),
        video(folder / "f.mkv", "ffv1", pix_fmt="bgra"),
    ]


@kind("hours long", USED, "video")
def _(folder):
    return [
        video(
            folder / "a.mkv", "mpeg4", size=(16, 16), count=400, ticks=[600 * i for i in range(400)]
        ),
        video(folder / "b.mp4", "mpeg4", size=(16, 16), count=3, ticks=[0, 10, 10 * 3600 * 20]),
    ]


@kind("every packet corrupt", r"damaged|no frame|packets|cut off|Invalid", "video")
def _(folder):
    content = video(folder.parent / "sound stream.mp4").read_bytes()
    rng = np.random.default_rng(2)
    return [
        written(
            folder / "a.mp4",
            b"".join(
                content[part][:8] + rng.bytes(len(content[part]) - 8)
                if name == b"mdat"
                else content[part]
                for name, part in boxes(content)
            ),
        )
    ]


@kind("boxes that lie about their size", EITHER, "video")
def _(folder):
    content = video(folder.parent / "boxes.mp4").read_bytes()
    paths = []
    for name in (b"moov", b"trak", b"stbl", b"stts", b"stsz", b"stco", b"stsc", b"mdat", b"avcC"):
        for size in (0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF):
            at = content.index(name) - 4
            lying = content[:at] + struct.pack(">L", size) + content[at + 4 :]
            paths.append(written(folder / f"{name.decode()}-{size}.mp4", lying))
    return paths


@kind("tables that lie about their length", EITHER, "video")
def _(folder):
    content = video(folder.parent / "tables.mp4").read_bytes()
    paths = []
    for name in (b"stts", b"stsz", b"stco", b"stsc", b"stss", b"elst"):
        at = content.find(name) + 8
        if at > 8:
            lying = content[:at] + b"\x7f\xff\xff\xff" + content[at + 4 :]
            paths.append(written(folder / f"{name.decode()}.mp4", lying))
    return paths


@kind(
    "lists and scripts named as videos",
    r"neither a picture nor a video|playlist|text|damaged",
    "video",
)
def _(folder):
    contents = {
        "a.mp4": b"ffconcat version 1.0\nfile whole.mp4\n",
        "b.ts": b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n",
        "c.mp4": b"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'/>",
        "d.avi": b"[Reference]\nRef1=http://127.0.0.1:1/x\n",
        "e.mkv": b"v=0\no=- 0 0 IN IP4 127.0.0.1\n",
    }
    return [written(folder / name, content) for name, content in contents.items()]


@kind("a picture named as a video", r"its content is an image", "video")
def _(folder):
    return [
        written(folder / "a.mp4", picture_bytes("JPEG")),
        written(folder / "b.avi", picture_bytes("PNG")),
    ]


# ---- what isn't a file ---------------------------------------------------------------------------


def linked(path, target):
    path.symlink_to(target)
    return path


@kind("a link out of the folder", USED, "image")
def _(folder):
    return [
        linked(folder / "a.png", written(folder.parent / "outside.png", picture_bytes("PNG", 3)))
    ]


@kind(
    "links in a loop, to nowhere, to a folder, to themselves",
    r"missing|can't be read|folder|leads to itself|to nowhere",
    "image",
)
def _(folder):
    return [
        linked(folder / "a.png", folder / "b.png"),
        linked(folder / "b.png", folder / "a.png"),
        linked(folder / "self.png", folder / "self.png"),
        linked(folder / "no.png", "/no/where"),
        linked(folder / "up.png", folder.parent),
    ]


@kind("a pipe, a socket, devices", r"a pipe|a socket|a device|folder|can't be read|empty", "image")
def _(folder):
    os.mkfifo(folder / "pipe.png")
    here = Path.cwd()
    os.chdir(folder)  # a socket's name has 108 bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind("socket.png")
    finally:
        os.chdir(here)
    return [
        folder / "pipe.png",
        folder / "socket.png",
        linked(folder / "zero.png", "/dev/zero"),
        linked(folder / "null.png", "/dev/null"),
        linked(folder / "random.png", "/dev/urandom"),
        linked(folder / "proc.png", "/proc/self/mem"),
    ]


@kind("pipes and devices named as videos", r"a pipe|a device|folder|can't be read|empty", "video")
def _(folder):
    os.mkfifo(folder / "pipe.mp4")
    (folder / "folder.mp4").mkdir()
    return [folder / "pipe.mp4", linked(folder / "full.mp4", "/dev/full"), folder / "folder.mp4"]


@kind("what may not be read", EITHER if os.geteuid() == 0 else r"Permission|can't be read", "image")
def _(folder):
    path = written(folder / "secret" / "a.png", picture_bytes("PNG", 4))
    path.chmod(0)
    return [path]


# ---- names ---------------------------------------------------------------------------------------

NAMES = {
    "newlines": ["a\nb.png", "a\rb.png", "a\r\n,b,c.png", "\n.png", "tab\t.png", "a\x0b\x0cb.png"],
    "quotes and separators": ['"a".png', "'a'.png", 'a","b.png', "a;b.png", "a|b.png", "`a`.png"],
    "HTML": [
        "<b>a.png",
        "<img src=x onerror=alert(1)>.png",
        "&lt;&amp;.png",
        "<!--.png",
        "<data autofocus onfocus=alert(1)>.png",
        "]]>.png",
    ],
    "formulas": ["=1+1.png", "+1.png", "-1.png", "@SUM(A1).png", "=cmd|' C'!A0.png"],
    "templates and shells": [
        "{{7*7}}.png",
        "${HOME}.png",
        "$(touch pwned).png",
        "%s%n.png",
        "{0.__class__}.png",
        "; rm -rf x.png",
        "&& id.png",
        "!!python.png",
    ],
    "emoji and signs of other scripts": [
        "😀.png",
        "👩‍👩‍👧‍👦.png",
        "עברית.png",
        "ا‮gnp.png",
        "中文.png",
        "a\u200bb.png",
        "\ufeffa.png",
    ],
    "Hangul, decomposed": [unicodedata.normalize("NFD", "한글 그림.png"), "한글 그림.png"],
    "255 bytes": ["x" * 251 + ".png", "가" * 83 + "ab.png"],
    "no UTF-8": [os.fsdecode(b"\xff\xfe.png"), os.fsdecode("그림".encode("cp949") + b".png")],
    "dots, dashes, endings": [
        "-rf.png",
        "--.png",
        "a.png.",
        " a .png",
        "a",
        "CON.png",
        "concat:a.png",
        "http:||x.png",
        "file%3A.png",
        "~.png",
        "*.png",
    ],
}
for label, names in NAMES.items():
    kind(f"names: {label}", r"not UTF-8" if label == "no UTF-8" else USED, "image")(
        lambda folder, names=names: [
            written(folder / name, picture_bytes("PNG", 10 + i)) for i, name in enumerate(names)
        ]
    )


@kind("names of videos", USED, "video")
def _(folder):
    content = video(folder.parent / "named.mp4", count=4).read_bytes()
    names = [
        "concat:a.mp4",
        "a\nb.mp4",
        "%03d.mp4",
        "$(id).mp4",
        "한글.mp4",
        "-i.mp4",
        "pipe:0",
        "http:a.mp4",
        "*.mp4",
        "x" * 251 + ".mp4",
        "subfile,,start,0,end,9,,:a.mp4",
    ]
    return [written(folder / name, content + bytes([i])) for i, name in enumerate(names)]


def is_expected(reason, expected):
    """Whether a reason (empty: it is used) is what must come of a file."""
    if reason == "":
        return expected in (USED, EITHER) or expected.startswith(EITHER)
    allowed = expected.removeprefix(EITHER)
    return allowed != USED and re.search(allowed, reason) is not None
