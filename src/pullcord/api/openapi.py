"""The API described by itself: one OpenAPI 3.1 document, made from the table that is served."""

from __future__ import annotations

import copy
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from pullcord.app import App
from pullcord.web import KINDS, ProblemDetail

from .operation import (
    PREFIX,
    CommandOperation,
    KeptOperation,
    Operation,
    ReadOperation,
    StreamOperation,
)
from .tokens import READ

Json = dict[str, Any]
_IN_PATH = re.compile(r"\{(\w+)\}")
_ID: Json = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$"}
_SSE: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "the event's seq"},
        "event": {"type": "string", "description": "its kind; `behind` and `ended` tell of the stream itself"},
        "data": {"type": "string", "description": "the event as JSON, as far as the party may see it"},
        "retry": {"type": "integer", "description": "milliseconds to wait before resuming"},
    },
}
_TAGS = {
    "program": "What is sold, by whom, at which price.",
    "orders": "From the wish to the firm order.",
    "campaigns": "Places, queues and their terms.",
    "production": "The weekly plan and the line.",
    "procurement": "Parts, call-offs and the dock.",
    "logistics": "Vehicles on the road.",
    "demand": "What is expected, and what leaves as private counts.",
    "finance": "Books and settlement.",
    "claims": "What is said in public, and what it rests on.",
    "events": "The ledger as it happens.",
    "webhooks": "The ledger, sent.",
}
_RESPONSE_HEADERS: Mapping[str, Json] = {
    "RequestId": {"description": "names this request in the log", "schema": {"type": "string"}},
    "RetryAfter": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}},
    "ETag": {"description": "stands for this answer; send it as If-None-Match", "schema": {"type": "string"}},
    "Link": {"description": 'the next page, as rel="next"', "schema": {"type": "string"}},
    "Location": {"description": "where what was made is read", "schema": {"type": "string"}},
    "Replayed": {
        "description": "`true` where the command was carried out before, and this is its answer again",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Allow": {"description": "the methods that the address takes", "schema": {"type": "string"}},
    "Challenge": {"description": "how to say who asks", "schema": {"type": "string"}},
}


def document(operations: Sequence[Operation], app: App) -> Json:
    """The whole description; its examples name what the program really has."""
    examples = _examples(app)
    components = _components(operations)
    paths: dict[str, Json] = {}
    for operation in operations:
        method = _method(operation).lower()
        paths.setdefault(f"{PREFIX}{operation.path}", {})[method] = _operation(operation, components, examples)
    used = {operation.tag for operation in operations}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Pullcord: {app.program.name}",
            "version": version("pullcord"),
            "summary": "What the parties of the alliance, and customers through the platform, may ask and say.",
            "description": (
                "Commands are POST and carry an Idempotency-Key: the same key and body have one effect and one answer."
                " A refusal that anybody may expect is an answer with `refused`; whatever else goes wrong is"
                " problem+json (RFC 9457)."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items() if name in used],
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": dict(_RESPONSE_HEADERS),
            "securitySchemes": {
                "partyToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": (
                        "A party's token. Its scopes are `read`, rooms such as `orders`, or commands such as"
                        " `orders.reserve`."
                    ),
                }
            },
        },
        "security": [{"partyToken": []}],
    }


def _method(operation: Operation) -> str:
    if isinstance(operation, CommandOperation):
        return "POST"
    return operation.method if isinstance(operation, KeptOperation) else "GET"


def _members(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)


def _components(operations: Iterable[Operation]) -> Json:
    kinds: list[Any] = [ProblemDetail]
    for operation in operations:
        if isinstance(operation, ReadOperation | StreamOperation):
            kinds.append(operation.query)
        elif operation.body is not None:
            kinds.append(operation.body)
        if not isinstance(operation, StreamOperation) and operation.answer is not None:
            kinds.extend(_members(operation.answer))
    _, found = msgspec.json.schema_components(list(dict.fromkeys(kinds)), ref_template="#/components/schemas/{name}")
    components = dict(found)
    components["ProblemDetail"]["properties"]["type"] = {
        "type": "string",
        "enum": [f"/problems/{code}" for code in KINDS],
    }
    return components


def _reference(kind: Any) -> Json:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    found: Json = schema
    return found


def _schema(kind: Any) -> Json:
    members = _members(kind)
    return _reference(kind) if len(members) == 1 else {"anyOf": [_reference(member) for member in members]}


def _operation(operation: Operation, components: Json, examples: Mapping[str, Any]) -> Json:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _ID,
            **({"example": examples[name]} if name in examples else {}),
        }
        for name in _IN_PATH.findall(operation.path)
    ]
    told: Json = {"operationId": operation.operation_id, "summary": operation.summary, "tags": [operation.tag]}
    needs = f"Scope: `{_scope(operation)}`."
    told["description"] = f"{operation.description} {needs}".strip()
    if isinstance(operation, CommandOperation) or (isinstance(operation, KeptOperation) and operation.method == "POST"):
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "Of your choice; a new one for each new command.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "minLength": 1, "maxLength": 255},
            }
        )
    if isinstance(operation, CommandOperation | ReadOperation) and operation.for_person:
        parameters.append(
            {
                "name": "Pullcord-Person",
                "in": "header",
                "required": False,
                "description": "On whose behalf: a customer's pseudonym. Only their own orders are then there.",
                "schema": _ID,
            }
        )
    if isinstance(operation, ReadOperation | StreamOperation):
        parameters += _query(operation.query, components, examples)
    if isinstance(operation, ReadOperation):
        parameters.append(
            {
                "name": "If-None-Match",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
            }
        )
    if isinstance(operation, StreamOperation):
        parameters.append(
            {
                "name": "Last-Event-ID",
                "in": "header",
                "required": False,
                "description": "seq of the last event that was read; goes before `after`",
                "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
            }
        )
    if parameters:
        told["parameters"] = parameters
    if isinstance(operation, CommandOperation | KeptOperation) and operation.body is not None:
        body = operation.body
        optional = isinstance(operation, CommandOperation) and operation.body_optional
        content: Json = {"schema": _reference(body)}
        example = _example(operation, components[body.__name__], examples)
        if example is not None:
            content["examples"] = {"program": {"value": example}}
        told["requestBody"] = {"required": not optional, "content": {"application/json": content}}
    told["responses"] = _responses(operation)
    return told


def _scope(operation: Operation) -> str:
    if isinstance(operation, CommandOperation):
        return operation.command
    return operation.scope if isinstance(operation, KeptOperation) else READ


def _query(kind: Any, components: Json, examples: Mapping[str, Any]) -> list[Json]:
    schema = components.pop(kind.__name__, None) or copy.deepcopy(_whole(kind))
    found = []
    for name, field in schema.get("properties", {}).items():
        field = dict(field)
        members = field.get("anyOf")
        if members is not None:  # a parameter that may be left out is no parameter that may be null
            (field,) = [member for member in members if member != {"type": "null"}]
            field = dict(field)
        if field.get("default", ...) is None:
            del field["default"]
        told: Json = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": field}
        if "description" in field:
            told["description"] = field.pop("description")
        if field.get("type") == "array":
            told |= {"style": "form", "explode": False}
        if name in examples:
            told["example"] = examples[name]
        found.append(told)
    return found


def _whole(kind: Any) -> Json:
    (_,), components = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    found: Json = components[kind.__name__]
    return found


def _responses(operation: Operation) -> Json:
    found: Json = {}
    headers: Json = {"X-Request-Id": _header("RequestId")}
    if isinstance(operation, StreamOperation):
        found["200"] = {
            "description": "Events, for as long as both sides keep on.",
            "headers": headers,
            "content": {"text/event-stream": {"schema": _SSE}},
        }
    elif isinstance(operation, ReadOperation):
        own = {**headers, "ETag": _header("ETag")}
        if "items" in getattr(operation.answer, "__struct_fields__", ()):
            own["Link"] = _header("Link")
        found["200"] = {
            "description": operation.summary,
            "headers": own,
            "content": {"application/json": {"schema": _schema(operation.answer)}},
        }
        found["304"] = {"description": "Nothing has changed since that ETag.", "headers": own}
    elif operation.answer is None:
        found["204"] = {"description": "Done.", "headers": headers}
    else:
        own = dict(headers)
        if isinstance(operation, CommandOperation):
            own["Idempotent-Replayed"] = _header("Replayed")
        made = {
            "description": "Done." if operation.status == 200 else "Made.",
            "headers": own,
            "content": {"application/json": {"schema": _schema(operation.answer)}},
        }
        if operation.status != 200:
            if isinstance(operation, CommandOperation):
                found["200"] = {**made, "description": "Refused, and `refused` says why; nothing was made."}
            made = {**made, "headers": {**own, "Location": _header("Location")}}
        found[str(operation.status)] = made
    for status in _failures(operation):
        found[str(status)] = _problem(status)
    return dict(sorted(found.items()))


def _failures(operation: Operation) -> list[int]:
    statuses = [400, 401, 403, 405, 413, 429, 500, 503]
    named = bool(_IN_PATH.search(operation.path))
    if isinstance(operation, CommandOperation):
        statuses += [404, 409, 415, 422, 502]
    elif isinstance(operation, KeptOperation):
        statuses += [404] if named else []
        statuses += [409, 415, 422] if operation.body is not None or operation.method == "POST" else []
    elif isinstance(operation, ReadOperation):
        statuses += [404] if named or operation.missing else []
        statuses += (
            [422] if named or operation.missing or "items" in getattr(operation.answer, "__struct_fields__", ()) else []
        )
    else:
        statuses += [422]
    return statuses


def _problem(status: int) -> Json:
    kinds = [kind for kind in KINDS.values() if kind.status == status]
    headers: Json = {"X-Request-Id": _header("RequestId")}
    if status in (409, 429):
        headers["Retry-After"] = _header("RetryAfter")
    if status == 405:
        headers["Allow"] = _header("Allow")
    if status == 401:
        headers["WWW-Authenticate"] = _header("Challenge")
    return {
        "description": "; or ".join(f"{kind.title} (`/problems/{kind.code}`)" for kind in kinds),
        "headers": headers,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetail"}}},
    }


def _header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}


def _example(operation: CommandOperation | KeptOperation, schema: Json, examples: Mapping[str, Any]) -> Json | None:
    if operation.example is not None:
        return dict(operation.example)
    required = schema.get("required", [])
    if any(name not in examples for name in required):
        return None
    return {name: examples[name] for name in required}


def _examples(app: App) -> Json:
    """Names that the program really has."""
    program = app.program
    price = program.prices[0]
    found: Json = {
        "person_id": "p-0001",
        "variant_id": price.variant_id,
        "plan": price.plan,
        "city_id": program.cities[0].city_id,
        "plant_id": program.plants[0].plant_id,
        "part_id": program.parts[0].part_id,
        "order_id": "o-0001",
        "km_per_month": 1_500,
        "release_id": "r-0001",
        "by": ["city"],
        "epsilon_micro": 250_000,
        "period": "2025Q4",
        "partner": app.desk.house.carmaker.party_id,
    }
    campaigns = getattr(program, "campaigns", ())
    if campaigns:
        found["campaign_id"] = campaigns[0].campaign_id
    return found
