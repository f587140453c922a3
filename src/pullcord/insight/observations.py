"""What would change our mind, second half: what to watch, and how many of it, to know an unknown twice as well.

Twice as well means: half the standard deviation. Information adds up, so that three times what is known already has
to be learned; the formulas are the conjugate ones of the beliefs that the forecast uses.
"""

from __future__ import annotations

from math import ceil, sqrt

from pullcord import privacy
from pullcord.demand import ShareDraws
from pullcord.outlook import Outlook

from .model import Estimate, Observation, SegmentUnits, TakeRate
from .splits import NORMAL_95, imagined_orders
from .unknowns import percent, range_deviation
from .willingness import price_taste

OFFER_SPREAD = 0.05  # half of the shoppers are shown a price so much higher, half so much lower
RELEASES_MOST = 10**9


def observations(
    outlook: Outlook,
    drawn: ShareDraws,
    segments: tuple[SegmentUnits, ...],
    rates: tuple[TakeRate, ...],
    epsilon_micro: int,
    *,
    learned: bool = False,
    orders: int | None = None,
) -> tuple[Observation, ...]:
    """One for each unknown that watching can teach, in the order of the story: how many, at what price, of which.

    `learned`: whether releases have already moved the splits; what they are worth is then read off their intervals.
    `orders`: how many paid orders releases have told of, None where they have told of none.
    """
    made: list[Observation | None] = [level_by_orders(outlook), level_by_reservations(outlook)]
    if orders is not None:
        made = [level_by_more_orders(outlook, orders)]
    made += price_scale(outlook, drawn)
    made += take_rate(rates, epsilon_micro, learned)
    made += segment(outlook, segments, learned)
    made += [conversion(outlook, "reservation_to_order_share", "reservations")]
    made += [conversion(outlook, "cancel_after_deposit_share", "deposits")]
    return tuple(row for row in made if row is not None)


def level_by_orders(outlook: Outlook) -> Observation:
    """Paid orders, were the launch profile known: a gamma belief of shape a is twice as sure after 3 a of them."""
    shape = outlook.level.shape
    return Observation(
        "level",
        "how many will buy in all",
        "paid orders",
        ceil(3 * shape),
        f"the belief before launch is so wide that it is worth {shape:.1f} orders; this holds as far as it is known how"
        " much of the long run a launch day stands for",
    )


def level_by_reservations(outlook: Outlook) -> Observation:
    """Reservations, whose conversion is known only so far: beyond a certain error no number of them is enough."""
    shape, error = outlook.level.shape, outlook.program.assumed("signal_relative_error")
    share = outlook.program.assumed("reservation_to_order_share")
    room = 1 - 3 * shape * error**2
    needed = 1 / sqrt(3 * shape)
    if room <= 0 or share <= 0:
        return Observation(
            "level by reservations",
            "how many will buy in all",
            "reservations",
            None,
            f"conversion and launch profile are taken to be known within {percent(error)}; below {percent(needed)} some"
            " number would do, as it is none does",
        )
    return Observation(
        "level by reservations",
        "how many will buy in all",
        "reservations",
        ceil(3 * shape / room / share),
        f"{percent(share)} of them ask for a date; conversion and launch profile are taken to be known within"
        f" {percent(error)}",
    )


def level_by_more_orders(outlook: Outlook, orders: int) -> Observation:
    """Once orders are counted, more of them say no more: what they share is the error of the launch profile."""
    error = outlook.program.assumed("signal_relative_error")
    return Observation(
        "level by more orders",
        "how many will buy in all",
        "orders of the launch",
        None,
        f"{orders:,} are counted already, and all of them share one error: how much of the long run a launch day stands"
        f" for is taken to be known within {percent(error)}; orders of later months are what tells",
    )


def price_scale(outlook: Outlook, drawn: ShareDraws) -> list[Observation]:
    """Orders at two prices: to halve the survey's own error, and to check that its scale holds here and now.

    A shopper who is shown a price d steps off the middle tells s (1 - s) d^2 about the taste, s being the share who
    buy: Fisher information of a logit, Train (2009), sec. 8.5. Counted are orders, s of each shopper.
    """
    taste = price_taste(outlook.program)
    if taste is None or taste.standard_error <= 0:
        return []
    steps = OFFER_SPREAD * float(outlook.newcomer.price.major) / taste.step
    told = (1 - drawn.point) * steps**2  # by each order
    halving = 3 / taste.standard_error**2 / told
    twofold = NORMAL_95**2 / taste.mean**2 / told
    offer = (
        f"orders, half of the shoppers being shown {percent(OFFER_SPREAD)} more and half {percent(OFFER_SPREAD)} less"
    )
    return [
        Observation(
            "price taste", "how much a higher price repels", offer, ceil(halving),
            "to halve the standard error that the study states",
        ),
        Observation(
            "price scale", "whether the study's price taste holds here and now", offer, ceil(twofold),
            "to tell the stated taste from none, or from twice as much, with 95 % confidence; the error of carrying it"
            " to another place and time is in no interval",
        ),
    ]  # fmt: skip


def take_rate(rates: tuple[TakeRate, ...], epsilon_micro: int, learned: bool) -> list[Observation]:
    """Orders, or persons in one private release: a Dirichlet worth n orders is twice as sure after 3 (n + 1) more."""
    if not rates:
        return []
    row = max(rates, key=lambda r: (r.rate.high - r.rate.low, r.family_id, r.option_id))
    worth = float(sum(other.variants for other in rates if other.family_id == row.family_id))
    believed = f"what is believed so far is worth {worth:.0f} orders, one for each variant"
    if learned:
        worth = _worth(row.rate)
        believed = f"what is known so far, releases among it, is worth {worth:,.0f} orders"
    made = [
        Observation(
            "take rate", f"how many take {row.option}", "paid orders", ceil(3 * (worth + 1)),
            believed,
        )
    ]  # fmt: skip
    if epsilon_micro > 0:
        count = _through_noise(row.rate.mean, worth, epsilon_micro)
        epsilon = privacy.epsilon_text(epsilon_micro)
        made.append(
            Observation(
                "take rate, private", f"how many take {row.option}", f"persons in one release at epsilon {epsilon}",
                count, "the same through the noise of a release by this family alone",
            )
        )  # fmt: skip
    return made


def _through_noise(rate: float, worth: float, epsilon_micro: int) -> int | None:
    """The least number of persons whose noisy split is as telling as a quarter of the variance asks for."""
    wanted = rate * (1 - rate) / (worth + 1) / 4
    noise = privacy.deviation(2 * privacy.EPSILON_UNIT / epsilon_micro) ** 2

    def left(persons: int) -> float:
        whole = worth + persons
        return rate * (1 - rate) / (whole + 1) + noise * (1 + rate**2) / whole**2

    low, high = 0, 1
    while left(high) > wanted:
        low, high = high, 2 * high
        if high > RELEASES_MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if left(middle) > wanted else (low, middle)
    return high


def segment(outlook: Outlook, segments: tuple[SegmentUnits, ...], learned: bool) -> list[Observation]:
    """Orders by plan."""
    worth = imagined_orders(outlook.program)
    if worth is None:
        return []
    row = max(segments, key=lambda r: (r.share.high - r.share.low, r.segment))
    believed = f"the assumed range is worth {worth:.0f} orders"
    if learned:
        worth = _worth(row.share)
        believed = f"what is known so far, releases among it, is worth {worth:,.0f} orders"
    return [
        Observation(
            "segment", f"how many take the plan {row.segment}", "paid orders", ceil(3 * (worth + 1)),
            believed,
        )
    ]  # fmt: skip


def _worth(share: Estimate) -> float:
    """How many orders a share's interval is worth: as many as a Dirichlet of that width has."""
    deviation = max((share.high - share.low) / (2 * NORMAL_95), 1e-9)
    return max(share.mean * (1 - share.mean) / deviation**2 - 1, 1.0)


def conversion(outlook: Outlook, key: str, what: str) -> Observation | None:
    """Persons followed to the end of their decision: a share's variance is c (1 - c) / n."""
    row = outlook.program.assumptions[key]
    deviation = range_deviation(row)
    if deviation <= 0 or not 0 < row.value < 1:
        return None
    name = {"reservation_to_order_share": "how many of those who reserve ask for a date"}.get(
        key, "how many of those who paid change their minds"
    )
    return Observation(
        key, name, f"{what} followed to their end", ceil(3 * row.value * (1 - row.value) / deviation**2),
        f"the assumed {percent(row.value)} may be {percent(row.low)} to {percent(row.high)}",
    )  # fmt: skip
