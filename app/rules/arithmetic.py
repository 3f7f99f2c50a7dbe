"""The decimal arithmetic of rules."""

from __future__ import annotations

from contextlib import AbstractContextManager
from decimal import ROUND_HALF_EVEN, Context, DivisionByZero, InvalidOperation, Overflow, localcontext

# 28 digits, and no number beyond 60 digits before the point: a runaway product must fail, not fill the memory.
_CONTEXT = Context(
    prec=28, rounding=ROUND_HALF_EVEN, Emin=-60, Emax=60, traps=[DivisionByZero, InvalidOperation, Overflow]
)


def decimals() -> AbstractContextManager[Context]:
    """The context in which rules calculate, whatever the caller's own is."""
    return localcontext(_CONTEXT)
