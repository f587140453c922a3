"""From a command to its answer and its events, chained and ready to be written; all of it in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from pullcord.base import Conflict, InvalidInput, ProgramId

from .asks import Failure, GroupFailed
from .command import Command, CommandAnswered, fingerprint, open_answer, seal_answer
from .database import Database
from .event import Event, chain, codec_of
from .rows import Unsure
from .transaction import Page, Reaction, Transaction, react

VERSIONS_MAX = 300_000  # streams whose version is kept in memory


class Decider:
    """Decides one command after the other on one page, and keeps what is to be written of them."""

    def __init__(
        self,
        database: Database,
        program_id: ProgramId,
        page: Page,
        reactions: Mapping[type, Sequence[Reaction]],
    ) -> None:
        self._database = database
        self._program_id = program_id
        self._page = page
        self._reactions = dict(reactions)
        self._answered = codec_of(CommandAnswered)
        self.hash = b""  # of the last event
        self.unwritten: list[tuple[Any, ...]] = []  # events as the database takes them

    def find_kept(self, cursor: Any, streams: list[str], kept: dict[str, CommandAnswered]) -> None:
        """Add to `kept` what the commands of these streams were answered before."""
        if self._page.versions_complete:  # no stream exists but those in memory
            versions = self._page.versions
            streams = [stream for stream in streams if stream in versions]
        if streams:
            for stream, body in self._database.first_versions(cursor, self._program_id, streams):
                kept[stream] = self._answered.open(body)

    def decide(
        self,
        raw: Any,
        command: Command[Any],
        stream: str,
        kept: dict[str, CommandAnswered],
        now: datetime,
        at: str,
    ) -> Any:
        """The command's answer, from what was kept or decided now; a Failure when it raised and was undone.

        `raw` is the connection whose transaction has begun, None where there is none. Raises GroupFailed where what was
        decided before in the group is of no use any more or, without a transaction, where the database is needed.
        """
        page = self._page
        seq = page.seq
        try:
            if "\n" in command.party or "\n" in stream:
                raise InvalidInput(
                    f"command {command.id!r} of {command.party!r} has a name of two lines", "use ids in one line"
                )
            mark = fingerprint(command)
            before = kept.get(stream)
            if before is not None:
                if before.fingerprint != mark:
                    raise Conflict(
                        f"command `{command.id}` was already given as `{before.name}` with another body",
                        "give each new command an id of its own",
                    )
                return open_answer(command, before.answer_type, before.answer)
            page.seq = seq + 1  # the command's own event comes first, and is written when the answer is known
            tx = Transaction(page, now, command.party, seq + 1)
            answer = command.decide(tx)
            if self._reactions:
                react(tx, self._reactions)
            type_name, sealed_answer, answer = seal_answer(command, answer)
            body = CommandAnswered(command.name, mark, type_name, msgspec.Raw(sealed_answer))
            sealed = self._answered.encode(body)
            if page.flush_failure is not None:
                raise page.flush_failure  # decide caught it, and could not know that it concerns the whole group
            own = Event(seq + 1, now, self._answered.kind, stream, 1, command.party, None, body)
            rows, last_hash = self._chained([(own, sealed), *page.drafts], at)
        except BaseException as failure:
            if raw is not None and (page.flush_failure is not None or self._database.is_aborted(raw)):
                raise GroupFailed from page.flush_failure or failure
            try:
                self._undo(seq)
            except Unsure:
                raise GroupFailed from failure
            if raw is None and not isinstance(failure, Exception):
                raise  # somebody ends the thread, which is not the writer's
            if raw is None and (page.flush_failure is not None or self._database.is_storage_failure(failure)):
                page.flush_failure = None
                raise GroupFailed from failure
            return Failure(failure)
        self.unwritten += rows
        self.hash = last_hash
        page.drafts.clear()
        page.rows.keep()
        page.versions[stream] = 1
        kept[stream] = body
        return answer

    def write_events(self, cursor: Any) -> None:
        """Write the events of the transaction that has begun."""
        if self.unwritten:
            self._database.insert_events(cursor, self.unwritten)
            self.unwritten = []

    def take_events(self) -> list[tuple[Any, ...]]:
        """The events that are not written yet, to be written by who takes them."""
        taken, self.unwritten = self.unwritten, []
        return taken

    def forget(self) -> None:
        """Drop what was decided: the database is right, memory is not."""
        self.unwritten = []
        self._page.drafts.clear()
        self._page.flush_failure = None
        self._page.rows.forget()

    def trim(self) -> None:
        """Keep memory within bounds. Only called when everything is written but what is unwritten here."""
        page = self._page
        page.rows.trim()
        if len(page.versions) > VERSIONS_MAX:
            page.versions = {row[4]: row[5] for row in self.unwritten}
            page.versions_complete = False

    def _undo(self, seq: int) -> None:
        """Forget what the command in progress has done. Raises Unsure where memory alone cannot."""
        page = self._page
        for event, _ in reversed(page.drafts):
            page.versions[event.stream] = event.version - 1
        page.drafts.clear()
        page.seq = seq
        page.rows.undo()

    def _chained(self, drafts: list[tuple[Event[Any], bytes]], at: str) -> tuple[list[tuple[Any, ...]], bytes]:
        """The command's events as they are written, linked to the chain, and the hash of the last."""
        program_id, previous = self._program_id, self.hash
        rows: list[tuple[Any, ...]] = []
        for event, sealed in drafts:
            seq, kind, stream, version, party, cause = (
                event.seq,
                event.kind,
                event.stream,
                event.version,
                event.party,
                event.cause,
            )
            previous = chain(previous, seq, at, kind, stream, version, party, cause, sealed)
            rows.append((program_id, seq, at, kind, stream, version, party, cause, sealed.decode(), previous))
        return rows, previous
