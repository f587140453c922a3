"""Order promising: the earliest date we can stand by."""

from .atp import promise
from .model import OrderPromised, Promise, PromiseReleased, Refusal
from .service import find_promise, promise_order, release_promise
from .store import PROJECTION, PROMISE

__all__ = [
    "PROJECTION",
    "PROMISE",
    "OrderPromised",
    "Promise",
    "PromiseReleased",
    "Refusal",
    "find_promise",
    "promise",
    "promise_order",
    "release_promise",
]
