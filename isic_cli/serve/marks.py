"""What a page writes: marks, lists, collections and notes; whole or not at all, never elsewhere."""

import csv
import io
import json
import re
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
from pydantic import Field

from isic_cli.errors import IsicError, LocalError
from isic_cli.files.atomic import replacing_text, write_text
from isic_cli.files.load import load_json, read_text
from isic_cli.files.lock import held
from isic_cli.folder.curating import make_collection
from isic_cli.folder.payloads import IsicId, NewCollection, Payload, read_payload
from isic_cli.folder.replies import json_reply
from isic_cli.folder.request import Call
from isic_cli.folder.transport import Routes
from isic_cli.serve.beside import NOTE_COLUMNS, NOTES
from isic_cli.serve.gallery import GalleryRoutes, queried
from isic_cli.tables.names import guarded

TOKEN_HEADER = "X-Isic-Token"  # noqa: S105 - the name of a header

_NAME = r"^[\w][\w .+-]{0,99}$"
_MARKS = "gallery.json"
#: Text without control signs but tabs and line ends: a NUL makes a table unreadable.
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
Ids = Annotated[list[IsicId], Field(max_length=500_000)]


class Marks(Payload):
    """What is marked in a folder, and not saved as a list yet."""

    selected: list[IsicId] = Field(default_factory=list)
    excluded: list[IsicId] = Field(default_factory=list)


class MarkChanges(Marks):
    """Images whose mark a page has changed; those of other pages stay as they are."""

    cleared: list[IsicId] = Field(default_factory=list)


class SavedList(Payload):
    """A list or a collection to write: ids, or what a query finds, without those excluded."""

    kind: Literal["selection", "exclusion", "collection"]
    name: Annotated[str, Field(max_length=200)] = ""
    ids: Ids = Field(default_factory=list)
    query: str | None = None
    excluded: Ids = Field(default_factory=list)
    replace: bool = False


class Note(Payload):
    """A remark on an image."""

    isic_id: IsicId
    note: Annotated[str, Field(min_length=1, max_length=10_000, pattern=_TEXT)]
    who: Annotated[str, Field(max_length=100, pattern=_TEXT)] = ""


class Writing:
    """The routes below `/gallery/` that write.

    Parameters
    ----------
    gallery : GalleryRoutes
        The routes that read, and the token of its page.
    """

    def __init__(self, gallery: GalleryRoutes) -> None:
        self._gallery = gallery
        self._one_at_a_time = threading.Lock()

    @property
    def routes(self) -> Routes:
        """The routes by their path."""
        return {
            "/gallery/marks": {"GET": self.marks, "POST": self._guarded(self.keep_marks)},
            "/gallery/save": {"POST": self._guarded(self.save)},
            "/gallery/notes": {"POST": self._guarded(self.add_note)},
        }

    def _guarded(self, write: Any) -> Any:
        def answer(call: Call) -> httpx.Response:
            given = call.headers.get(TOKEN_HEADER, "").encode()
            if not secrets.compare_digest(given, self._gallery.token.encode()):
                return json_reply({"detail": "the page is of an earlier run: load it again"}, 403)
            if self._gallery.transport.read_only:
                return json_reply({"detail": "this folder is served to be looked at only"}, 403)
            with self._one_at_a_time:
                try:
                    reply: httpx.Response = queried(write)(call)
                except LocalError as error:
                    return json_reply({"detail": error.message}, 507)
                return reply

        return answer

    def marks(self, call: Call) -> httpx.Response:
        """Answer `marks`: what is marked; ids that the folder has no more are left out."""
        found = self._kept_marks()
        there = call.store.among({*found.selected, *found.excluded})
        return json_reply(
            {
                name: [one for one in ids if one in there]
                for name, ids in (("selected", found.selected), ("excluded", found.excluded))
            }
        )

    def _kept_marks(self) -> Marks:
        try:
            return Marks.model_validate(load_json(self._gallery.transport.state / _MARKS))
        except (OSError, ValueError, IsicError):
            return Marks()

    def keep_marks(self, call: Call) -> httpx.Response:
        """Answer changes of marks: several pages, and several servers, add to the same ones."""
        change = read_payload(MarkChanges, call.body)
        changed = {*change.selected, *change.excluded, *change.cleared}
        state = self._gallery.transport.state
        with held(state / "gallery.lock", f"the marks of {call.store.folder}", wait=10.0):
            kept = self._kept_marks()
            marks = {
                "selected": [one for one in kept.selected if one not in changed] + change.selected,
                "excluded": [one for one in kept.excluded if one not in changed] + change.excluded,
            }
            write_text(state / _MARKS, json.dumps(marks), links="refuse")
        return httpx.Response(204)

    def save(self, call: Call) -> httpx.Response:
        """Answer `save`: write a list into the folder, or make a collection of it."""
        body = read_payload(SavedList, call.body)
        excluded = set(body.excluded)
        if body.kind == "exclusion":
            chosen, excluded = [*body.ids, *body.excluded], set()
        else:
            chosen = body.ids if body.query is None else [*call.store.select(body.query)]
        wanted = list(dict.fromkeys(one for one in chosen if one not in excluded))
        known = call.store.among(wanted)
        ids = [one for one in wanted if one in known]
        if not ids:
            return json_reply({"detail": "no image is chosen"}, 422)
        if body.kind == "collection":
            return self._collection(call, body.name, ids)
        return self._list(call, body, ids)

    def _collection(self, call: Call, name: str, ids: list[str]) -> httpx.Response:
        reply = make_collection(call, NewCollection(name=name, isic_ids=ids))
        made = json.loads(reply.content)
        if reply.status_code >= httpx.codes.BAD_REQUEST:
            return json_reply({"detail": made.get("message") or made.get("error")}, 422)
        number = made["collection_id"]
        command = self._gallery.chosen(call, "-c", str(number))
        return json_reply({"collection": number, "count": len(ids), "command": command})

    def _list(self, call: Call, body: SavedList, ids: list[str]) -> httpx.Response:
        name = (body.name or body.kind).removesuffix(".txt")
        if not re.fullmatch(_NAME, name):
            return json_reply(
                {"detail": f"{name!r} cannot be the name of a list: letters and digits can"}, 422
            )
        path = call.store.folder.absolute() / f"{name}.txt"
        before = _ids_of(path) if path.exists() else ids
        if before is None:
            return json_reply({"detail": f"{path.name} is there, and is not a list of ids"}, 409)
        if before != ids and not body.replace:
            detail = f"{path.name} is there, a list of {len(before):,} images: replace it?"
            return json_reply({"asked": detail})  # an error would stand in a browser's console
        write_text(path, "".join(f"{one}\n" for one in ids), links="refuse")
        if body.kind == "selection":
            command = self._gallery.chosen(call, "--from", str(path))
        else:
            command = self._gallery.spelled(call, body.query or "", (), "--exclude", str(path))
        return json_reply({"path": str(path), "count": len(ids), "command": command})

    def add_note(self, call: Call) -> httpx.Response:
        """Answer `notes`: add a row to `notes.csv`."""
        body = read_payload(Note, call.body)
        if body.isic_id not in call.store:
            return json_reply({"detail": f"no image {body.isic_id} in this folder"}, 404)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        note = body.note.replace("\r\n", "\n").replace("\r", "\n")
        row = {"who": body.who or _user(), "when": now, "isic_id": body.isic_id, "note": note}
        path = call.store.folder / NOTES
        lock = self._gallery.transport.state / "notes.lock"
        with held(lock, f"the notes of {call.store.folder}", wait=10.0):
            _append(path, row)
        return json_reply(row)


def _append(path: Path, row: Mapping[str, str]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    before = read_text(path) if path.exists() else ""
    if not before:
        writer.writerow(NOTE_COLUMNS)
    elif tuple(before.split("\n", 1)[0].replace('"', "").strip().split(",")) != NOTE_COLUMNS:
        raise LocalError(f"{path.name} has other columns than {','.join(NOTE_COLUMNS)}: rename it")
    elif not before.endswith("\n"):
        text.write("\n")
    writer.writerow([guarded(row[name]) for name in NOTE_COLUMNS])
    with replacing_text(path, links="refuse") as stream:
        stream.write(before + text.getvalue())


def _ids_of(path: Path) -> list[str] | None:
    """Return the ids of a list that may be replaced; None where other things are in it."""
    from isic_cli.models.ids import is_isic_id

    try:
        lines = [line.strip() for line in read_text(path).splitlines() if line]
    except (OSError, ValueError, IsicError):
        return None
    return lines if all(map(is_isic_id, lines)) else None


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return ""
