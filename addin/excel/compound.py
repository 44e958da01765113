"""A writer of compound files ([MS-CFB] version 3), the container of a VBA project.

Everything that could vary is fixed (no time stamps, one order of the streams, a balanced directory), so the
same streams always give the same bytes. Only the standard library is used.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias, Union

Storage: TypeAlias = Mapping[str, Union[bytes, "Storage"]]
"""Names to streams (bytes) or to further storages."""

SECTOR: Final = 512
MINI_SECTOR: Final = 64
MINI_CUTOFF: Final = 4096
FREE: Final = 0xFFFFFFFF
END_OF_CHAIN: Final = 0xFFFFFFFE
FAT_SECTOR: Final = 0xFFFFFFFD
NO_STREAM: Final = 0xFFFFFFFF
HEADER_FAT_SLOTS: Final = 109
PER_SECTOR: Final = SECTOR // 4

_ROOT, _STORAGE, _STREAM = 5, 1, 2
_RED, _BLACK = 0, 1


@dataclass
class _Entry:
    """One directory entry; `data` is None for a storage."""

    name: str
    kind: int
    data: bytes | None = None
    color: int = _BLACK
    left: int = NO_STREAM
    right: int = NO_STREAM
    child: int = NO_STREAM
    start: int = 0

    def pack(self) -> bytes:
        name = self.name.encode("utf-16-le")
        head = name.ljust(64, b"\0") + struct.pack("<HBB", len(name) + 2, self.kind, self.color)
        tree = struct.pack("<III", self.left, self.right, self.child)
        no_class_no_state_no_times = bytes(16 + 4 + 8 + 8)
        place = struct.pack("<IQ", self.start, len(self.data or b""))
        return head + tree + no_class_no_state_no_times + place


@dataclass
class _Sectors:
    """Sectors and their allocation table, as they grow."""

    blocks: list[bytes] = field(default_factory=list)
    table: list[int] = field(default_factory=list)

    def put(self, data: bytes) -> int:
        """Append `data` as one chain; its first sector, or END_OF_CHAIN for nothing."""
        if not data:
            return END_OF_CHAIN
        start = len(self.blocks)
        data = _padded(data, SECTOR)
        self.blocks += [data[i : i + SECTOR] for i in range(0, len(data), SECTOR)]
        self.table += [*range(start + 1, len(self.blocks)), END_OF_CHAIN]
        return start


def _padded(data: bytes, size: int) -> bytes:
    return data + bytes(-len(data) % size)


def _directory(tree: Storage) -> list[_Entry]:
    """All entries, the root first; each storage's children as a balanced red-black tree ([MS-CFB] 2.6.4)."""
    entries = [_Entry("Root Entry", _ROOT, b"")]

    def add(storage: Storage) -> int:
        # The order the format prescribes: shorter names first, then by upper-cased name.
        names = sorted(storage, key=lambda name: (len(name), name.upper()))
        first = len(entries)
        for name in names:
            node = storage[name]
            if len(name) > 31:
                raise ValueError(f"{name}: a name in a compound file has at most 31 characters")
            entries.append(_Entry(name, _STREAM, node) if isinstance(node, bytes) else _Entry(name, _STORAGE))
        lowest = len(names).bit_length() - 1
        complete = len(names) == 2 ** (lowest + 1) - 1

        def subtree(low: int, high: int, depth: int) -> int:
            if low >= high:
                return NO_STREAM
            middle = (low + high) // 2
            entry = entries[first + middle]
            # Red for the incomplete lowest level, black above it: every path has the same count of black.
            entry.color = _RED if depth == lowest and not complete else _BLACK
            entry.left = subtree(low, middle, depth + 1)
            entry.right = subtree(middle + 1, high, depth + 1)
            return first + middle

        top = subtree(0, len(names), 0)
        for offset, name in enumerate(names):
            node = storage[name]
            if not isinstance(node, bytes):
                entries[first + offset].child = add(node)
        return top

    entries[0].child = add(tree)
    return entries


def compound_file(tree: Storage) -> bytes:
    """The bytes of a compound file that holds `tree`.

    Streams under 4096 bytes go into the mini stream, as the format demands. Raises ValueError for a name over
    31 characters, and for a file over about 6.8 MB (it would need further table sectors, not written here).
    """
    entries = _directory(tree)
    sectors = _Sectors()
    mini, mini_table = bytearray(), list[int]()
    for entry in entries[1:]:
        if entry.data is None:
            continue
        if len(entry.data) >= MINI_CUTOFF:
            entry.start = sectors.put(entry.data)
            continue
        entry.start = len(mini_table) if entry.data else END_OF_CHAIN
        count = -(-len(entry.data) // MINI_SECTOR)
        mini_table += [len(mini_table) + i + 1 for i in range(count - 1)] + [END_OF_CHAIN] * bool(count)
        mini += _padded(entry.data, MINI_SECTOR)
    root = entries[0]
    root.data, root.start = bytes(mini), sectors.put(bytes(mini))
    packed_mini = struct.pack(f"<{len(mini_table)}I", *mini_table)
    packed_mini += b"\xff" * (-len(packed_mini) % SECTOR)
    mini_start = sectors.put(packed_mini)

    unused = bytes(68) + b"\xff" * 12 + bytes(48)
    directory = b"".join(entry.pack() for entry in entries)
    directory += unused * (-len(entries) % (SECTOR // len(unused)))
    directory_start = sectors.put(directory)

    fat_count = 1
    while fat_count * PER_SECTOR < len(sectors.blocks) + fat_count:
        fat_count += 1
    if fat_count > HEADER_FAT_SLOTS:
        raise ValueError("a compound file of this size is not written here (over 6.8 MB)")
    fat_at = range(len(sectors.blocks), len(sectors.blocks) + fat_count)
    fat = sectors.table + [FAT_SECTOR] * fat_count
    fat += [FREE] * (fat_count * PER_SECTOR - len(fat))

    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIII", 0, fat_count, directory_start, 0)
    header += struct.pack("<III", MINI_CUTOFF, mini_start, len(packed_mini) // SECTOR)
    header += struct.pack("<II", END_OF_CHAIN, 0)
    header += struct.pack(f"<{HEADER_FAT_SLOTS}I", *fat_at, *[FREE] * (HEADER_FAT_SLOTS - fat_count))
    return header + b"".join(sectors.blocks) + struct.pack(f"<{len(fat)}I", *fat)
