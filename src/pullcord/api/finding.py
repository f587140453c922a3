"""From an address to the endpoint that stands there: names first, then what may be any name."""

from __future__ import annotations

from pullcord.web import Receive, Scope, Send, problem, send_reply

from .endpoint import Endpoint
from .operation import PREFIX


class _Step:
    """What may follow after a part of an address."""

    __slots__ = ("any", "endpoint", "names", "parameters", "template")

    def __init__(self) -> None:
        self.names: dict[str, _Step] = {}
        self.any: _Step | None = None
        self.endpoint: Endpoint | None = None
        self.template = ""
        self.parameters: tuple[str, ...] = ()


class Finder:
    """One ASGI application for everything below PREFIX.

    Litestar's own router cannot lead a plain ASGI application to an address with a name in it, and its handlers cost a
    third of what a reservation may cost altogether.
    """

    def __init__(self, endpoints: dict[str, Endpoint]) -> None:
        self._root = _Step()
        for path, endpoint in endpoints.items():
            self._add(path, endpoint)

    def _add(self, path: str, endpoint: Endpoint) -> None:
        step, parameters = self._root, []
        for part in path.strip("/").split("/"):
            if part.startswith("{"):
                parameters.append(part[1:-1])
                step.any = step.any or _Step()
                step = step.any
            else:
                step = step.names.setdefault(part, _Step())
        step.endpoint, step.template, step.parameters = endpoint, PREFIX + path, tuple(parameters)

    def find(self, path: str) -> tuple[_Step, dict[str, str]] | None:
        """The step at a path below PREFIX and the names in it; None where nothing stands."""
        step, values = self._root, []
        for part in path.strip("/").split("/"):
            following = step.names.get(part)
            if following is None:
                following = step.any
                if following is None or not part:
                    return None
                values.append(part)
            step = following
        return (step, dict(zip(step.parameters, values, strict=True))) if step.endpoint is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.find(scope["path"])
        scope["path"] = PREFIX + scope["path"].rstrip("/")  # as it was asked for
        if found is None:
            scope["path_template"] = None
            reply = problem("not-found", "Nothing stands at this address.", instance=scope["path"])
            await send_reply(send, reply, with_body=scope["method"] != "HEAD")
            return
        step, scope["path_params"] = found
        scope["path_template"] = step.template
        assert step.endpoint is not None
        await step.endpoint(scope, receive, send)
