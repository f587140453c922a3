"""Lanes: a block of draws that the processor computes with at once, as a type of numba's.

A kernel that computes with lanes says which draws share an instruction, instead of hoping that the compiler finds out.
16 lanes of float64 or 32 of float32 fill two 512-bit registers, four of 256 bits or eight of 128: LLVM cuts them to
what the processor has. `load` takes lanes from a flat array and `store` puts them back; numbers beside lanes are
spread over all of them. Indices are trusted: nothing checks them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import numpy as np

# Neither llvmlite nor the inner parts of numba are typed.
ir: Any = import_module("llvmlite.ir")
numba: Any = import_module("numba")
cgutils: Any = import_module("numba.core.cgutils")
types: Any = import_module("numba.core.types")
typing: Any = import_module("numba.core.typing.templates")
extending: Any = import_module("numba.extending")

LANES_64 = 16  # lanes of float64
LANES_32 = 32  # lanes of float32

Function = TypeVar("Function", bound=Callable[..., Any])
# Sums may be taken in another order, as vector units do; not-a-number and infinity keep their meaning.
REORDER = frozenset({"reassoc", "contract", "nsz"})


def outer(*, makes_arrays: bool = False) -> Callable[[Function], Function]:
    """Compile a function that Python calls, without holding Python's lock; the code is kept on disk.

    One that makes no arrays of its own need not count who holds those it is given, which costs more than it seems.
    """
    options = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True, "_nrt": makes_arrays}
    return compiled(options)


def inner(
    *, inline: bool = False, makes_arrays: bool = False, fastmath: frozenset[str] = frozenset()
) -> Callable[[Function], Function]:
    """Compile a function that only compiled ones call; `inline` where the call itself would cost too much."""
    return compiled(
        {
            "cache": True,
            "nogil": True,
            "error_model": "numpy",
            "no_cpython_wrapper": True,
            "no_cfunc_wrapper": True,
            "forceinline": inline,
            "_nrt": makes_arrays,
            "fastmath": set(fastmath),
        }
    )


def compiled(options: dict[str, Any]) -> Callable[[Function], Function]:
    """Numba's compiler with some options."""

    def compile_it(function: Function) -> Function:
        return numba.njit(**options)(function)  # type: ignore[no-any-return]

    return compile_it


def intrinsic(function: Callable[..., Any]) -> Any:
    """A function that writes LLVM's code itself."""
    return extending.intrinsic(function)


class LanesType(types.Type):  # type: ignore[misc]
    """Numba's type of a block of lanes, of float64 or float32."""

    def __init__(self, scalar: Any) -> None:
        self.scalar = scalar
        self.count = LANES_64 if scalar == types.float64 else LANES_32
        super().__init__(name=f"lanes({scalar} x {self.count})")

    @property
    def vector(self) -> Any:
        """LLVM's type."""
        return ir.VectorType(ir.DoubleType() if self.scalar == types.float64 else ir.FloatType(), self.count)

    @property
    def integers(self) -> Any:
        """LLVM's type for the bits of the lanes."""
        return ir.VectorType(ir.IntType(64 if self.scalar == types.float64 else 32), self.count)


class _LanesModel(extending.models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, lanes: LanesType) -> None:
        super().__init__(manager, lanes, lanes.vector)


extending.register_model(LanesType)(_LanesModel)


def _of(*arguments: Any) -> Any:
    """The type of the lanes among the arguments; None without any, or where another argument is no number."""
    found = [a for a in arguments if isinstance(a, LanesType)]
    fits = all(isinstance(a, LanesType | types.Float | types.Integer) for a in arguments)
    return found[0] if found and fits and len(set(found)) == 1 else None


def _constant(lanes: LanesType, number: float) -> Any:
    return ir.Constant(lanes.vector, [number] * lanes.count)


def _bits(lanes: LanesType, number: int) -> Any:
    return ir.Constant(lanes.integers, [number] * lanes.count)


def _spread(context: Any, builder: Any, lanes: LanesType, value: Any, kind: Any) -> Any:
    """Lanes as they are, or a number in every lane."""
    if isinstance(kind, LanesType):
        return value
    scalar = context.cast(builder, value, kind, lanes.scalar)
    one = builder.insert_element(ir.Constant(lanes.vector, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
    nowhere = ir.Constant(ir.VectorType(ir.IntType(32), lanes.count), [0] * lanes.count)
    return builder.shuffle_vector(one, ir.Constant(lanes.vector, ir.Undefined), nowhere)


def _arithmetic(symbol: Any, emit: Any) -> None:
    class Typing(typing.AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            lanes = _of(*args) if len(args) == 2 else None
            return lanes(*args) if lanes else None

    typing.infer_global(symbol)(Typing)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, b = (_spread(context, builder, sig.return_type, v, t) for v, t in zip(args, sig.args, strict=True))
        return emit(builder, a, b)

    for left, right in ((LanesType, LanesType), (LanesType, types.Number), (types.Number, LanesType)):
        extending.lower_builtin(symbol, left, right)(lower)


# "contract" lets LLVM join a product and a sum where the processor can.
_arithmetic(operator.add, lambda builder, a, b: builder.fadd(a, b, flags=("contract",)))
_arithmetic(operator.sub, lambda builder, a, b: builder.fsub(a, b, flags=("contract",)))
_arithmetic(operator.mul, lambda builder, a, b: builder.fmul(a, b, flags=("contract",)))
_arithmetic(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))


def _address(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    start = context.make_array(array_type)(context, builder, array).data
    return builder.gep(start, [at])


@intrinsic
def load(typing_context: Any, array: Any, at: Any) -> Any:
    """The lanes that begin at an element of a flat array."""
    lanes = LanesType(array.dtype)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _address(context, builder, sig.args[0], args[0], args[1])
        return builder.load(builder.bitcast(address, lanes.vector.as_pointer()), align=lanes.scalar.bitwidth // 8)

    return lanes(array, types.int64), emit


@intrinsic
def store(typing_context: Any, array: Any, at: Any, value: Any) -> Any:
    """Put lanes into a flat array, from an element on; lanes of float64 are rounded where it holds float32."""
    lanes = value if isinstance(value, LanesType) else LanesType(array.dtype)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _address(context, builder, sig.args[0], args[0], args[1])
        vector = _spread(context, builder, lanes, args[2], sig.args[2])
        if array.dtype != lanes.scalar:
            vector = builder.fptrunc(vector, ir.VectorType(ir.FloatType(), lanes.count))
        builder.store(vector, builder.bitcast(address, vector.type.as_pointer()), align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, value), emit


@intrinsic
def item(typing_context: Any, array: Any, at: Any) -> Any:
    """One element of a flat array, its index trusted."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_address(context, builder, sig.args[0], args[0], args[1]))

    return array.dtype(array, types.int64), emit


@intrinsic
def spread(typing_context: Any, array: Any, number: Any) -> Any:
    """A number in every lane; lanes as an array of this kind has them."""
    lanes = LanesType(array.dtype)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _spread(context, builder, lanes, args[1], sig.args[1])

    return lanes(array, number), emit


def _compare(builder: Any, symbol: str, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(symbol, a, b), a, b)


@intrinsic
def larger(typing_context: Any, a: Any, b: Any) -> Any:
    """The larger of two, lane by lane."""
    lanes = _of(a, b)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, y = (_spread(context, builder, lanes, v, t) for v, t in zip(args, sig.args, strict=True))
        return _compare(builder, ">", x, y)

    return lanes(a, b), emit


@intrinsic
def smaller(typing_context: Any, a: Any, b: Any) -> Any:
    """The smaller of two, lane by lane."""
    lanes = _of(a, b)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, y = (_spread(context, builder, lanes, v, t) for v, t in zip(args, sig.args, strict=True))
        return _compare(builder, "<", x, y)

    return lanes(a, b), emit


@intrinsic
def magnitude(typing_context: Any, a: Any) -> Any:
    """Each lane without its sign."""
    lanes = _of(a)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _compare(builder, ">", args[0], builder.fsub(_constant(lanes, -0.0), args[0]))

    return lanes(a), emit


@intrinsic
def positive(typing_context: Any, a: Any) -> Any:
    """1 where a lane is above 0, else 0."""
    lanes = _of(a)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        above = builder.fcmp_ordered(">", args[0], _constant(lanes, 0.0))
        return builder.select(above, _constant(lanes, 1.0), _constant(lanes, 0.0))

    return lanes(a), emit


def _reduce(builder: Any, lanes: LanesType, name: str, vector: Any, *first: Any) -> Any:
    scalar = lanes.vector.element
    suffix = f"v{lanes.count}f{lanes.scalar.bitwidth}"
    kind = ir.FunctionType(scalar, [*(scalar for _ in first), lanes.vector])
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.vector.reduce.{name}.{suffix}")
    return builder.call(function, [*first, vector], fastmath=("reassoc", "nnan"))


@intrinsic
def total(typing_context: Any, a: Any) -> Any:
    """The sum over all lanes, a number."""
    lanes = _of(a)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _reduce(builder, lanes, "fadd", args[0], ir.Constant(lanes.vector.element, -0.0))

    return lanes.scalar(a), emit


@intrinsic
def largest(typing_context: Any, a: Any) -> Any:
    """The largest of all lanes, a number."""
    lanes = _of(a)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _reduce(builder, lanes, "fmax", args[0])

    return lanes.scalar(a), emit


# 2^r on |r| <= 1/2: minimax polynomials, relative error 2e-16 of degree 10 and 7e-8 of degree 5 (Remez's algorithm).
_EXP2_64 = (
    1.0, 0.6931471805599497, 0.24022650695908768, 0.05550410866445883, 0.0096181291080346, 0.0013333558228562255,
    0.00015403529961124487, 1.5252658116108541e-05, 1.3215662836662445e-06, 1.020853799033914e-07,
    7.037278811505339e-09,
)  # fmt: skip
_EXP2_32 = (1.0000000716550645, 0.6931469670639888, 0.24022119721866372, 0.055507132740821676, 0.009675541445143368,
            0.001327647205385605)  # fmt: skip
LOG2_E = 1.4426950408889634


@intrinsic
def exp2(typing_context: Any, a: Any) -> Any:
    """2 to the power of each lane, which must lie within -1022 and 1023 (float64) or -126 and 127 (float32).

    2^x = 2^n 2^r with n = round(x): a polynomial in r = x - n, which is exact, and n added to the exponent's bits.
    Relative error below 1e-15 (float64) and 2.5e-7 (float32). Source: Muller (2016), Elementary Functions, 3rd ed.,
    ch. 10-11.
    """
    lanes = _of(a)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = lanes.scalar == types.float64
        mantissa_bits = 52 if wide else 23
        # Adding 1.5 * 2^52 pushes the whole number into the lowest bits of the mantissa.
        magic = _constant(lanes, 1.5 * 2.0**mantissa_bits)
        shifted = builder.fadd(args[0], magic)
        r = builder.fsub(args[0], builder.fsub(shifted, magic))
        coefficients = _EXP2_64 if wide else _EXP2_32
        value = _constant(lanes, coefficients[-1])
        for c in reversed(coefficients[:-1]):
            value = builder.fadd(builder.fmul(value, r, flags=("contract",)), _constant(lanes, c), flags=("contract",))
        power = builder.shl(builder.bitcast(shifted, lanes.integers), _bits(lanes, mantissa_bits))
        return builder.bitcast(builder.add(builder.bitcast(value, lanes.integers), power), lanes.vector)

    return lanes(a), emit


@intrinsic
def rounded(typing_context: Any, a: Any) -> Any:
    """The whole number next to each lane."""
    lanes = _of(a)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        suffix = f"v{lanes.count}f{lanes.scalar.bitwidth}"
        kind = ir.FunctionType(lanes.vector, [lanes.vector])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.rint.{suffix}"), args)

    return lanes(a), emit


@intrinsic
def exponent(typing_context: Any, a: Any) -> Any:
    """The power of two in each lane, as a number: 3 for 8 <= x < 16. Lanes are positive."""
    lanes = _of(a)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = lanes.scalar == types.float64
        mantissa_bits, bias = (52, 1023) if wide else (23, 127)
        # A whole number below 2^52 as the mantissa of 2^52 + itself: no conversion is needed.
        magic = 2**mantissa_bits
        pattern = int(np.float64(magic).view(np.int64)) if wide else int(np.float32(magic).view(np.int32))
        bits = builder.lshr(builder.bitcast(args[0], lanes.integers), _bits(lanes, mantissa_bits))
        number = builder.bitcast(builder.or_(bits, _bits(lanes, pattern)), lanes.vector)
        return builder.fsub(number, _constant(lanes, float(magic + bias)))

    return lanes(a), emit


@intrinsic
def mantissa(typing_context: Any, a: Any) -> Any:
    """Each lane without its power of two: 1 <= m < 2. Lanes are positive."""
    lanes = _of(a)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = lanes.scalar == types.float64
        mask, one = (2**52 - 1, 0x3FF0000000000000) if wide else (2**23 - 1, 0x3F800000)
        bits = builder.and_(builder.bitcast(args[0], lanes.integers), _bits(lanes, mask))
        return builder.bitcast(builder.or_(bits, _bits(lanes, one)), lanes.vector)

    return lanes(a), emit


@intrinsic
def power_of_two(typing_context: Any, a: Any) -> Any:
    """2 to the whole number in each lane; 0 where that is too small for a normal number."""
    lanes = _of(a)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = lanes.scalar == types.float64
        mantissa_bits, bias = (52, 1023) if wide else (23, 127)
        magic = _constant(lanes, 1.5 * 2.0**mantissa_bits)
        n = _compare(builder, "<", args[0], _constant(lanes, float(bias)))
        n = _compare(builder, ">", n, _constant(lanes, float(-bias)))  # -bias + bias leaves 0 in the bits: 0.0
        bits = builder.bitcast(builder.fadd(builder.fadd(n, _constant(lanes, float(bias))), magic), lanes.integers)
        return builder.bitcast(builder.shl(bits, _bits(lanes, mantissa_bits)), lanes.vector)

    return lanes(a), emit
