"""The one notation for calls, `alias.fn(arg, ..)`, and for comparisons. Text in, a tree with places out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from keeper.plans.problems import Flaw, Pos, shown
from keeper.plans.source import Scalar
from keeper.plans.values import SECONDS, number

MAX_NESTING = 16
OPERATORS = ("==", "!=", "<=", ">=", "<", ">")


@dataclass(frozen=True, slots=True)
class Number:
    """`-5`, `1e18`, `25_000 usdc`, `7d`; `unit` is a coin unit, `s`, or an alias."""

    value: Fraction
    unit: str | None
    text: str
    pos: Pos


@dataclass(frozen=True, slots=True)
class Hex:
    """`0x..` exactly as written."""

    text: str
    pos: Pos


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    pos: Pos


@dataclass(frozen=True, slots=True)
class Name:
    """An alias, a value, a name (`reg:api.acme`, `dao.eth`), `account`, `true` or `false`."""

    text: str
    pos: Pos


@dataclass(frozen=True, slots=True)
class Many:
    """`[a, b]`, or with `is_tuple` `(a, b)`."""

    items: tuple[Expr, ...]
    is_tuple: bool
    pos: Pos


@dataclass(frozen=True, slots=True)
class Typed:
    """`uint8 5`: an argument that says its type."""

    type: str
    inner: Expr
    pos: Pos


@dataclass(frozen=True, slots=True)
class Invoke:
    """`alias.fn(args).field`; `field` picks an output."""

    alias: str
    fn: str
    args: tuple[Expr, ...]
    field: tuple[str, ...]
    pos: Pos
    fn_pos: Pos


@dataclass(frozen=True, slots=True)
class Moment:
    """`now - 1h`, on the right of a comparison; `ago_s` in seconds."""

    ago_s: int
    pos: Pos


Expr = Number | Hex | Text | Name | Many | Typed | Invoke | Moment


@dataclass(frozen=True, slots=True)
class Comparison:
    left: Invoke
    op: str
    right: Expr
    pos: Pos


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


_TOKENS = re.compile(
    r"(?P<space>\s+)"
    r'|(?P<text>"(?:[^"\\]|\\["\\])*"|\'[^\']*\')'
    r"|(?P<op>==|!=|<=|>=|<|>)"
    r"|(?P<word>(?:[a-z]+:)?[A-Za-z0-9_$](?:[A-Za-z0-9_$-]|\.(?=[A-Za-z0-9_$]))*)"
    r"|(?P<mark>[()\[\],.+-])"
)
_TYPE = re.compile(r"(?:u?int(?:\d+)?|address|bool|string|bytes(?:\d+)?)")
_TIME = re.compile(r"([0-9](?:_?[0-9])*)([smhdw])")


def parse_call(scalar: Scalar) -> Invoke:
    """`alias.fn(arg, ..)`, whole."""
    parser = _Parser(scalar)
    node = parser.expr()
    parser.end("remove what follows the call; several calls are listed under `calls:`")
    if not isinstance(node, Invoke):
        raise Flaw(node.pos, f"{shown(scalar.text)} is not a call", "write `alias.function(arguments)`")
    if node.field:
        raise Flaw(node.pos, "a call that is made has no field", "drop what follows the closing bracket")
    return node


def parse_expr(scalar: Scalar) -> Expr:
    """One argument, whole."""
    parser = _Parser(scalar)
    node = parser.expr()
    parser.end()
    return node


def parse_comparison(scalar: Scalar) -> Comparison:
    """`alias.fn(..).field op literal`, whole."""
    parser = _Parser(scalar)
    left = parser.expr()
    token = parser.take()
    if token.kind != "op":
        parser.fail(token, "write `read op literal`, with op one of == != < <= > >=")
    right = parser.expr()
    parser.end()
    if not isinstance(left, Invoke):
        raise Flaw(
            left.pos, "the left side of a comparison is a read", "write `alias.fn(..) op literal`, the read first"
        )
    return Comparison(left, token.text, right, left.pos)


class _Parser:
    def __init__(self, scalar: Scalar) -> None:
        self.scalar = scalar
        self.tokens = _lex(scalar)
        self.next = 0

    def pos(self, token: _Token) -> Pos:
        return self.scalar.at(token.offset)

    def peek(self, ahead: int = 0) -> _Token:
        return self.tokens[min(self.next + ahead, len(self.tokens) - 1)]

    def take(self) -> _Token:
        token = self.peek()
        self.next += 1
        return token

    def accept(self, mark: str) -> bool:
        if self.peek().kind == "mark" and self.peek().text == mark:
            self.next += 1
            return True
        return False

    def expect(self, mark: str, remedy: str) -> None:
        if not self.accept(mark):
            self.fail(self.peek(), remedy)

    def end(self, remedy: str = "remove what follows, or put a comma before it") -> None:
        if self.peek().kind != "end":
            self.fail(self.peek(), remedy)

    def fail(self, token: _Token, remedy: str) -> NoReturn:
        what = "it ends too early" if token.kind == "end" else f"unexpected {shown(token.text)}"
        raise Flaw(self.pos(token), f"in {shown(self.scalar.text)}: {what}", remedy)

    def expr(self, depth: int = 0) -> Expr:
        token = self.take()
        pos = self.pos(token)
        if depth > MAX_NESTING:
            raise Flaw(pos, f"nested more than {MAX_NESTING} deep", "flatten the argument")
        if token.kind == "text":
            return Text(
                re.sub(r'\\(["\\])', r"\1", token.text[1:-1]) if token.text[0] == '"' else token.text[1:-1], pos
            )
        if token.kind == "mark" and token.text == "[":
            return Many(self.items("]", depth), False, pos)
        if token.kind == "mark" and token.text == "(":
            return Many(self.items(")", depth), True, pos)
        if token.kind == "mark" and token.text == "-":
            inner = self.expr(depth + 1)
            if not isinstance(inner, Number) or inner.text.startswith("-"):
                raise Flaw(pos, "a minus without a number", "write it before a number, as in `-5`")
            return Number(-inner.value, inner.unit, f"-{inner.text}", pos)
        if token.kind != "word":
            self.fail(token, "write a number, a name, a string, a list, a tuple or a call")
        return self.word(token, pos, depth)

    def word(self, token: _Token, pos: Pos, depth: int) -> Expr:
        word = token.text
        following = self.peek()
        if word == "now":
            return self.moment(pos)
        if following.kind == "mark" and following.text == "(" and "." in word:
            return self.invoke(token, pos, depth)
        if following.kind == "mark" and following.text == "(":
            raise Flaw(pos, f"{shown(word + '(..)')} does not say which contract", f"write `alias.{word}(..)`")
        if word.startswith("0x"):
            return Hex(word, pos)
        time = _TIME.fullmatch(word)
        if time is not None:
            return Number(Fraction(int(time[1].replace("_", "")) * SECONDS[time[2]]), "s", word, pos)
        value = number(word)
        if value is not None:
            unit = following.text if following.kind == "word" else None
            self.next += unit is not None
            return Number(value, unit, word, pos)
        if _TYPE.fullmatch(word) and self.starts_value():
            return Typed(word + self.array_suffix(), self.expr(depth + 1), pos)
        return Name(word, pos)

    def starts_value(self) -> bool:
        token = self.peek()
        return token.kind in ("word", "text") or (token.kind == "mark" and token.text in "[(-")

    def array_suffix(self) -> str:
        """`[]` or `[3]` right behind a type, if a value still follows."""
        suffix = ""
        while self.peek().text == "[":
            size = 1 if self.peek(1).kind == "word" and self.peek(1).text.isdigit() else 0
            closes, value = self.peek(1 + size), self.peek(2 + size)
            if closes.text != "]" or (value.kind, value.text) in (
                ("end", ""),
                ("mark", ","),
                ("mark", ")"),
                ("mark", "]"),
            ):
                break
            suffix += f"[{self.peek(1).text if size else ''}]"
            self.next += 2 + size
        return suffix

    def moment(self, pos: Pos) -> Moment:
        if not (self.peek().kind == "mark" and self.peek().text in "+-"):
            return Moment(0, pos)
        sign = self.take()
        ago = self.expr()
        if not isinstance(ago, Number) or (ago.unit != "s" and ago.value != 0) or ago.value < 0:
            raise Flaw(ago.pos, "a length of time belongs here", "write `now - 1h`")
        if sign.text == "+" and ago.value:
            raise Flaw(pos, "only moments up to now can be compared", "write `now` or `now - 1h`")
        return Moment(int(ago.value), pos)

    def invoke(self, token: _Token, pos: Pos, depth: int) -> Invoke:
        alias, _, fn = token.text.rpartition(".")
        self.next += 1
        args = self.items(")", depth)
        field: tuple[str, ...] = ()
        if self.accept("."):
            name = self.take()
            if name.kind != "word":
                self.fail(name, "write the name of an output behind the dot")
            field = tuple(name.text.split("."))
        return Invoke(alias, fn, args, field, pos, self.scalar.at(token.offset + len(alias) + 1))

    def items(self, closing: str, depth: int) -> tuple[Expr, ...]:
        if self.accept(closing):
            return ()
        items = [self.expr(depth + 1)]
        while not self.accept(closing):
            self.expect(",", f"put `,` between arguments and `{closing}` at the end")
            items.append(self.expr(depth + 1))
        return tuple(items)


def _lex(scalar: Scalar) -> list[_Token]:
    tokens, offset, text = [], 0, scalar.text
    while offset < len(text):
        match = _TOKENS.match(text, offset)
        if match is None:
            raise Flaw(
                scalar.at(offset), f"in {shown(text)}: a stray {shown(text[offset])}", "remove it, or close the string"
            )
        if match.lastgroup != "space":
            tokens.append(_Token(str(match.lastgroup), match[0], offset))
        offset = match.end()
    if not tokens:
        raise Flaw(scalar.pos, "nothing is written here", "write a call, such as `alias.fn(1)`")
    return [*tokens, _Token("end", "", len(text))]
