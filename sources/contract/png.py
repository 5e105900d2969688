"""A PNG encoder, and grids of images to look at."""

import struct
import zlib

import numpy as np

from . import atomic

_RGB_8_BIT = (8, 2, 0, 0, 0)  # bit depth, colour type, compression, filter, interlace


def encode(image):
    """The bytes of a PNG file that shows `image`, uint8 (H, W, 3)."""
    height, width, _ = image.shape
    rows = np.zeros((height, 1 + width * 3), np.uint8)  # each row begins with its filter type: 0, none
    rows[:, 1:] = image.reshape(height, width * 3)
    header = struct.pack(">IIBBBBB", width, height, *_RGB_8_BIT)
    return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
            + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + _chunk(b"IEND", b""))


def write(path, image):
    """Write `image`, uint8 (H, W, 3), to a PNG file that appears by rename."""
    with atomic.new_file(path) as stream:
        stream.write(encode(image))


def grid(images, columns):
    """Tile `images`, uint8 (N, H, W, 3), into one image of `columns` columns; missing tiles are black."""
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    tiles = np.zeros((rows * columns, height, width, channels), np.uint8)
    tiles[:count] = images
    tiles = tiles.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(tiles.reshape(rows * height, columns * width, channels))


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) & 0xFFFFFFFF)
