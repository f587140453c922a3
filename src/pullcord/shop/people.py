"""Signing up, in and out, and a person's own data: seen, taken along, erased."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Response, get, post

from pullcord.accounts import Refused
from pullcord.base import PersonId
from pullcord.desk import open_orders, orders_of, person_record

from .house import Shop, SignInFirst
from .visit import AnyRequest, Visit, network_address, safe_address
from .words import Words


def handlers(shop: Shop) -> list[Any]:
    """The handlers of these pages."""
    accounts = shop.context.accounts

    @get("/sign-in")
    async def sign_in_page(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        to = safe_address(request.query_params.get("to"))
        if visit.person_id is not None:
            return shop.redirect(to)
        return shop.page(visit, "sign_in", keep_session=True, to=to, found=[], email="")

    @post("/sign-in", status_code=200)
    async def sign_in(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        sent = await shop.form(request, visit)
        email, to = sent.get("email", ""), safe_address(sent.get("to"))
        answer = await shop.by_password(
            accounts.sign_in,
            email,
            sent.get("password", ""),
            address=network_address(request),
            instead_of=visit.session,
        )
        if isinstance(answer, Refused):
            found = [refused_said(visit.words, answer)]
            return shop.page(visit, "sign_in", status=status_of(answer), to=to, found=found, email=email)
        return shop.redirect(to, answer)

    @get("/sign-up")
    async def sign_up_page(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        to = safe_address(request.query_params.get("to"))
        if visit.person_id is not None:
            return shop.redirect(to)
        return shop.page(visit, "sign_up", keep_session=True, to=to, found=[], email="", name="")

    @post("/sign-up", status_code=200)
    async def sign_up(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        t = visit.words
        sent = await shop.form(request, visit)
        email, password, name = (sent.get(key, "") for key in ("email", "password", "name"))
        to, came_from = safe_address(sent.get("to")), network_address(request)
        answer: Any = await shop.by_password(accounts.sign_up, email, password, name, address=came_from)
        # An address that has an account gets the same answer as a wrong password: nobody learns who has one here.
        # Whoever has one and knows its password is simply signed in.
        if not isinstance(answer, Refused) or answer.code == "taken":
            answer = await shop.by_password(
                accounts.sign_in, email, password, address=came_from, instead_of=visit.session
            )
        if isinstance(answer, Refused):
            found = fault_lines(t, answer) or [
                t("sign_up.taken") if answer.code == "wrong" else refused_said(t, answer)
            ]
            return shop.page(visit, "sign_up", status=status_of(answer), to=to, found=found, email=email, name=name)
        return shop.redirect(to, answer)

    @post("/sign-out", status_code=200)
    async def sign_out(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        await shop.form(request, visit)
        if visit.person_id is not None:
            await asyncio.to_thread(accounts.sign_out, visit.session.token)
        return shop.redirect("/", accounts.begin_visit())

    @get("/account")
    async def account(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        told = visit.words("account.changed") if request.query_params.get("told") == "changed" else ""
        return await account_page(visit, told=told)

    async def account_page(
        visit: Visit, *, told: str = "", found: list[str] | None = None, status: int = 200
    ) -> Response[Any]:
        person = signed_in(visit)
        t = visit.words
        profile = await asyncio.to_thread(accounts.profile, person)
        rows, waiting = await shop.read(lambda reader: (orders_of(reader, person)[::-1], open_orders(reader, person)))
        return shop.page(
            visit,
            "account",
            status=status,
            profile=profile,
            told=told,
            found=found or [],
            open_orders=len(waiting),
            orders=[
                {
                    "id": row.order_id,
                    "variant_name": shop.variant_name(t, shop.house.variants[row.variant_id]),
                    "state": row.state.value,
                    "when": t.day(shop.local(row.reserved_at).date()),
                    "city": shop.city(t, row.city_id),
                }
                for row in rows
            ],
        )

    @post("/account/password", status_code=200)
    async def password(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        signed_in(visit)
        sent = await shop.form(request, visit)
        answer = await shop.by_password(
            accounts.change_password, visit.session, sent.get("old", ""), sent.get("new", "")
        )
        if isinstance(answer, Refused):
            t = visit.words
            found = fault_lines(t, answer) or [
                refused_said(t, answer) if answer.code in ("wait", "busy") else t("account.not_changed")
            ]
            return await account_page(visit, found=found, status=status_of(answer))
        return shop.redirect("/account?told=changed", answer)

    @get("/account/export")
    async def export(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        person = signed_in(visit)
        account_data = await asyncio.to_thread(accounts.export, person)
        ledger = await asyncio.to_thread(person_record, shop.app.ledger, person)
        body = msgspec.json.format(
            msgspec.json.encode({"account": account_data, "ledger": ledger}, enc_hook=str), indent=2
        )
        headers = {"content-disposition": 'attachment; filename="my-data.json"', "cache-control": "no-store"}
        return Response(body, media_type="application/json", headers=headers)

    @post("/account/erase", status_code=200)
    async def erase(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        person = signed_in(visit)
        t = visit.words
        sent = await shop.form(request, visit)
        trusted = await shop.by_password(accounts.confirm, visit.session, sent.get("password", ""))
        if isinstance(trusted, Refused) or sent.get("sure") != "yes":
            said = refused_said(t, trusted) if isinstance(trusted, Refused) and trusted.code == "wait" else ""
            session = visit.session if isinstance(trusted, Refused) else trusted
            again = Visit(t, session, accounts.csrf_token(session), visit.address)
            page = await account_page(again, found=[said or t("account.not_erased")], status=422)
            page.cookies.append(shop.session_cookie(session))
            return page
        waiting = await shop.read(lambda reader: open_orders(reader, person))
        answer = await asyncio.to_thread(accounts.erase, person, open_orders=waiting, by=person)
        if isinstance(answer, Refused):
            again = Visit(t, trusted, accounts.csrf_token(trusted), visit.address)
            page = await account_page(again, found=[t("account.not_erased")], status=409)
            page.cookies.append(shop.session_cookie(trusted))
            return page
        return shop.redirect("/erased", accounts.begin_visit())

    @get("/erased")
    async def erased(request: AnyRequest) -> Response[Any]:
        visit = await shop.visit(request)
        t = visit.words
        return shop.page(
            visit,
            "told",
            heading=t("account.erased"),
            lines=[t("account.erased_text")],
            to="/",
            to_said=t("error.home"),
        )

    return [sign_in_page, sign_in, sign_up_page, sign_up, sign_out, account, password, export, erase, erased]


def signed_in(visit: Visit) -> PersonId:
    """Who is signed in; SignInFirst where nobody is."""
    if visit.person_id is None:
        raise SignInFirst
    return visit.person_id


def refused_said(t: Words, refused: Refused) -> str:
    """Why somebody was not let in, without saying whether there is such an account."""
    if refused.code in ("wait", "busy"):
        return t("sign_in.wait", seconds=max(1, refused.retry_after_s))
    lines = fault_lines(t, refused)
    return lines[0] if lines else t("sign_in.wrong")


def fault_lines(t: Words, refused: Refused) -> list[str]:
    """What is wrong in a form, field by field."""
    if refused.code != "form":
        return []
    keys = [f"fault.{fault.field}" for fault in refused.faults]
    return [t(key if t.has(key) else "fault.form") for key in keys] or [t("fault.form")]


def status_of(refused: Refused) -> int:
    """The status of the page that tells it."""
    return 429 if refused.code in ("wait", "busy") else 422
