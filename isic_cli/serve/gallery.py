"""What the page asks for beside the archive's own routes: windows, details, completion."""

import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from shlex import join
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import numpy as np

from isic_cli.challenge.metadata import is_challenge_folder
from isic_cli.config import ArchiveSpec, is_loopback
from isic_cli.errors import QueryError
from isic_cli.folder.replies import json_reply, not_found
from isic_cli.folder.request import Call, integer, refused_value
from isic_cli.folder.store import FolderStore
from isic_cli.folder.transport import Handler, Routes
from isic_cli.models.ids import is_isic_id
from isic_cli.query import FIELDS, all_of, parse, term
from isic_cli.query.completion import completed
from isic_cli.serve.beside import FolderTables
from isic_cli.serve.finding import marks_of, masks_of, ordered
from isic_cli.serve.live import LiveTransport
from isic_cli.serve.overlays import features_of
from isic_cli.services.gallery import caption_of

#: Images in one window.
_WIDEST = 500
#: Images excluded by the query of a command; a longer list is a file.
_SPELLED = 40
#: Values of a field that a completion offers.
_OFFERED = 50


class _View:
    """What is kept of a folder as long as it is as it was.

    Parameters
    ----------
    store : FolderStore
        The folder.
    tables : sequence of str
        The names of its tables.
    """

    def __init__(self, store: FolderStore, tables: Sequence[str]) -> None:
        self.store = store
        self.tables = FolderTables(store.folder, tables)
        self._lists: dict[tuple[str, str, int], Sequence[str]] = {}

    def found(self, text: str, order: str) -> Sequence[str]:
        """Return the images that a query finds, in an order; the last lists are kept."""
        key = (text, order, self.store.collection_file.version)
        found = self._lists.get(key)
        if found is None:
            found = ordered(self.store, text, order.removeprefix("-"), falling=order[:1] == "-")
            # Other threads replace it too: what they keep may be without this list.
            self._lists = dict([*list(self._lists.items())[-3:], (key, found)])
        return found

    @cached_property
    def values(self) -> Mapping[str, list[str]]:
        """The values of each field of text that has few, the most frequent first."""
        everything = self.store.rows_of(self.store.ids)
        found = {}
        for name, field in self.store.coded.items():
            if FIELDS[name].kind == "text" and not FIELDS[name].crashes:
                order = np.argsort(-field.counts(everything)[1:], kind="stable")
                found[name] = [str(field.values[at]) for at in order[:_OFFERED]]
        return found


class GalleryRoutes:
    """The routes below `/gallery/`.

    Parameters
    ----------
    spec : ArchiveSpec
        What is served, of kind `folder` or `demo`.

    Attributes
    ----------
    token : str
        What a page must send with what it writes: another site cannot know it.
    transport : LiveTransport
        Set once, after both are made.
    """

    transport: LiveTransport

    def __init__(self, spec: ArchiveSpec) -> None:
        self._is_demo = spec.kind == "demo"
        self._name = spec.folder.resolve().name if spec.folder is not None else spec.name
        self.token = secrets.token_urlsafe(24)
        self._view: _View | None = None

    @property
    def routes(self) -> Routes:
        """The reading routes by their path."""
        reading: dict[str, Handler] = {
            "info": self.info,
            "list": self.window,
            "image/{isic_id}": self.image,
            "complete": self.complete,
            "check": check,
            "duplicates": self.duplicates,
            "command": self.command,
        }
        return {f"/gallery/{path}": {"GET": queried(one)} for path, one in reading.items()}

    def view(self, store: FolderStore) -> _View:
        """Return what is kept of the folder as it is now."""
        view = self._view
        if view is None or view.store is not store:
            view = self._view = _View(store, self.transport.tables)
        return view

    def info(self, call: Call) -> httpx.Response:
        """Answer `info`: what the folder is and has."""
        store, view = call.store, self.view(call.store)
        kind = "challenge" if is_challenge_folder(store.folder) else "folder"
        fields = [
            {"name": name, "type": field.kind, "values": view.values.get(name, [])}
            for name, field in FIELDS.items()
            if not field.crashes
        ]
        return json_reply(
            {
                "title": self._name,
                "count": len(store.ids),
                "read_only": self.transport.read_only,
                "token": self.token,
                "fields": fields,
                "kind": "demo" if self._is_demo else kind,
                "has": {
                    "superpixels": any(True for _ in store.contents.superpixels),
                    "masks": any(True for _ in store.contents.masks),
                    "study": bool(store.studies),
                    "labels": bool(view.tables.labels),
                    "split": bool(view.tables.splits),
                    "duplicates": bool(view.tables.duplicates),
                },
                "command_prefix": join(self._prefix(call)),
            }
        )

    def window(self, call: Call) -> httpx.Response:
        """Answer `list`: some of the images found, from any offset."""
        view = self.view(call.store)
        order = call.query.get("sort", "")
        if order and order.removeprefix("-") not in {*FIELDS, "pixels_x", "pixels_y"}:
            raise refused_value("sort", f"no field {order!r} to sort by")
        offset = max(0, integer(call.query.get("offset", "0"), "query", "offset"))
        limit = integer(call.query.get("limit", "100"), "query", "limit")
        found = view.found(call.query.get("query", ""), order)
        shown = found[offset : offset + min(max(limit, 0), _WIDEST)]
        items = [self._item(call, view, isic_id) for isic_id in call.store.each(shown)]
        return json_reply({"total": len(found), "offset": offset, "items": items})

    def _item(self, call: Call, view: _View, isic_id: str) -> dict[str, Any]:
        fields = call.store.fields(isic_id)
        item = {
            "isic_id": isic_id,
            "thumb": _link(call, f"/thumbnails/{isic_id}_thumbnail.jpg"),
            "width": fields.get("pixels_x"),
            "height": fields.get("pixels_y"),
            "caption": caption_of(fields),
            "label": view.tables.labels.get(isic_id),
            "split": view.tables.splits.get(isic_id),
        }
        return {name: value for name, value in item.items() if value is not None}

    def image(self, call: Call) -> httpx.Response:
        """Answer `image/<id>`: all that is known of one image."""
        store, isic_id = call.store, call.parts["isic_id"]
        if isic_id not in store:
            return not_found()
        tables = self.view(store).tables
        record = store.record(isic_id, "")
        license_, attribution = store.credit(isic_id)
        full = record["files"]["full"]["url"]
        is_shown = urlsplit(full).path.endswith((".jpg", ".jpeg", ".png"))
        has_map = store.contents.superpixels.get(isic_id) is not None
        return json_reply(
            {
                "record": record,
                "file": full if is_shown else f"/gallery/preview/{isic_id}",
                "thumb": record["files"]["thumbnail_256"]["url"],
                "masks": [
                    {"name": name, "url": _link(call, f"/masks/{quote(name)}")}
                    for name in masks_of(store, isic_id)
                ],
                "superpixels": f"/gallery/superpixels/{isic_id}" if has_map else None,
                "features": features_of(store, isic_id),
                "study": marks_of(store, isic_id),
                "label": tables.labels.get(isic_id),
                "split": tables.splits.get(isic_id),
                "notes": tables.notes.get(isic_id, []),
                "credit": {"license": license_, "attribution": attribution},
            }
        )

    def complete(self, call: Call) -> httpx.Response:
        """Answer `complete`: what may follow in a query, of what the folder has."""
        text = call.query.get("query", "")
        at = integer(call.query.get("at", str(len(text))), "query", "at")
        values = self.view(call.store).values
        start, options = completed(text[:at], lambda name: values.get(name, ()))
        return json_reply({"start": start, "end": at, "options": options})

    def duplicates(self, call: Call) -> httpx.Response:
        """Answer `duplicates`: pairs of pictures that are there, to choose from."""
        pairs = self.view(call.store).tables.duplicates
        there = call.store.among({one[side] for one in pairs for side in ("left", "right")})
        shown = [one for one in pairs if one["left"] in there and one["right"] in there]
        return json_reply({"pairs": shown})

    def command(self, call: Call) -> httpx.Response:
        """Answer `command`: what downloads just what is seen, but for what is excluded."""
        excluded = [one for one in call.query.get("excluded", "").split(",") if one]
        if not all(map(is_isic_id, excluded)):
            raise refused_value("excluded", "ISIC ids with commas between them are wanted")
        return json_reply({"command": self.spelled(call, call.query.get("query", ""), excluded)})

    def spelled(self, call: Call, text: str, excluded: Sequence[str], *more: str) -> str:
        """Return the command of a query without some images.

        Raises
        ------
        QueryError
            For a query that does not parse.
        ParameterError
            For more images than a command line should name.
        """
        parse(text)
        if len(excluded) > _SPELLED:
            raise refused_value("excluded", f"save a list: more than {_SPELLED} are excluded")
        query = all_of(text, *(f"-{term('isic_id', isic_id)}" for isic_id in excluded))
        chosen = ["-s", query] if query else ["--all"]
        return self.chosen(call, *chosen, *more)

    def chosen(self, call: Call, *selection: str) -> str:
        """Return the command that downloads a selection."""
        return join([*self._prefix(call), "image", "download", *selection, "chosen"])

    def _prefix(self, call: Call) -> list[str]:
        """Return the beginning of a command that reaches the folder from where the page is."""
        host = urlsplit(call.origin).hostname or ""
        if is_loopback(host):
            where = self._name if self._is_demo else str(call.store.folder.absolute())
            return ["isic", "--archive", where]
        insecure = ["--insecure"] if call.origin.startswith("http:") else []
        return ["isic", "--archive", call.origin, *insecure]


def check(call: Call) -> httpx.Response:
    """Answer `check`: whether a query parses, and where it does not."""
    text = call.query.get("query", "")
    try:
        query = parse(text)
    except QueryError as error:
        return json_reply({"ok": False, **mistake(error)})
    return json_reply({"ok": True, "warnings": list(query.warnings)})


def mistake(error: QueryError) -> dict[str, Any]:
    """Return what is wrong with a query, and from where to where it is marked."""
    rest = error.query[error.column :]
    word = rest.split(maxsplit=1)[0] if rest.strip() and not rest[:1].isspace() else rest[:1]
    end = error.column + max(1, len(word))
    return {"error": error.message, "hint": error.hint, "start": error.column, "end": end}


def queried(handler: Handler) -> Handler:
    """Return a handler that tells where a query does not parse."""

    def answer(call: Call) -> httpx.Response:
        try:
            return handler(call)
        except QueryError as error:
            found = mistake(error)
            return json_reply({"detail": found.pop("error"), **found}, 400)

    return answer


def _link(call: Call, path: str) -> str:
    return f"{path}{call.store.sign(path)}"
