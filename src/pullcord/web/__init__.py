"""What the API and the shop share: the way to the ledger, errors as problem+json, headers, limits, metrics."""

from .assembly import app_config, asgi_route, assemble, common_routes, not_allowed, page_route
from .clients import Network, client_of, proxy_network
from .context import Context, Options
from .gateway import Answered, Gateway
from .limits import Limiter, Rate
from .metrics import Metrics
from .problems import KINDS, Fault, HttpProblem, ProblemDetail, problem, problem_of
from .reply import ASGIApp, Headers, Message, Receive, Reply, Scope, Send, prefers_page, request_headers, send_reply
from .shell import SECURITY_HEADERS, RefusalPage, Shell, too_many, unexpected
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
    "Network",
    "Options",
    "ProblemDetail",
    "Rate",
    "Receive",
    "RefusalPage",
    "Reply",
    "Scope",
    "Send",
    "Shell",
    "Tail",
    "Tracer",
    "app_config",
    "asgi_route",
    "assemble",
    "client_of",
    "common_routes",
    "not_allowed",
    "page_route",
    "prefers_page",
    "problem",
    "problem_of",
    "proxy_network",
    "request_headers",
    "send_reply",
    "too_many",
    "tracer",
    "unexpected",
]
