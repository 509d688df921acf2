"""Writers of pictures that no well-behaved program writes: odd TIFF, EXIF and PNG, byte by byte."""

import struct
import zlib

import numpy as np

SIX = (0x112, 3, 1, struct.pack("<HH", 6, 0))  # EXIF's orientation: a quarter turn clockwise


def gradient(height=30, width=40):
    """A picture of 8 bits whose rows and columns all differ, from black to white."""
    rows, columns = np.mgrid[0:height, 0:width]
    grey = (rows * 255 // (height - 1) + columns * 3) % 256
    grey[0, 0], grey[-1, -1] = 0, 255
    return grey.astype(np.uint8)


def exif(*entries):
    """A block of EXIF from (tag, type, count, four bytes), which need not make sense."""
    listed = b"".join(struct.pack("<HHL", *entry[:3]) + entry[3] for entry in entries)
    head = b"II*\0" + struct.pack("<LH", 8, len(entries))
    return b"Exif\0\0" + head + listed + b"\0\0\0\0"


def tiff(values, *, bits, order="<", kind=1, photometric=1, more=()):
    """A TIFF of one strip, not compressed; `more` are (tag, type, count, value) of any kind."""
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    height, width, *channels = values.shape
    start = 8 + len(data)
    tags = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, 1, bits), (259, 3, 1, 1),
        (262, 3, 1, photometric), (273, 4, 1, 8), (277, 3, 1, *(channels or [1])),
        (278, 3, 1, height), (279, 4, 1, len(data)), (339, 3, 1, kind), *more,
    ]  # fmt: skip
    listed = struct.pack(order + "H", len(tags))
    for tag, field, count, value in sorted(tags, key=lambda one: one[0]):
        code = {3: "HH", 4: "L", 11: "f"}.get(field)
        packed = value if code is None else struct.pack(order + code, value, *[0] * (field == 3))
        listed += struct.pack(order + "HHL", tag, field, count) + packed
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "L", start) + data + listed + b"\0\0\0\0"


def chunk(name, data):
    """One chunk of a PNG, with its checksum."""
    body = name + data
    return struct.pack(">L", len(data)) + body + struct.pack(">L", zlib.crc32(body))


def png(values, colour_type, *before_pixels):
    """A PNG of 16-bit values (height, width, channels), with further chunks before the pixels."""
    height, width = values.shape[:2]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    header = struct.pack(">LLBBBBB", width, height, 16, colour_type, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *before_pixels,
            chunk(b"IDAT", zlib.compress(lines)), chunk(b"IEND", b""),
        ]
    )  # fmt: skip
