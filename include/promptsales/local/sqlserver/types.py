"""TDS column types of PostgreSQL result columns, and the encoders that turn values into TDS bytes.

Layouts: [MS-TDS] 2.2.5.4 (type declarations) and 2.2.5.5 (values). Values arrive as psycopg's binary loaders
leave them; `register_loaders` keeps dates, timestamps, numerics and UUIDs in PostgreSQL's own wire form, which
converts to TDS without building Python objects.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import psycopg
from psycopg.types.numeric import Int4BinaryLoader, Int8BinaryLoader
from psycopg.types.string import ByteaBinaryLoader, TextBinaryLoader
from pysqlbridge.tds.result import DEFAULT_COLLATION, MAX_MARKER, NVARCHAR_SIZED_LIMIT, ColumnType, QueryError

Encoder = Callable[[Any], bytes]

MEMO_ENTRIES = 20_000
"""Encoded values remembered per column; beyond it the memory is dropped and filled again."""

DAYS_TO_2000 = 730_119
"""Days from 0001-01-01, TDS's epoch, to 2000-01-01, PostgreSQL's."""

MICROSECONDS_PER_DAY = 86_400_000_000
MAX_PRECISION = 38
MAX_VARBINARY = 8000

_USHORT = struct.Struct("<H")
_NUMERIC_SCALE = struct.Struct(">6xh")
_NOT_A_NUMBER = 0x8000


@cache
def _numeric(size: int) -> struct.Struct:
    """The layout of a numeric of so many bytes: count, weight, sign and scale, then digits."""
    return struct.Struct(f">hhHh{(size - 8) // 2}H")


_NULL_BYTE = b"\x00"
_NULL_SHORT = b"\xff\xff"
_NULL_MAX = b"\xff" * 8


@dataclass(frozen=True)
class WireType(ColumnType):  # type: ignore[misc]  # pysqlbridge is untyped
    """A column's TDS declaration and how its values are written after it."""

    declaration: bytes
    null: bytes
    write: Encoder
    repeats: bool = True
    """Whether equal values may share one encoding (0.0 and -0.0 are equal and must not)."""

    def type_info(self) -> bytes:
        """The TYPE_INFO bytes of COLMETADATA."""
        return self.declaration

    def encode(self, value: object) -> bytes:
        """One value, or NULL for None."""
        return self.null if value is None else self.write(value)


class ColumnEncoder(dict[Any, bytes]):
    """Encodes one column of a result, chunk by chunk, remembering values while they repeat."""

    def __init__(self, wire: WireType) -> None:
        super().__init__()
        self._wire = wire
        self._remember = wire.repeats

    def __missing__(self, value: Any) -> bytes:
        encoded = self[value] = self._wire.encode(value)
        return encoded

    def chunk(self, values: Sequence[Any]) -> Iterable[bytes]:
        """The encodings of `values`, in order."""
        if not self._remember:
            return map(self._wire.encode if None in values else self._wire.write, values)
        if len(self) > MEMO_ENTRIES:
            self.clear()
        known = len(self)
        encoded = list(map(self.__getitem__, values))
        self._remember = len(self) - known <= len(values) // 2
        return encoded


def register_loaders(connection: psycopg.Connection[Any]) -> None:
    """Make `connection` hand over the raw forms that the encoders of this module expect."""
    for name, loader in (
        ("date", Int4BinaryLoader),
        ("timestamp", Int8BinaryLoader),
        ("timestamptz", Int8BinaryLoader),
        ("numeric", ByteaBinaryLoader),
        ("uuid", ByteaBinaryLoader),
        ("bpchar", TextBinaryLoader),
        ("json", TextBinaryLoader),
    ):
        connection.adapters.register_loader(name, loader)


def wire_type(oid: int, modifier: int, values: Sequence[Any]) -> WireType:
    """The TDS type of a PostgreSQL column.

    Args:
        oid: the column's PostgreSQL type.
        modifier: its type modifier, -1 when it has none (an expression, or `text`).
        values: the column in the first chunk of rows. It settles what PostgreSQL does not declare: the scale of
            an expression and whether a `bytea` needs varbinary(max).

    Raises:
        QueryError: a type that SQL Server does not have.
    """
    name = _TYPE_NAMES.get(oid)
    if name is None:
        raise QueryError(f"The stand-in has no TDS type for PostgreSQL type {oid}: CAST the column.", number=40517)
    if name in _FIXED:
        return _FIXED[name]
    if name == "numeric":
        if modifier >= 0:
            precision, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
        else:
            precision = MAX_PRECISION
            scale = max((_NUMERIC_SCALE.unpack_from(raw)[0] for raw in values if raw is not None), default=0)
        return decimal(min(precision, MAX_PRECISION), min(scale, MAX_PRECISION))
    if name in ("timestamp", "timestamptz"):
        return datetime2(modifier if modifier >= 0 else 7)
    if name == "bytea":
        return varbinary(any(raw is not None and len(raw) > MAX_VARBINARY for raw in values))
    characters = modifier - 4 if name in ("varchar", "bpchar") and modifier >= 0 else None
    return text(128 if name == "name" else characters, fixed=name == "bpchar")


def integer(width: int) -> WireType:
    """INTN of 2, 4 or 8 bytes."""
    pack = struct.Struct({2: "<Bh", 4: "<Bi", 8: "<Bq"}[width]).pack
    return WireType(bytes([0x26, width]), _NULL_BYTE, partial(pack, width))


def decimal(precision: int, scale: int) -> WireType:
    """DECIMALN: a sign byte, then the unscaled value."""
    width = 5 if precision <= 9 else 9 if precision <= 19 else 13 if precision <= 28 else 17
    limit = 10**precision
    positive, negative = bytes((width, 1)), bytes((width, 0))

    def write(raw: bytes) -> bytes:
        # PostgreSQL's form: digits of base 10,000, the first of weight 10,000^weight.
        count, weight, sign, _, *digits = _numeric(len(raw)).unpack(raw)
        value: int = 0
        for digit in digits:
            value = value * 10_000 + digit
        exponent = (weight - count + 1) * 4 + scale
        # Only an expression can have more digits than were declared for it: round half up, as SQL Server does.
        value = value * 10**exponent if exponent >= 0 else (2 * value + 10**-exponent) // (2 * 10**-exponent)
        if value >= limit or sign & _NOT_A_NUMBER:
            raise QueryError("Arithmetic overflow error converting expression to data type numeric.", number=8115)
        return (negative if sign else positive) + value.to_bytes(width - 1, "little")

    return WireType(bytes([0x6A, width, precision, scale]), _NULL_BYTE, write)


def date() -> WireType:
    """DATEN: days since 0001-01-01 in three bytes."""
    return WireType(b"\x28", _NULL_BYTE, lambda days: b"\x03" + _days(days))


def datetime2(scale: int) -> WireType:
    """DATETIME2N: the time of day in units of 10^-scale seconds, then the date."""
    width = 3 if scale <= 2 else 4 if scale <= 4 else 5
    length = bytes([width + 3])
    divisor, factor = (10 ** (6 - scale), 1) if scale <= 6 else (1, 10 ** (scale - 6))

    def write(microseconds: int) -> bytes:
        days, time = divmod(microseconds, MICROSECONDS_PER_DAY)
        return length + (time // divisor * factor).to_bytes(width, "little") + _days(days)

    return WireType(bytes([0x2A, scale]), _NULL_BYTE, write)


def _days(days: int) -> bytes:
    days += DAYS_TO_2000
    if not 0 <= days < 3_652_059:
        raise QueryError("The conversion of a date resulted in an out-of-range value.", number=242)
    return days.to_bytes(3, "little")


def text(characters: int | None, *, fixed: bool = False) -> WireType:
    """NVARCHAR or NCHAR of so many characters; None, or more than 4,000, is nvarchar(max)."""
    if characters is None or characters > NVARCHAR_SIZED_LIMIT:
        return WireType(
            b"\xe7\xff\xff" + DEFAULT_COLLATION, _NULL_MAX, lambda value: _chunked(value.encode("utf-16-le"))
        )

    def write(value: str) -> bytes:
        encoded = value.encode("utf-16-le")
        return _USHORT.pack(len(encoded)) + encoded

    kind = b"\xef" if fixed else b"\xe7"
    # PostgreSQL counts a character outside the BMP once, UTF-16 twice.
    size = min(characters * 4, NVARCHAR_SIZED_LIMIT * 2) if not fixed else characters * 2
    return WireType(kind + _USHORT.pack(size) + DEFAULT_COLLATION, _NULL_SHORT, write)


def varbinary(unbounded: bool) -> WireType:
    """BIGVARBINARY of up to 8,000 bytes, or varbinary(max)."""
    if unbounded:
        return WireType(b"\xa5" + _USHORT.pack(MAX_MARKER), _NULL_MAX, _chunked)

    def write(value: bytes) -> bytes:
        if len(value) > MAX_VARBINARY:
            raise QueryError("A binary value is longer than 8,000 bytes after rows that were not: read it alone.")
        return _USHORT.pack(len(value)) + value

    return WireType(b"\xa5" + _USHORT.pack(MAX_VARBINARY), _NULL_SHORT, write)


def _chunked(encoded: bytes) -> bytes:
    if not encoded:
        return bytes(12)
    return struct.pack("<QI", len(encoded), len(encoded)) + encoded + bytes(4)


def _guid(raw: bytes) -> bytes:
    return b"\x10" + raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]


_FIXED = {
    "bool": WireType(b"\x68\x01", _NULL_BYTE, lambda value: b"\x01\x01" if value else b"\x01\x00"),
    "int2": integer(2),
    "int4": integer(4),
    "int8": integer(8),
    "float4": WireType(b"\x6d\x04", _NULL_BYTE, partial(struct.Struct("<Bf").pack, 4), repeats=False),
    "float8": WireType(b"\x6d\x08", _NULL_BYTE, partial(struct.Struct("<Bd").pack, 8), repeats=False),
    "date": date(),
    "uuid": WireType(b"\x24\x10", _NULL_BYTE, _guid),
}
_TYPE_NAMES = {
    psycopg.adapters.types[name].oid: name
    for name in (*_FIXED, "numeric", "timestamp", "timestamptz", "bytea", "varchar", "bpchar", "name", "text", "json")
}
