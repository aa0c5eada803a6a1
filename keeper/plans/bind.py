"""From a call as written to the bytes that are called: overloads, arguments, reads, conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode

from keeper.plans.abi import AbiError, Function, Param, Type, parse_type
from keeper.plans.abisets import function_in
from keeper.plans.coerce import Hole, coerce
from keeper.plans.document import CallLine
from keeper.plans.notation import Comparison, Expr, Hex, Invoke, Moment, Typed, parse_expr
from keeper.plans.problems import Flaw, Pos, nearest, shown
from keeper.plans.scope import Scope
from keeper.plans.source import Scalar
from keeper.plans.values import amount

_UINT256 = Type("uint", bits=256)
_MAX_VALUE = (1 << 96) - 1
_RAW = ("receive", "fallback")


@dataclass(frozen=True, slots=True)
class BoundRead:
    """A static call, and which word of its answer is meant."""

    target: str
    data: bytes
    word: int
    type: Type
    pos: Pos


@dataclass(frozen=True, slots=True)
class BoundCondition:
    """`op` is the wire's, with 8 for signed."""

    target: str
    data: bytes
    word: int
    op: int
    constant: bytes
    pos: Pos


@dataclass(frozen=True, slots=True)
class BoundCall:
    """`holes` are offsets in `data`; `value_read` takes the place of `value_wei`."""

    target: str
    value_wei: int
    data: bytes
    pos: Pos
    holes: tuple[tuple[int, BoundRead], ...] = field(default=())
    value_read: BoundRead | None = None


def bind_call(line: CallLine, scope: Scope) -> BoundCall | None:
    """The call's bytes; None while its interface is not known. Raises Flaw."""
    call = line.call
    interface = scope.interface(call.alias, call.pos)
    value_wei, value_read = _value(line.value, scope)
    if interface is None:
        return None
    if call.fn in _RAW:
        function, data, holes = None, *_raw(call, scope)
    else:
        function, data, holes = _resolve(call, interface, scope)
    if function is not None and (value_wei or value_read) and function.mutability != "payable":
        where = line.value.pos if line.value else call.pos
        raise Flaw(where, f"`{function.signature}` takes no coin", "drop `value`, or call a payable function")
    target = scope.alias_address(call.alias)
    return BoundCall(target, value_wei, data, call.pos, tuple(holes), value_read)


def bind_read(call: Invoke, scope: Scope, kind: Type = _UINT256) -> BoundRead | None:
    """A view call and its word; None while its interface is not known. A raw read gives `kind`. Raises Flaw."""
    interface = scope.interface(call.alias, call.pos)
    if interface is None:
        return None
    if call.fn in _RAW:
        return _raw_read(call, scope, kind)
    function, data, holes = _resolve(call, interface, scope)
    if holes:
        raise Flaw(
            holes[0][1].pos,
            "a read inside a read",
            "read it in a step of its own, or through a view that combines both",
        )
    if function.mutability not in ("view", "pure"):
        raise Flaw(
            call.fn_pos,
            f"`{function.signature}` is not a view",
            'only views can be read: add "view" if its signature lacks it',
        )
    word, kind = _output(call, function)
    return BoundRead(scope.alias_address(call.alias), data, word, kind, call.pos)


def bind_condition(comparison: Comparison, scope: Scope) -> BoundCondition | None:
    """A comparison's static call, operator and constant; None while its interface is not known. Raises Flaw."""
    read = bind_read(comparison.left, scope, _said_type(comparison.right))
    if read is None:
        return None
    if isinstance(comparison.right, Moment):
        return _age(read, comparison.op, comparison.right, scope)
    right = coerce(comparison.right, read.type, scope, None)
    op = OPERATOR_CODES[comparison.op]
    if comparison.op not in ("==", "!="):
        if read.type.kind not in ("uint", "int"):
            raise Flaw(comparison.pos, f"{read.type.canonical} has no order", "compare it with == or !=")
        op += 8 * (read.type.kind == "int")
    constant = encode([read.type.canonical], [right])
    return BoundCondition(read.target, read.data, read.word, op, constant, comparison.pos)


OPERATOR_CODES = {"==": 0, "!=": 1, "<": 2, "<=": 3, ">": 4, ">=": 5}
_AGE_OPERATORS = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}


def _age(read: BoundRead, op: str, moment: Moment, scope: Scope) -> BoundCondition:
    """`read >= now - 1h` says that the age of what is read is at most 1h. A future moment counts as age 0."""
    if op not in _AGE_OPERATORS:
        raise Flaw(moment.pos, "a moment is hardly ever met exactly", "compare with <, <=, > or >=")
    if moment.ago_s == 0 and op in ("<=", ">"):
        raise Flaw(
            moment.pos,
            f"`{op} now` cannot be told from `{'<' if op == '<=' else '>='} now`",
            f"write `{'<' if op == '<=' else '>='} now`",
        )
    if read.type.kind != "uint":
        raise Flaw(read.pos, f"{read.type.canonical} is no moment", "compare a uint that holds a unix time")
    age = function_in("facts", "age")
    data = age.selector + encode(age.types, [read.target, read.data, read.word])
    code = OPERATOR_CODES[_AGE_OPERATORS[op]]
    return BoundCondition(scope.lock.facts, data, 0, code, moment.ago_s.to_bytes(32, "big"), read.pos)


def _value(scalar: Scalar | None, scope: Scope) -> tuple[int, BoundRead | None]:
    if scalar is None:
        return 0, None
    if "(" in scalar.text:
        expr = parse_expr(scalar)
        read = bind_read(expr, scope) if isinstance(expr, Invoke) else None
        if not isinstance(expr, Invoke) or (read is not None and read.type.kind != "uint"):
            raise Flaw(
                scalar.pos, f"{shown(scalar.text)} is no amount", "write an amount, or a call that returns a uint"
            )
        return 0, read
    wei = amount(scalar, coin=True).wei()
    if wei > _MAX_VALUE:
        raise Flaw(scalar.pos, "the value is out of range", "write less than 79 billion ether")
    return wei, None


def _raw(call: Invoke, scope: Scope) -> tuple[bytes, list[tuple[int, BoundRead]]]:
    """`alias.receive()` sends no data; `alias.fallback(0x.., read)` sends what is written, reads as 32 bytes each."""
    if call.fn == "receive" and call.args:
        raise Flaw(call.fn_pos, "`receive()` takes no arguments", "write `fallback(0x..)` to send data")
    data, holes = b"", []
    for arg in call.args:
        if isinstance(arg, Hex) and len(arg.text) % 2 == 0 and _is_hex(arg.text[2:]):
            data += bytes.fromhex(arg.text[2:])
        elif isinstance(arg, Invoke):
            read = bind_read(arg, scope)
            if read is not None:
                holes.append((len(data), read))
            data += bytes(32)
        else:
            raise Flaw(
                arg.pos, "`fallback` takes bytes and reads", "write hex bytes such as 0x1234, or a call that is read"
            )
    return data, holes


def _raw_read(call: Invoke, scope: Scope, kind: Type) -> BoundRead:
    """`alias.fallback(0x..).3`: word 3 of what these bytes are answered with."""
    data, holes = _raw(call, scope)
    if holes:
        raise Flaw(holes[0][1].pos, "a read inside a read", "read it in a step of its own")
    word = call.field[0] if call.field else "0"
    if len(call.field) > 1 or not word.isdigit() or len(word) > 3 or int(word) > 255:
        raise Flaw(call.fn_pos, "a raw read has no such output", "write the index of a word, from `.0` to `.255`")
    return BoundRead(scope.alias_address(call.alias), data, int(word), kind, call.pos)


def _said_type(expr: Expr) -> Type:
    """The type that a literal says, for comparing a raw read with it."""
    try:
        kind = parse_type(expr.type) if isinstance(expr, Typed) else _UINT256
    except AbiError as error:
        raise Flaw(expr.pos, str(error), "write a Solidity type before the value") from None
    return kind


def _is_hex(digits: str) -> bool:
    return all(c in "0123456789abcdefABCDEF" for c in digits)


def _resolve(
    call: Invoke, interface: tuple[Function, ...], scope: Scope
) -> tuple[Function, bytes, list[tuple[int, BoundRead]]]:
    """The one function that fits the call, and its calldata."""
    functions = [f for f in interface if not f.is_error]
    named = [f for f in functions if f.name == call.fn]
    if not named:
        remedy = nearest(
            call.fn,
            {f.name for f in functions},
            f"its functions are {', '.join(sorted({f.name for f in functions})[:8]) or 'none'}",
        )
        raise Flaw(call.fn_pos, f"{shown(call.alias)} has no function {shown(call.fn)}", remedy)
    sized = [f for f in named if len(f.inputs) == len(call.args)]
    if not sized:
        count = len(call.args)
        message = f"`{call.fn}` is given {count} argument{'' if count == 1 else 's'}"
        raise Flaw(call.fn_pos, message, "it is " + " or ".join(f"`{f.signature}`" for f in named))
    fitting, flaws = [], []
    sized = [f for f in sized if _says(call.args, f.inputs)] or sized
    for function in sized:
        try:
            fitting.append((function, _arguments(call.args, function.inputs, scope)))
        except Flaw as flaw:
            flaws.append(flaw)
    if not fitting:
        if len(flaws) == 1:
            raise flaws[0]
        choices = " or ".join(f"`{f.signature}`" for f in sized)
        raise Flaw(call.fn_pos, f"no `{call.fn}` takes these arguments", f"it is {choices}")
    if len(fitting) > 1:
        choices = " or ".join(f"`{f.signature}`" for f, _ in fitting)
        raise Flaw(call.fn_pos, f"`{call.fn}` could be {choices}", "write the type before an argument, as in `uint8 5`")
    function, values = fitting[0]
    data, holes = _encode(function.types, values)
    return function, function.selector + data, [(4 + offset, read) for offset, read in holes]


def _says(args: tuple[Expr, ...], params: tuple[Param, ...]) -> bool:
    """Whether arguments that say their type say this function's."""
    return all(
        not isinstance(arg, Typed) or _said_type(arg).canonical == param.type.canonical
        for arg, param in zip(args, params, strict=True)
    )


def _arguments(args: tuple[Expr, ...], params: tuple[Param, ...], scope: Scope) -> list[Any]:
    def read(call: Invoke) -> BoundRead | None:
        return bind_read(call, scope)

    return [coerce(arg, param.type, scope, read) for arg, param in zip(args, params, strict=True)]


def _encode(types: list[str], values: list[Any]) -> tuple[bytes, list[tuple[int, BoundRead]]]:
    """ABI encoding with zeros where reads go. A hole is found as the one word that differs when it is filled."""
    holes: list[Hole] = []
    _find(values, holes)
    empty = encode(types, _filled(values, None))
    found = []
    for hole in holes:
        full = encode(types, _filled(values, hole))
        first = next(i for i in range(len(empty)) if empty[i] != full[i])
        found.append((first // 32 * 32, hole.read))
    return empty, found


def _find(value: Any, holes: list[Hole]) -> None:
    if isinstance(value, Hole):
        holes.append(value)
    elif isinstance(value, list | tuple):
        for item in value:
            _find(item, holes)


def _filled(value: Any, full: Hole | None) -> Any:
    if isinstance(value, Hole):
        return value.filled if value is full else value.empty
    if isinstance(value, list):
        return [_filled(item, full) for item in value]
    if isinstance(value, tuple):
        return tuple(_filled(item, full) for item in value)
    return value


def _output(call: Invoke, function: Function) -> tuple[int, Type]:
    """The index in words, and the type, of the output that the call's field names, or of the only one."""
    params, word = function.outputs, 0
    path = list(call.field)
    if not params:
        raise Flaw(call.fn_pos, f"`{function.signature}` returns nothing known", "add `returns (..)` to its signature")
    if not path and len(params) > 1:
        raise Flaw(call.fn_pos, f"`{function.signature}` returns {len(params)} values", f"pick one: {_choices(params)}")
    chosen = params[0]
    if len(params) == 1 and path and chosen.type.kind == "tuple" and path[0] not in (chosen.name, "0"):
        path.insert(0, "0")
    while path:
        name = path.pop(0)
        index = next((i for i, p in enumerate(params) if name in (p.name, str(i))), None)
        if index is None:
            raise Flaw(
                call.fn_pos, f"`{function.signature}` has no output {shown(name)}", f"pick one: {_choices(params)}"
            )
        word += sum(p.type.words or 1 for p in params[:index])
        chosen = params[index]
        if path and (chosen.type.kind != "tuple" or not chosen.type.words):
            raise Flaw(call.fn_pos, f"{shown(name)} has no fields at a fixed place", "read a plain output")
        params = chosen.type.fields
    if not chosen.type.is_word:
        raise Flaw(
            call.fn_pos,
            f"the output is {chosen.type.canonical}, not one word",
            "read a number, an address, a bool or fixed bytes",
        )
    if word > 255:
        raise Flaw(call.fn_pos, "the output is too far back", "only the first 256 words can be read")
    return word, chosen.type


def _choices(params: tuple[Param, ...]) -> str:
    return ", ".join(f"`.{p.name or i}`" for i, p in enumerate(params))
