"""Bid prices: what one more vehicle in a week takes away from all that the plan could do with it.

Source: Talluri and van Ryzin (2004), The Theory and Practice of Revenue Management, ch. 3: the opportunity cost of a
product is the sum, over the resources it uses, of their bid prices; and the shadow prices of the plan's linear program
are such bid prices.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pullcord.base import VariantId
from pullcord.store import Reader

from .capacity import Capacity
from .store import BID_PRICE


def week_costs(reader: Reader, capacity: Capacity, variant_id: VariantId) -> npt.NDArray[np.float64]:
    """Opportunity cost of one vehicle of the variant built in each week: float64[week], minor units.

    From the shadow prices of the plant's latest plan; zero in weeks beyond it and for what it does not limit.
    """
    costs = np.zeros(len(capacity.weeks))
    row = reader.get(BID_PRICE, capacity.plant_id)
    if row is None:
        return costs
    at = {week.isoformat(): t for t, week in enumerate(capacity.weeks)}
    for resource, quantity in zip(*capacity.lines(variant_id), strict=True):
        for week, minor in row.prices.get(capacity.names[resource], {}).items():
            if week in at:
                costs[at[week]] += quantity * minor
    return costs
