"""Big-endian fields without padding: put behind each other, and taken off the front again."""

from __future__ import annotations

from dataclasses import dataclass, field

from keeper.wire.errors import BadInput
from keeper.wire.types import Address


@dataclass(slots=True)
class Writer:
    """Packs fields one behind the other; a value that does not fit its field is refused."""

    what: str
    data: bytearray = field(default_factory=bytearray)

    def uint(self, name: str, size: int, value: int) -> None:
        if not 0 <= value < 1 << 8 * size:
            raise BadInput(
                f"{self.what}: {name} must be at least 0 and below 2^{8 * size}",
                field=name,
                value=value,
                remedy=f"choose a {name} that fits {8 * size} bits",
            )
        self.data += value.to_bytes(size, "big")

    def fixed(self, name: str, size: int, value: bytes) -> None:
        if len(value) != size:
            raise BadInput(
                f"{self.what}: {name} has {len(value)} bytes, not {size}",
                field=name,
                value=value.hex(),
                remedy=f"give exactly {size} bytes",
            )
        self.data += value

    def sized(self, name: str, size: int, value: bytes) -> None:
        """The length in `size` bytes, then the bytes."""
        self.uint(f"{name} length", size, len(value))
        self.data += value


@dataclass(slots=True)
class Reader:
    """Takes fields off the front; where the bytes end too early, the error names the field."""

    what: str
    data: bytes
    pos: int = 0

    def take(self, name: str, size: int) -> bytes:
        end = self.pos + size
        if end > len(self.data):
            raise BadInput(
                f"{self.what}: bytes end inside {name}",
                field=name,
                value=self.data.hex(),
                remedy=f"{name} needs {size} bytes at offset {self.pos}; there are {len(self.data)} bytes in all",
            )
        taken = self.data[self.pos : end]
        self.pos = end
        return taken

    def uint(self, name: str, size: int) -> int:
        return int.from_bytes(self.take(name, size), "big")

    def address(self, name: str) -> Address:
        return Address(self.take(name, 20))

    def sized(self, name: str, size: int) -> bytes:
        return self.take(name, self.uint(f"{name} length", size))

    @property
    def left(self) -> int:
        return len(self.data) - self.pos

    def refuse(self, name: str, value: object, remedy: str) -> BadInput:
        return BadInput(f"{self.what}: {name} cannot be {value}", field=name, value=value, remedy=remedy)

    def end(self) -> None:
        if self.left:
            raise self.refuse("length", len(self.data), f"{self.left} bytes too many at the end")
