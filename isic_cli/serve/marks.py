"""What a page writes: marks, lists, collections and notes; whole or not at all, never elsewhere."""

import csv
import io
import json
import re
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
Ids = Annotated[list[IsicId], Field(max_length=500_000)]


class Marks(Payload):
    """What is marked in a folder, and not saved as a list yet."""

    selected: Ids = Field(default_factory=list)
    excluded: Ids = Field(default_factory=list)


class SavedList(Payload):
    """A list or a collection to write: ids, or what a query finds, without those excluded."""

    kind: Literal["selection", "exclusion", "collection"]
    name: Annotated[str, Field(max_length=200)] = ""
    ids: Ids = Field(default_factory=list)
    query: str | None = None
    excluded: Ids = Field(default_factory=list)


class Note(Payload):
    """A remark on an image."""

    isic_id: IsicId
    note: Annotated[str, Field(min_length=1, max_length=10_000)]
    who: Annotated[str, Field(max_length=100)] = ""


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
            if call.headers.get(TOKEN_HEADER) != self._gallery.token:
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
        path = self._gallery.transport.state / _MARKS
        try:
            found = Marks.model_validate(load_json(path))
        except (OSError, ValueError, IsicError):
            found = Marks()
        there = call.store.among({*found.selected, *found.excluded})
        return json_reply(
            {
                name: [one for one in ids if one in there]
                for name, ids in (("selected", found.selected), ("excluded", found.excluded))
            }
        )

    def keep_marks(self, call: Call) -> httpx.Response:
        """Answer a new state of all marks."""
        marks = read_payload(Marks, call.body)
        path = self._gallery.transport.state / _MARKS
        write_text(path, json.dumps(marks.model_dump()), links="refuse", parents=True)
        return httpx.Response(204)

    def save(self, call: Call) -> httpx.Response:
        """Answer `save`: write a list into the folder, or make a collection of it."""
        body = read_payload(SavedList, call.body)
        excluded = set(body.excluded)
        chosen = body.ids if body.query is None else call.store.select(body.query)
        if body.kind == "exclusion":
            chosen = [*body.ids, *body.excluded]
            excluded = set()
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
        if path.exists() and not _is_id_list(path):
            return json_reply({"detail": f"{path.name} is there, and is not a list of ids"}, 409)
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
        row = {"who": body.who or _user(), "when": now, "isic_id": body.isic_id, "note": body.note}
        path = call.store.folder / NOTES
        lock = self._gallery.transport.state / "notes.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with held(lock, f"the notes of {call.store.folder}", wait=10.0):
            _append(path, row)
        return json_reply(row)


def _append(path: Path, row: Mapping[str, str]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    before = read_text(path) if path.exists() else ""
    if not before:
        writer.writerow(NOTE_COLUMNS)
    elif not before.endswith("\n"):
        text.write("\n")
    writer.writerow([guarded(row[name]) for name in NOTE_COLUMNS])
    with replacing_text(path, links="refuse") as stream:
        stream.write(before + text.getvalue())


def _is_id_list(path: Path) -> bool:
    """Whether a file is a list that may be replaced: nothing in it but ids."""
    from isic_cli.models.ids import is_isic_id

    try:
        return all(is_isic_id(line.strip()) for line in read_text(path).splitlines() if line)
    except (OSError, ValueError, IsicError):
        return False


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return ""
