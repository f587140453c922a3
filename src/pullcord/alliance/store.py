"""The alliance's tables, and the events that fill them."""

from __future__ import annotations

from pullcord.store import Projection

from .bills import MONTH_BILL, MonthBilled, month_billed
from .refusals import REFUSAL, RightRefused, right_refused

PROJECTION = Projection("alliance", (REFUSAL, MONTH_BILL), {RightRefused: right_refused, MonthBilled: month_billed})
