"""All that a chain keeps of a plan: the plan word, and for some plans the stamps word (docs/wire.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keeper.wire.errors import BadInput
from keeper.wire.types import MAX_STEPS, Header, Status, Value

MOVES = 1 << 24
CANCELLED = 8
ORIGIN_LANE = 7
LANE_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class PlanWord:
    """A plan's state on one chain, high bits first:

        | lo 32 | mid 32 | hi 32 | status 8 | run 24 | move 24 | changed 40 | deposit 64 |
    """

    values: tuple[Value, ...] = (Value.PENDING,) * MAX_STEPS
    """One for each of the 32 step indices."""
    status: Status = Status.NOT_SCHEDULED
    cancelled: bool = False
    run: int = 0
    move: int = 0
    """Counts every event of the plan, from 1."""
    changed: int = 0
    """Time of the last change of a value or the decision, in the plan's clock."""
    deposit_gwei: int = 0

    def mask(self, *values: Value) -> int:
        """Mask of the steps that have one of these values."""
        return sum(1 << index for index, value in enumerate(self.values) if value in values)

    @property
    def settled(self) -> int:
        """Mask of the steps that are not Pending."""
        return sum(1 << index for index, value in enumerate(self.values) if value)

    @property
    def done(self) -> int:
        """Mask of the steps that are Done, and not undone since."""
        return self.mask(Value.DONE)

    @property
    def is_final(self) -> bool:
        return self.status in (Status.COMPLETED, Status.ABORTED, Status.VOID)

    def with_value(self, mask: int, value: Value) -> PlanWord:
        """Every step of `mask` has `value`, whatever it had."""
        return replace(self, values=tuple(value if mask >> i & 1 else old for i, old in enumerate(self.values)))


def encode_word(word: PlanWord) -> int:
    """The storage word. Raises `BadInput` for a field that does not fit."""
    fields = {
        "run": (word.run, 24),
        "move": (word.move, 24),
        "changed": (word.changed, 40),
        "deposit_gwei": (word.deposit_gwei, 64),
    }
    if len(word.values) != MAX_STEPS:
        raise BadInput("plan word: 32 values", field="values", value=len(word.values), remedy="give one for each index")
    packed = 0
    for bit in range(3):
        packed = packed << 32 | sum((value >> bit & 1) << index for index, value in enumerate(word.values))
    packed = packed << 8 | word.status | (CANCELLED if word.cancelled else 0)
    for name, (value, bits) in fields.items():
        if not 0 <= value < 1 << bits:
            raise BadInput(f"plan word: {name} has {bits} bits", field=name, value=value, remedy="give less")
        packed = packed << bits | value
    return packed


def decode_word(packed: int) -> PlanWord:
    """The plan word of a storage word. Raises `BadInput` for values, or a status, that no contract writes."""
    lo, mid, hi = packed >> 224, packed >> 192 & LANE_MASK, packed >> 160 & LANE_MASK
    values = [(lo >> i & 1) | (mid >> i & 1) << 1 | (hi >> i & 1) << 2 for i in range(MAX_STEPS)]
    status = packed >> 152 & 0xFF
    if max(values) > Value.UNDO_FAILED or packed >> 256:
        raise BadInput("plan word: a step has no such value", field="values", value=hex(packed), remedy="check the slot")
    if status & ~CANCELLED > Status.VOID:
        raise BadInput("plan word: there is no such status", field="status", value=status, remedy="check the slot")
    return PlanWord(
        values=tuple(Value(value) for value in values),
        status=Status(status & ~CANCELLED),
        cancelled=bool(status & CANCELLED),
        run=packed >> 128 & 0xFFFFFF,
        move=packed >> 104 & 0xFFFFFF,
        changed=packed >> 64 & 0xFFFFFFFFFF,
        deposit_gwei=packed & 0xFFFFFFFFFFFFFFFF,
    )


def lane(stamps: int, number: int) -> int:
    """The time kept in a lane of a stamps word."""
    return stamps >> 32 * number & LANE_MASK


def with_lane(stamps: int, number: int, at: int) -> int:
    shift = 32 * number
    return stamps & ~(LANE_MASK << shift) | (at & LANE_MASK) << shift


def origin(header: Header, stamps: int) -> int:
    """When run 0 is due: the header's start, or the one that was fixed as the plan was scheduled."""
    return lane(stamps, ORIGIN_LANE) if header.relative_start else header.start
