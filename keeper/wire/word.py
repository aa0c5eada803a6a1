"""All that a chain keeps of a plan: the plan word, and for some plans the stamps word (docs/wire.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from keeper.wire.errors import BadInput
from keeper.wire.types import MAX_STEPS, Header, Status, Value

CANCELLED = 8
ORIGIN_LANE = 7
ALL = 0xFFFFFFFF
"""The mask of all 32 steps, and of a lane's bits."""
MOVES = 1 << 24


@dataclass(frozen=True, slots=True)
class PlanWord:
    """A plan's state on one chain, high bits first:

    | lo 32 | mid 32 | hi 32 | status 8 | run 24 | move 24 | changed 40 | deposit 64 |

    `lo`, `mid`, `hi` are masks: step i's value is lo[i] + 2 mid[i] + 4 hi[i].
    """

    lo: int = 0
    mid: int = 0
    hi: int = 0
    status: Status = Status.NOT_SCHEDULED
    cancelled: bool = False
    run: int = 0
    move: int = 0
    """Counts every event of the plan, from 1."""
    changed: int = 0
    """Time of the last change of a value or the decision, in the plan's clock."""
    deposit_gwei: int = 0

    def value(self, index: int) -> Value:
        """What step `index` came to."""
        return Value((self.lo >> index & 1) | (self.mid >> index & 1) << 1 | (self.hi >> index & 1) << 2)

    @property
    def values(self) -> tuple[Value, ...]:
        """What each of the 32 steps came to."""
        return tuple(self.value(index) for index in range(MAX_STEPS))

    def mask(self, value: Value) -> int:
        """Mask of the steps, of all 32, that have this value."""
        planes = (self.lo, self.mid, self.hi)
        lo, mid, hi = (plane if value >> bit & 1 else ~plane for bit, plane in enumerate(planes))
        return lo & mid & hi & ALL

    @property
    def settled(self) -> int:
        """Mask of the steps that are not Pending."""
        return self.lo | self.mid | self.hi

    @property
    def done(self) -> int:
        """Mask of the steps that are Done, and not undone since."""
        return self.lo & ~self.mid & ~self.hi

    @property
    def failed(self) -> int:
        return self.lo & self.mid

    @property
    def undone(self) -> int:
        """Mask of the steps whose undo ran or lapsed: Undone and UndoFailed."""
        return self.hi

    @property
    def is_final(self) -> bool:
        return self.status in {Status.COMPLETED, Status.ABORTED, Status.VOID}

    def with_value(self, mask: int, value: Value) -> PlanWord:
        """Every step of `mask` has `value`, whatever it had."""
        lo, mid, hi = (mask if value >> bit & 1 else 0 for bit in range(3))
        return replace(self, lo=self.lo & ~mask | lo, mid=self.mid & ~mask | mid, hi=self.hi & ~mask | hi)

    def with_values(self, values: Iterable[Value]) -> PlanWord:
        """The first steps have these values, in order."""
        word = self
        for index, value in enumerate(values):
            word = word.with_value(1 << index, value)
        return word

    def moved(self) -> PlanWord:
        """The next move number; after 2^24 moves it starts again."""
        return replace(self, move=(self.move + 1) % MOVES)


def encode_word(word: PlanWord) -> int:
    """The storage word. Raises `BadInput` for a field that does not fit."""
    status = word.status | (CANCELLED if word.cancelled else 0)
    fields = (
        ("lo", word.lo, 32),
        ("mid", word.mid, 32),
        ("hi", word.hi, 32),
        ("status", status, 8),
        ("run", word.run, 24),
        ("move", word.move, 24),
        ("changed", word.changed, 40),
        ("deposit_gwei", word.deposit_gwei, 64),
    )
    packed = 0
    for name, value, bits in fields:
        if not 0 <= value < 1 << bits:
            raise BadInput(f"plan word: {name} has {bits} bits", field=name, value=value, remedy="give less")
        packed = packed << bits | value
    return packed


def decode_word(packed: int) -> PlanWord:
    """The plan word of a storage word. Raises `BadInput` for values, or a status, that no contract writes."""
    lo, mid, hi = packed >> 224, packed >> 192 & ALL, packed >> 160 & ALL
    status = packed >> 152 & 0xFF
    if mid & hi or packed >> 256:
        raise BadInput("plan word: there is no such value", field="values", value=hex(packed), remedy="check the slot")
    if status & ~CANCELLED > Status.VOID:
        raise BadInput("plan word: there is no such status", field="status", value=status, remedy="check the slot")
    return PlanWord(
        lo=lo,
        mid=mid,
        hi=hi,
        status=Status(status & ~CANCELLED),
        cancelled=bool(status & CANCELLED),
        run=packed >> 128 & 0xFFFFFF,
        move=packed >> 104 & 0xFFFFFF,
        changed=packed >> 64 & 0xFFFFFFFFFF,
        deposit_gwei=packed & 0xFFFFFFFFFFFFFFFF,
    )


def lane(stamps: int, number: int) -> int:
    """The time kept in a lane of a stamps word."""
    return stamps >> 32 * number & ALL


def with_lane(stamps: int, number: int, at: int) -> int:
    shift = 32 * number
    return stamps & ~(ALL << shift) | (at & ALL) << shift


def origin(header: Header, stamps: int) -> int:
    """When run 0 is due: the header's start, or the one that was fixed as the plan was scheduled."""
    return lane(stamps, ORIGIN_LANE) if header.relative_start else header.start
