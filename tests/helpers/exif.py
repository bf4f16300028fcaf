"""EXIF data as some cameras write them."""

import struct

ORIENTATION, UNIT = 0x0112, 0x0128


def odd(orientation):
    """The EXIF data of a picture with this orientation, in which the unit of the resolution is a text, not a number."""
    entries = struct.pack("<HHIHH", ORIENTATION, 3, 1, orientation, 0) + struct.pack("<HHI4s", UNIT, 2, 4, b"inch")
    return b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, 2) + entries + struct.pack("<I", 0)
