"""The letter to those who reserved while a claim was public that no longer holds."""

from __future__ import annotations

from datetime import date

from . import words
from .ground import Ground
from .model import Claim, Fact


def draft(
    ground: Ground, claim: Claim, before: Fact, after: Fact, public_from: date, public_to: date
) -> tuple[str, str]:
    """The letter in English and in Chinese. It promises nothing beyond the terms that the program states."""
    what_en, what_zh = words.what(ground, after)
    was_en, was_zh = words.value(ground, before.value, before.unit)
    is_en, is_zh = words.value(ground, after.value, after.unit)
    may_en, may_zh = _may(ground)
    english = (
        f"You reserved {ground.name} while this was public ({public_from} to {public_to}): “{claim.shown_en}”\n"
        f"What has changed is {what_en}: it was {was_en}, and is now {is_en}. What was said is no longer shown.\n"
        f"{may_en}"
    )
    chinese = (
        f"您预订 {ground.name} 时，以下内容正在公示（{public_from} 至 {public_to}）：“{claim.shown_zh}”\n"
        f"发生变化的是：{what_zh}：原为{was_zh}，现为{is_zh}。该内容已停止展示。\n"
        f"{may_zh}"
    )
    return english, chinese


def _may(ground: Ground) -> tuple[str, str]:
    """What the terms let a customer do, state by state."""
    policies = ground.policies
    free_en = "If you have paid nothing, you may cancel at any time and it costs you nothing."
    free_zh = "如果您尚未支付任何款项，可随时取消，无需任何费用。"
    if policies.deposit.minor and policies.deposit_refundable_until_lock:
        paid_en = (
            f"If you have paid the deposit of {policies.deposit} and your order has not locked"
            f" ({policies.lock_hours} hours after the deposit), you may cancel and all of it is returned."
        )
        paid_zh = (
            f"如果您已支付定金 {policies.deposit} 且订单尚未锁定（支付定金后 {policies.lock_hours} 小时锁单），"
            "您可以取消订单，定金全额退还。"
        )
    elif policies.deposit.minor:
        paid_en = f"If you have paid the deposit of {policies.deposit}, the terms do not return it."
        paid_zh = f"如果您已支付定金 {policies.deposit}，按照条款不予退还。"
    else:
        return free_en, free_zh
    locked_en = (
        "If your order has locked, the terms keep the deposit; because of what was shown to you,"
        " ask for yours to be looked at by answering this letter."
    )
    locked_zh = "如果订单已锁定，按照条款定金不予退还；鉴于此前展示的内容，您可以回复本通知，申请单独处理。"
    return f"{free_en} {paid_en} {locked_en}", f"{free_zh}{paid_zh}{locked_zh}"
