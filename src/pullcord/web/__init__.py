"""What the API and the shop share: the way to the ledger, errors as problem+json, headers, limits, metrics."""

from .assembly import app_config, asgi_route, assemble, common_routes, not_allowed, page_route
from .context import Context, Options
from .gateway import Answered, Gateway
from .limits import Limiter, Rate
from .metrics import Metrics
from .problems import KINDS, Fault, HttpProblem, ProblemDetail, problem, problem_of
from .reply import ASGIApp, Headers, Message, Receive, Reply, Scope, Send, request_headers, send_reply
from .shell import SECURITY_HEADERS, Shell, too_many, unexpected
from .tail import Tail
from .traces import Tracer, tracer

__all__ = [
    "KINDS",
    "SECURITY_HEADERS",
    "ASGIApp",
    "Answered",
    "Context",
    "Fault",
    "Gateway",
    "Headers",
    "HttpProblem",
    "Limiter",
    "Message",
    "Metrics",
    "Options",
    "ProblemDetail",
    "Rate",
    "Receive",
    "Reply",
    "Scope",
    "Send",
    "Shell",
    "Tail",
    "Tracer",
    "app_config",
    "asgi_route",
    "assemble",
    "common_routes",
    "not_allowed",
    "page_route",
    "problem",
    "problem_of",
    "request_headers",
    "send_reply",
    "too_many",
    "tracer",
    "unexpected",
]
