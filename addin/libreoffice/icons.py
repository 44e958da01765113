"""The menu's pictures, drawn here: shapes in a square of 16 units, painted one over the other, edges smoothed."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, TypeAlias

Shape: TypeAlias = Callable[[float, float], bool]
"""Whether the point x, y (to the right and down, 0 to 16) is inside."""
Colour: TypeAlias = tuple[int, int, int]

SIZES: Final[Mapping[str, int]] = {"small": 16, "big": 26}  # pixels
_SAMPLES: Final = 4  # a pixel's colour is the mean of so many points a side

BLUE: Final[Colour] = (30, 100, 175)
GREEN: Final[Colour] = (45, 140, 70)
AMBER: Final[Colour] = (225, 145, 20)
RED: Final[Colour] = (195, 50, 45)
GREY: Final[Colour] = (95, 100, 110)
PAPER: Final[Colour] = (250, 250, 250)


def box(left: float, top: float, right: float, bottom: float) -> Shape:
    return lambda x, y: left <= x <= right and top <= y <= bottom


def disc(cx: float, cy: float, radius: float) -> Shape:
    return lambda x, y: math.hypot(x - cx, y - cy) <= radius


def line(x1: float, y1: float, x2: float, y2: float, width: float) -> Shape:
    """A stroke with round ends."""
    dx, dy = x2 - x1, y2 - y1

    def inside(x: float, y: float) -> bool:
        t = min(max(((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy), 0.0), 1.0)
        return math.hypot(x - x1 - t * dx, y - y1 - t * dy) <= width / 2

    return inside


def arc(cx: float, cy: float, radius: float, width: float, start: float, turn: float) -> Shape:
    """A bent stroke from the angle `start` clockwise over `turn` degrees; 0 is to the right."""

    def inside(x: float, y: float) -> bool:
        angle = math.degrees(math.atan2(y - cy, x - cx))
        return abs(math.hypot(x - cx, y - cy) - radius) <= width / 2 and (angle - start) % 360 <= turn

    return inside


def polygon(*points: tuple[float, float]) -> Shape:
    def inside(x: float, y: float) -> bool:
        odd = False
        for (x1, y1), (x2, y2) in zip(points, (*points[1:], points[0]), strict=True):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                odd = not odd
        return odd

    return inside


def _gear() -> list[tuple[Colour, Shape]]:
    teeth = [math.radians(angle) for angle in range(0, 360, 45)]
    spokes = (line(8, 8, 8 + 6.2 * math.cos(a), 8 + 6.2 * math.sin(a), 2.2) for a in teeth)
    return [*((GREY, spoke) for spoke in spokes), (GREY, disc(8, 8, 5)), (PAPER, disc(8, 8, 2.2))]


PICTURES: Final[Mapping[str, list[tuple[Colour, Shape]]]] = {
    "score_all": [(GREEN, box(1, 10, 5, 15)), (AMBER, box(6, 6, 10, 15)), (RED, box(11, 1, 15, 15))],
    "optimise": [
        (GREY, box(1, 1, 2.5, 15)),
        (GREY, box(1, 13.5, 15, 15)),
        (GREEN, line(4.5, 11, 7.5, 7.5, 2)),
        (GREEN, line(7.5, 7.5, 9, 9, 2)),
        (GREEN, line(9, 9, 12.5, 4, 2)),
        (GREEN, polygon((9.5, 2), (15, 1), (14, 6.5))),
    ],
    "stress": [(AMBER, polygon((9.5, 0.5), (2.5, 9.2), (7, 9.2), (5.5, 15.5), (13.5, 6), (8.7, 6)))],
    "undo": [(BLUE, arc(8.5, 9, 4.7, 2.2, 200, 250)), (BLUE, polygon((1, 2), (1, 9), (8, 9)))],
    "model_card": [
        (GREY, box(2, 1, 14, 15)),
        (PAPER, box(3, 2, 13, 14)),
        (BLUE, box(4.5, 4, 11.5, 5.3)),
        *((GREY, box(4.5, top, right, top + 1)) for top, right in ((7, 11.5), (9.2, 11.5), (11.4, 8.5))),
    ],
    "settings": _gear(),
    "restart": [(GREEN, arc(8, 8.5, 5, 2.2, 10, 270)), (GREEN, polygon((8.3, 0), (8.3, 7.2), (14, 3.5)))],
    "help": [
        (BLUE, disc(8, 8, 7.3)),
        (PAPER, arc(8, 6.3, 2.6, 1.7, 180, 245)),
        (PAPER, line(8.5, 8.6, 8.1, 9.7, 1.6)),
        (PAPER, disc(8, 12.2, 1.1)),
    ],
}


@cache
def png(verb: str, size: int) -> bytes:
    """The picture of a verb, `size` pixels a side, as PNG with transparency; always the same bytes."""
    shapes = PICTURES[verb]
    step = 16 / size / _SAMPLES
    rows = []
    for row in range(size):
        pixels = bytearray(1)  # no filter
        for column in range(size):
            seen = [
                next((colour for colour, inside in reversed(shapes) if inside(x, y)), None)
                for y in (step * (_SAMPLES * row + i + 0.5) for i in range(_SAMPLES))
                for x in (step * (_SAMPLES * column + i + 0.5) for i in range(_SAMPLES))
            ]
            hit = [colour for colour in seen if colour is not None]
            pixels += bytes(round(sum(c[i] for c in hit) / len(hit)) if hit else 0 for i in range(3))
            pixels.append(round(255 * len(hit) / len(seen)))
        rows.append(bytes(pixels))
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", _stored(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _stored(data: bytes) -> bytes:
    """A zlib stream that compresses nothing: another zlib would give other bytes. One block, 65535 bytes at most."""
    length = len(data)
    return b"\x78\x01\x01" + struct.pack("<HH", length, length ^ 0xFFFF) + data + struct.pack(">I", zlib.adler32(data))
