"""Results in the shape the report reads, with SYNTHETIC numbers drawn from a seed: for tests of the report only.

Nothing here is a finding. City coordinates are real so that the map can be judged by eye; all else is made up.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from pullcord.base import stream

SYNTHETIC = "SYNTHETIC numbers for tests of the report"

CITIES = [
    ("beijing", "Beijing", "北京", 39.90, 116.41, 18_960_744),
    ("shanghai", "Shanghai", "上海", 31.22, 121.46, 22_315_474),
    ("guangzhou", "Guangzhou", "广州", 23.12, 113.25, 16_096_724),
    ("shenzhen", "Shenzhen", "深圳", 22.55, 114.07, 17_494_398),
    ("chengdu", "Chengdu", "成都", 30.67, 104.07, 13_568_357),
    ("chongqing", "Chongqing", "重庆", 29.56, 106.55, 7_457_600),
    ("wuhan", "Wuhan", "武汉", 30.58, 114.27, 10_392_693),
    ("xian", "Xi'an", "西安", 34.26, 108.93, 9_392_938),
    ("hangzhou", "Hangzhou", "杭州", 30.29, 120.16, 9_236_032),
    ("nanjing", "Nanjing", "南京", 32.06, 118.78, 7_165_292),
    ("tianjin", "Tianjin", "天津", 39.14, 117.18, 11_090_314),
    ("shenyang", "Shenyang", "沈阳", 41.79, 123.43, 6_255_921),
    ("harbin", "Harbin", "哈尔滨", 45.75, 126.65, 5_242_897),
    ("urumqi", "Ürümqi", "乌鲁木齐", 43.80, 87.60, 3_029_372),
    ("kunming", "Kunming", "昆明", 25.04, 102.72, 5_273_144),
    ("changsha", "Changsha", "长沙", 28.20, 112.97, 5_980_707),
    ("zhengzhou", "Zhengzhou", "郑州", 34.76, 113.65, 6_461_013),
    ("jinan", "Jinan", "济南", 36.67, 117.00, 5_606_374),
    ("qingdao", "Qingdao", "青岛", 36.06, 120.38, 5_597_028),
    ("dalian", "Dalian", "大连", 38.91, 121.60, 4_913_879),
    ("xiamen", "Xiamen", "厦门", 24.48, 118.08, 4_617_251),
    ("fuzhou", "Fuzhou", "福州", 26.06, 119.31, 3_740_000),
    ("nanning", "Nanning", "南宁", 22.82, 108.32, 3_839_800),
    ("foshan", "Foshan", "佛山", 23.02, 113.13, 9_042_509),
    ("dongguan", "Dongguan", "东莞", 23.02, 113.75, 9_644_871),
    ("suzhou", "Suzhou", "苏州", 31.30, 120.60, 5_892_892),
    ("lanzhou", "Lanzhou", "兰州", 36.06, 103.79, 3_000_000),
    ("hohhot", "Hohhot", "呼和浩特", 40.81, 111.65, 2_681_758),
    ("guiyang", "Guiyang", "贵阳", 26.58, 106.72, 4_021_275),
    ("haikou", "Haikou", "海口", 20.04, 110.34, 2_873_358),
]

RIVALS = [
    ("xingyuan", "Geely Xingyuan", 83.8, 360, 42_000),
    ("mini-ev", "Wuling Mini EV", 47.8, 205, 56_000),
    ("seagull", "BYD Seagull", 77.8, 355, 23_000),
    ("dolphin", "BYD Dolphin", 114.8, 470, 16_500),
    ("bingo-s", "Wuling Bingo S", 74.3, 378, 17_500),
    ("lumin", "Changan Lumin", 53.4, 228, 20_500),
    ("panda", "Geely Panda Mini", 46.9, 160, 15_900),
    ("yuan-up", "BYD Yuan UP", 97.3, 351, 20_100),
    ("mona", "Xpeng Mona M03", 129.8, 568, 16_300),
    ("t03", "Leapmotor T03", 59.9, 302, 0),
    ("mg4", "MG4", 84.3, 484, 9_900),
    ("ut", "GAC Aion UT", 85.8, 415, 0),
]

PART_NAMES = ("holding", "markdown", "lost_margin", "expedite", "financing")
DELAYS = (0, 1, 7, 30, 91)


def sample_results(seed: int = 7) -> dict[str, Any]:
    """One whole results record; a new seed gives other numbers in the same shape."""
    rng = stream(seed, "tests.report.sample")
    start = date(2025, 11, 9)
    return {
        "program": {
            "id": "sample",
            "name": "Sample car (synthetic)",
            "category": "vehicle",
            "unit_name": "car",
            "currency": "CNY",
            "seed": seed,
            "digest": "3f5a" * 16,
            "starts_on": start.isoformat(),
            "horizon_weeks": 30,
            "pullcord": "0.1.0",
        },
        "latency": _latency(rng),
        "demand": _demand(rng),
        "offers": _offers(),
        "break_even_months": 100.25,
        "launch": _launch(rng, start),
        "schedule": _schedule(rng, start),
        "procurement": _procurement(rng, start),
        "cities": _cities(rng),
        "finance": _finance(),
        "measures": {
            "M1": {"value": 0.041, "built_unsold_over_30_days": 0, "lost": 1230, "demand": 30_000},
            "M3": {"mae_days": 0.82, "late_over_3_days_share": 0.012, "n": 24_180},
            "M7": {
                "total_minor_per_unit": 61_230,
                "parts": dict(zip(PART_NAMES, (8_000, 0, 42_000, 5_230, 6_000), strict=True)),
            },
            "L1": {"p50_hours": 12.0, "p95_hours": 23.0, "n": 180},
            "L2": {"p50_hours": 30.5, "p95_hours": 160.0, "n": 24_000},
            "L3": {"p50_hours": 0.0, "p95_hours": 0.0, "n": 410},
        },
        "twin": _twin(rng),
        "assumptions": [
            {
                "key": "part_cost_battery",
                "value": 25_000,
                "unit": "CNY per pack",
                "low": 20_000,
                "high": 32_000,
                "reason": "no public source; scaled from cell prices per kWh",
            },
            {"key": "km_per_month", "value": 1_200, "unit": "km", "low": 600, "high": 2_500, "reason": SYNTHETIC},
        ],
        "sources": [
            {
                "what": "monthly sales of rivals",
                "source": "https://example.org/sales?month=2025-11&kind=bev",
                "mark": "S",
            },
            {"what": "price card", "source": "press release of 2025-11-09", "mark": "S"},
        ],
        "ledger": {
            "events": 412_388,
            "tables": {"customer_order": 30_000, "build_slot": 320, "posting": 120_412, "call_off": 410},
            "by_kind": {"order.reserved": 30_000, "order.quoted": 29_500, "finance.transferred": 55_000},
        },
    }


def _latency(rng: np.random.Generator) -> dict[str, Any]:
    wape = {"1": 0.234, "2": 0.334, "3": 0.391, "4": 0.448, "6": 0.512}
    months = [date(2024 + (6 + k) // 12, (6 + k) % 12 + 1, 1) for k in range(24)]
    return {
        "wape": wape,
        "interval_95": {lag: [v * 0.78, v * 1.2] for lag, v in wape.items()},
        "pairs": 114,
        "reduction_3_to_1": 0.401,
        "reduction_interval_95": [0.25, 0.54],
        "since": "2024-07-01",
        "models": [name for _, name, *_ in RIVALS],
        "by_month": {
            m.isoformat(): {lag: round(float(v * rng.lognormal(0, 0.35)), 4) for lag, v in wape.items()} for m in months
        },
        "source": SYNTHETIC,
    }


def _demand(rng: np.random.Generator) -> dict[str, Any]:
    total = sum(units for *_, units in RIVALS) / 0.97
    rivals = [
        {
            "id": key,
            "name": name,
            "price_minor": round(kcny * 100_000),
            "attributes": {"range_km": range_km, "power_kw": 30 + range_km / 5},
            "observed_units": units,
            "observed_share": units / total,
            "predicted_share": units / total * 0.97,
            "diversion": units / (total * 0.97),
        }
        for key, name, kcny, range_km, units in RIVALS
    ]
    prices = [30_000 + 5_000 * k for k in range(19)]
    curve = []
    for price in prices:
        mean = 0.05 / (1 + np.exp((price - 60_000) / 14_000))
        curve.append({"price_minor": price * 100, "share_mean": mean, "share_lo": mean * 0.6, "share_hi": mean * 1.5})
    return {
        "new_product": "Sample car",
        "month_of_calibration": "2025-11",
        "market_units_per_month": total,
        "rivals": rivals,
        "share": {"point": 0.031, "tastes_95": [0.022, 0.043], "all_95": [0.004, 0.152]},
        "units_per_month": {"point": 7_300, "tastes_95": [5_200, 10_100], "all_95": [950, 35_800]},
        "price_curve": curve,
        "tastes": [
            {
                "attribute": "price_10k_cny",
                "unit": "utility per 10,000 CNY",
                "mean": -0.31,
                "standard_error": 0.05,
                "source": SYNTHETIC,
                "mark": "S",
            },
            {
                "attribute": "range_km",
                "unit": "utility per km",
                "mean": 0.0041,
                "standard_error": 0.0009,
                "source": SYNTHETIC,
                "mark": "S",
            },
        ],
        "unidentified": [
            "The new product's own constant: how buyers see it apart from its listed attributes.",
            "Price response from a cross-section of best-sellers: quality that nobody lists moves with price.",
        ],
        "warnings": ["Models outside the published list are missing, not zero."],
    }


def _offers() -> list[dict[str, Any]]:
    months = range(0, 121, 6)
    made = []
    for variant in ("white", "green", "grey", "blue"):
        for plan, price, monthly in (("rent", 4_990_000, 39_900), ("buy", 8_990_000, None)):
            made.append(
                {
                    "variant_id": f"ut-{variant}",
                    "variant": f"UT {variant}",
                    "plan": plan,
                    "price_minor": price,
                    "monthly_minor": monthly,
                    "cap_km_per_month": 3_000 if monthly else None,
                    "overage_minor": 20 if monthly else None,
                    "cost_by_month": [[m, price + (monthly or 0) * m] for m in months],
                    "km_per_month": 1_200,
                }
            )
    return made


def _launch(rng: np.random.Generator, start: date) -> dict[str, Any]:
    days, daily, waits = 150, [], []
    reservations = 18_000.0
    quotes = deposits = locks = cancels = hand_overs = 0.0
    for k in range(days):
        reservations += 0 if k == 0 else max(0.0, 900 * np.exp(-k / 16)) * rng.uniform(0.7, 1.3)
        quotes += min(2_200, reservations - quotes)
        deposits = quotes * 0.86
        locks += min(1_500, deposits * 0.93 - locks)
        cancels = deposits * 0.07 * min(1, k / 60)
        hand_overs += min(240 if k > 16 else 0, max(0.0, locks - hand_overs - cancels))
        day = (start + timedelta(days=k)).isoformat()
        values = (reservations, quotes, deposits, locks, cancels, hand_overs)
        names = ("reservations", "quotes", "deposits", "locks", "cancels", "hand_overs")
        daily.append({"day": day, **{n: int(v) for n, v in zip(names, values, strict=True)}})
        middle = 16 + 90 * (1 - np.exp(-k / 12))
        waits.append({"day": day, "p10": middle * 0.7, "p50": middle, "p90": middle * 1.25 + 3})
    errors = np.round(rng.normal(-0.4, 1.6, 24_000)).astype(int)
    kinds, counts = np.unique(errors, return_counts=True)
    return {
        "reservations": int(reservations),
        "asked": int(quotes),
        "quoted": int(quotes) - 210,
        "refused": 210,
        "declined": 3_300,
        "deposited": int(deposits),
        "locked": int(locks),
        "cancelled": int(cancels),
        "refunded_minor": int(cancels) * 19_900,
        "built": 25_400,
        "handed_over": int(hand_overs),
        "open_at_end": 1_100,
        "daily": daily,
        "quoted_wait": waits,
        "promise_error_days": {str(k): int(c) for k, c in zip(kinds, counts, strict=True)},
    }


def _weeks(start: date, count: int = 24) -> list[date]:
    monday = start - timedelta(days=start.weekday())
    return [monday + timedelta(weeks=k) for k in range(count)]


def _schedule(rng: np.random.Generator, start: date) -> dict[str, Any]:
    weeks = []
    for k, week in enumerate(_weeks(start)):
        capacity = 1_250 if k < 4 else 1_700
        built = int(capacity * (1 if k < 17 else max(0.0, 1 - (k - 16) / 8)))
        mix = rng.dirichlet([6, 4, 3, 2]) if built else np.zeros(4)
        colours = ("white", "green", "grey", "blue")
        weeks.append(
            {
                "week": week.isoformat(),
                "capacity": capacity,
                "built": built,
                "by_variant": {f"ut-{c}": int(built * m) for c, m in zip(colours, mix, strict=True)},
            }
        )
    prices = [
        {"constraint": name, "week": week.isoformat(), "value_minor": float(max(0.0, top * (1 - k / 17)))}
        for name, top in (("plant capacity", 180_000), ("colour green", 42_000), ("part battery-54", 96_000))
        for k, week in enumerate(_weeks(start))
        if k < 17
    ]
    plans = [
        {"as_of": week.isoformat(), "gap": 0.0, "status": "optimal", "objective": 1e9 / (k + 1)}
        for k, week in enumerate(_weeks(start))
    ]
    return {
        "plant": "Guangzhou",
        "weeks": weeks,
        "shadow_prices": prices,
        "as_of": weeks[-1]["week"],
        "gap": 0.0,
        "status": "optimal",
        "plans": plans,
    }


def _procurement(rng: np.random.Generator, start: date) -> dict[str, Any]:
    suppliers = [
        {"supplier_id": f"s{k}", "name": name}
        for k, name in enumerate(
            ("Battery cells and packs", "Motors", "Seats", "Glass", "Body panels", "Tyres", "Electronics", "Harness")
        )
    ]
    weekly = [
        {
            "week": week.isoformat(),
            "supplier_id": s["supplier_id"],
            "amount_minor": int(4e9 / (k + 1) * rng.uniform(0.5, 1.2) * max(0, 1 - n / 20)),
        }
        for k, s in enumerate(suppliers)
        for n, week in enumerate(_weeks(start))
    ]
    return {
        "suppliers": suppliers,
        "weekly": weekly,
        "call_offs": 410,
        "lines": 5_120,
        "amount_minor": sum(row["amount_minor"] for row in weekly),
        "pegging_example": {
            "calloff_id": "co-2025-11-17-s0",
            "supplier": "Battery cells and packs",
            "part": "battery-54",
            "quantity": 3,
            "due_on": "2025-12-01",
            "orders": [{"order_id": f"o-{k}", "quantity": 1} for k in range(3)],
        },
    }


def _cities(rng: np.random.Generator) -> list[dict[str, Any]]:
    return [
        {
            "city_id": key,
            "name": name,
            "local_name": local,
            "lat": lat,
            "lon": lon,
            "population": people,
            "hand_overs": int(people / 9_000 * rng.uniform(0.6, 1.4)),
            "transit_days": int(1 + np.hypot(lat - 23.1, lon - 113.3) / 5),
            "mean_wait_days": float(rng.uniform(40, 80)),
            "invoice": key not in ("urumqi", "lanzhou", "hohhot"),
        }
        for key, name, local, lat, lon, people in CITIES
    ]


def _finance() -> dict[str, Any]:
    parties = [
        ("platform", "Platform", "channel"),
        ("maker", "Carmaker", "maker"),
        ("battery", "Battery maker", "battery"),
        ("customers", "Customers", "buyer"),
        ("suppliers", "Suppliers", "supplier"),
    ]
    paid = (3e10, 9e11, 2e11, 1.3e12, 2e11)
    received = (6e10, 1.1e12, 4e11, 1e9, 9e11)
    split = {"rent": (0.05, 0.93, 0.02), "buy": (0.04, 0.56, 0.40)}
    prices = {"rent": 4_990_000, "buy": 8_990_000}
    return {
        "trial_balance_minor": 0,
        "parties": [
            {"party_id": p, "name": n, "role": r, "received_minor": int(i), "paid_minor": int(o)}
            for (p, n, r), i, o in zip(parties, received, paid, strict=True)
        ],
        "sale_split": [
            {
                "plan": plan,
                "price_minor": prices[plan],
                "shares": [
                    {"party_id": p, "name": n, "amount_minor": round(prices[plan] * s)}
                    for (p, n, _), s in zip(parties, shares, strict=False)
                ],
            }
            for plan, shares in split.items()
        ],
    }


def _twin(rng: np.random.Generator) -> dict[str, Any]:
    listed, paired, paired_prompt = [], [], []
    means = {
        "push": {
            "M1": (0.16, 0.0021),
            "M2": (0.3, 0.0),
            "M3": (4.2, 0.02),
            "holding": (60_000, 260),
            "markdown": (82_000, 700),
            "lost_margin": (70_000, 420),
            "expedite": (9_000, 0),
            "financing": (15_000, 60),
        },
        "pull": {
            "M1": (0.06, 0.0019),
            "M2": (0.04, 0.0),
            "M3": (1.1, 0.045),
            "holding": (9_000, 30),
            "markdown": (4_000, 90),
            "lost_margin": (45_000, 800),
            "expedite": (16_000, 100),
            "financing": (7_000, 20),
        },
    }
    for delay in DELAYS:
        totals: dict[str, dict[str, float]] = {}
        for world, table in means.items():
            values = {m: base + slope * delay for m, (base, slope) in table.items()}
            values["M7"] = sum(values[p] for p in PART_NAMES)
            totals[world] = values
            for measure, mean in values.items():
                half = mean * rng.uniform(0.02, 0.07)
                unit = {"M1": "share", "M2": "share", "M3": "days"}.get(measure, "minor per unit")
                row = {"world": world, "delay_days": delay, "measure": measure, "unit": unit}
                listed.append(row | {"mean": mean, "lo": mean - half, "hi": mean + half})
        for measure in ("M1", "M2", "M3", "M7"):
            mean = totals["push"][measure] - totals["pull"][measure]
            half = abs(mean) * 0.2 + totals["push"][measure] * 0.06
            paired.append({"delay_days": delay, "measure": measure, "mean": mean, "lo": mean - half, "hi": mean + half})
            if measure == "M1":
                free = {"delay_days": delay, "measure": measure, "mean": mean + 0.03, "lo": mean, "hi": mean + 0.06}
                paired_prompt.append(free)
        for world, share in (("pull", totals["pull"]["M1"]), ("pull_prompt", totals["pull"]["M1"] - 0.03)):
            lost = {"world": world, "delay_days": delay, "unit": "share of demand", "mean": share}
            for measure in ("M1_lost",) if world == "pull" else ("M1", "M1_lost"):
                listed.append(lost | {"measure": measure, "lo": share * 0.9, "hi": share * 1.1})
    for world, factor in (("no_configuration_feedback", 1.3), ("no_daily_forecast", 1.02), ("no_call_off_pull", 1.12)):
        for measure, base in (("M1", 0.06), ("M3", 1.1), ("M7", 81_000)):
            listed.append(
                {
                    "world": world,
                    "delay_days": 0,
                    "measure": measure,
                    "unit": "",
                    "mean": base * factor,
                    "lo": base * factor * 0.96,
                    "hi": base * factor * 1.04,
                }
            )
    links = []
    for delay in DELAYS:
        pairs = (
            ("pull_uninformed", "pull", delay),
            ("push", "push_informed", delay),
            ("pull", "pull", 0),
            ("pull", "pull_prompt", delay),
        )
        for k, (world, other, at) in enumerate(pairs):
            for measure, size in (("M1", 0.04), ("M2", 0.02), ("M3", 0.5), ("M7", 90_000.0)):
                mean = size * (k - 0.6) * (delay / 30 if world == other else 1)
                row = {"world": world, "delay_days": delay, "other": other, "other_delay_days": at, "measure": measure}
                links.append(row | {"mean": mean, "lo": mean - size, "hi": mean + size / 2})
    weeks = list(range(1, 53))
    demand = [float(900 * np.exp(-w / 20) + 300) for w in weeks]
    series = {
        "push": {
            "week": weeks,
            "demand": demand,
            "built": [800.0] * 52,
            "stock": [max(0.0, 2_000 - 30 * w + 1.4 * w**2) for w in weeks],
            "backlog": [0.0] * 52,
        },
        "pull": {
            "week": weeks,
            "demand": demand,
            "built": [min(950.0, d * 1.05) for d in demand],
            "stock": [120.0] * 52,
            "backlog": [max(0.0, 2_400 - 90 * w) for w in weeks],
        },
    }
    return {
        "replications": 30,
        "seed": 7,
        "delays_days": list(DELAYS),
        "rows": listed,
        "paired": paired,
        "paired_prompt": paired_prompt,
        "rule": {"quote_valid_hours": 48, "freeze_weeks": 2, "lock_hours": 168, "open_weeks": [2, 2, 2, 2, 3, 3, 3]},
        "links": links,
        "series": series,
        "notes": [SYNTHETIC],
        "scale": "1 simulated shopper stands for 10",
    }
