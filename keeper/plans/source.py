"""YAML as a tree of the author's own text. Nothing is typed here: the key decides what `yes`, `1e3` or `0x10` means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from keeper.plans.problems import Flaw, Pos, Problems, shown

MAX_BYTES = 1 << 18
MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar's text. `inside` is the place of its first character if offsets in it are columns of the file."""

    text: str
    pos: Pos
    inside: Pos | None = None

    def at(self, offset: int) -> Pos:
        """The place of the character at `offset`, or of the whole scalar where that cannot be told."""
        return self.pos if self.inside is None else Pos(self.inside.line, self.inside.column + offset)


@dataclass(frozen=True, slots=True)
class Seq:
    items: tuple[Node, ...]
    pos: Pos


@dataclass(frozen=True, slots=True)
class Map:
    """Entries in file order; keys are unique."""

    entries: tuple[tuple[Scalar, Node], ...]
    pos: Pos

    def get(self, key: str) -> Node | None:
        return next((node for k, node in self.entries if k.text == key), None)

    def key(self, key: str) -> Scalar | None:
        return next((k for k, _ in self.entries if k.text == key), None)


Node = Scalar | Seq | Map


def read_tree(text: str, problems: Problems) -> Map | None:
    """The file's mapping, or None with the reason in `problems`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        problems.add(Pos(1, 1), "the file is larger than 256 kilobytes", "a plan of 32 steps takes a few kilobytes")
        return None
    with problems.here():
        root = _Reader(_events(text), problems).document()
        if not isinstance(root, Map):
            raise Flaw(root.pos, "a plan file is a mapping of keys", "start with `conductor: 1`")
        return root
    return None


def _events(text: str) -> list[Any]:
    """All events, or a Flaw. The parser slows down with depth, so it is stopped where nesting goes too far."""
    yaml = YAML(typ="rt", pure=True)
    events: list[Any] = []
    depth = 0
    try:
        for event in yaml.parse(text):
            events.append(event)
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > MAX_DEPTH:
                break
    except MarkedYAMLError as error:
        _refuse(error, text)
    except Exception as error:  # noqa: BLE001 the parser meets odd input with many types (ReaderError, OverflowError..)
        place = _position_of(text, getattr(error, "position", None))
        raise Flaw(place, "a character that YAML cannot hold", "remove control characters and bad escapes") from None
    if depth > MAX_DEPTH:
        raise Flaw(_pos(events[-1]), f"nested more than {MAX_DEPTH} deep", "a plan file is nearly flat")
    return events


def _refuse(error: MarkedYAMLError, text: str) -> NoReturn:
    mark = error.problem_mark or error.context_mark
    place = Pos(mark.line + 1, mark.column + 1) if mark else Pos(1, 1)
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    what = shown(str(error.problem or error.context or "unreadable"), 80)[1:-1].replace("`", "'")
    if "\t" in line[: place.column]:
        remedy = "indent with spaces, not with tabs"
    elif "(" in line[: place.column]:
        remedy = 'put the call in quotes, as in call: "a.f([1, 2])"'
    else:
        remedy = "mend the YAML here; quote text that holds `:`, `#`, `{`, `[` or `,`"
    raise Flaw(place, f"not YAML: {what}", remedy)


def _position_of(text: str, index: object) -> Pos:
    before = text[:index] if isinstance(index, int) else ""
    return Pos(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


class _Reader:
    """Builds the tree from parse events."""

    def __init__(self, events: list[Any], problems: Problems) -> None:
        self.events = events
        self.problems = problems
        self.next = 0

    def take(self) -> Any:
        self.next += 1
        return self.events[self.next - 1]

    def document(self) -> Node:
        starts = [event for event in self.events if isinstance(event, DocumentStartEvent)]
        if not starts:
            raise Flaw(Pos(1, 1), "the file is empty", "start with `conductor: 1`")
        if len(starts) > 1:
            raise Flaw(_pos(starts[1]), "a second YAML document", "keep one plan in one file, without `---`")
        while not isinstance(self.take(), DocumentStartEvent):
            pass
        return self.node()

    def node(self) -> Node:
        event = self.take()
        pos = _pos(event)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise Flaw(pos, "anchors and aliases are not used in plan files", "name the constant under `values:`")
        tag = getattr(event, "tag", None)
        if tag:
            raise Flaw(pos, f"the tag {shown(str(tag))}", "remove it: the key decides the type")
        if isinstance(event, ScalarEvent):
            return _scalar(event)
        if isinstance(event, SequenceStartEvent):
            items = []
            while not isinstance(self.events[self.next], SequenceEndEvent):
                items.append(self.node())
            self.take()
            return Seq(tuple(self.whole(items) if event.flow_style else items), pos)
        return self.mapping(event, pos)

    def mapping(self, event: MappingStartEvent, pos: Pos) -> Map:
        entries: dict[str, tuple[Scalar, Node]] = {}
        pieces: list[Scalar] = []
        last = Scalar("", pos)
        while not isinstance(self.events[self.next], MappingEndEvent):
            key = self.node()
            value = self.node()
            if not isinstance(key, Scalar):
                self.problems.add(key.pos, "a key that is not plain text", "use one of the keys in docs/plan-keys.md")
                continue
            if pieces and isinstance(value, Scalar) and value.text == "":
                pieces.append(key)
                if not _unclosed(*pieces):
                    entries[last.text] = (last, self.joined(pieces))
                    pieces = []
                continue
            if key.text in entries:
                first = entries[key.text][0].pos.line
                message = f"duplicate key {shown(key.text)}, first on line {first}"
                self.problems.add(key.pos, message, "keep one of them")
                continue
            entries[key.text] = (key, value)
            last = key
            pieces = [value] if event.flow_style and isinstance(value, Scalar) and _unclosed(value) else []
        self.take()
        return Map(tuple(entries.values()), pos)

    def whole(self, items: list[Node]) -> list[Node]:
        """A flow list's items, calls that commas have split put together again, each with its problem."""
        found: list[Node] = []
        pieces: list[Scalar] = []
        for item in items:
            if not isinstance(item, Scalar) or not (pieces or _unclosed(item)):
                found += [*pieces, item]
                pieces = []
                continue
            pieces.append(item)
            if not _unclosed(*pieces):
                found.append(self.joined(pieces))
                pieces = []
        return found + pieces

    def joined(self, pieces: list[Scalar]) -> Scalar:
        text = ", ".join(piece.text for piece in pieces)
        message = f"the comma in {shown(text)} splits the call in two"
        self.problems.add(pieces[0].pos, message, f'put the call in quotes: "{text}"')
        return Scalar(text, pieces[0].pos)


def _unclosed(*pieces: Scalar) -> bool:
    text = "".join(piece.text for piece in pieces)
    return all(piece.inside == piece.pos for piece in pieces) and text.count("(") > text.count(")")


def _pos(event: Any) -> Pos:
    return Pos(event.start_mark.line + 1, event.start_mark.column + 1)


def _scalar(event: ScalarEvent) -> Scalar:
    pos = _pos(event)
    text = str(event.value)
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise Flaw(pos, "half a character", "remove the `\\u` escape")
    quotes = 1 if event.style in ("'", '"') else 0
    width = event.end_mark.column - event.start_mark.column
    one_line = event.start_mark.line == event.end_mark.line and width == len(text) + 2 * quotes
    return Scalar(text, pos, Pos(pos.line, pos.column + quotes) if one_line else None)
