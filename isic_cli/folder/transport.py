"""The folder archive as an httpx transport: the routes, and what every route has in common."""

import re
from collections.abc import Callable, Mapping
from importlib import import_module

import httpx

from isic_cli.config import LOCAL_URL
from isic_cli.folder import about, collections, files, images, quickfind
from isic_cli.folder.replies import html_not_found, json_reply, moved, wrong_method
from isic_cli.folder.request import BodyError, Call, ParameterError
from isic_cli.folder.store import FolderStore

Handler = Callable[[Call], httpx.Response]

Routes = Mapping[str, Mapping[str, Handler]]


def _later(place: str) -> Handler:
    """Return a handler whose module is imported when it is asked: for arrays or pydantic."""
    module, _, name = place.partition(".")

    def handler(call: Call) -> httpx.Response:
        route: Handler = getattr(import_module(f"isic_cli.folder.{module}"), name)
        return route(call)

    return handler


_API: Routes = {
    "images/": {"GET": images.listing},
    "images/search/": {"GET": images.search},
    "images/search/size/": {"GET": images.size},
    "images/facets/": {"GET": _later("facets.facets")},
    "images/{isic_id}/": {"GET": images.detail},
    "collections/": {"GET": collections.listing},
    "collections/autocomplete/": {"GET": collections.autocomplete},
    "collections/create-from-isic-ids/": {"POST": _later("curating.create")},
    "collections/{id}/": {"GET": collections.detail, "DELETE": _later("curating.delete")},
    "collections/{id}/attribution/": {"GET": collections.attribution},
    "collections/{id}/populate-from-list/": {"POST": _later("curating.add_list")},
    "collections/{id}/populate-from-search/": {"POST": _later("curating.add_search")},
    "collections/{id}/remove-from-list/": {"POST": _later("curating.remove_list")},
    "lesions/": {"GET": images.lesions},
    "lesions/{lesion_id}/": {"GET": images.lesion},
    "quickfind/": {"GET": quickfind.quickfind},
    "stats/": {"GET": about.stats},
    "users/me/": {"GET": about.me},
    "zip-download/license-file/{name}/": {"GET": about.license_file},
    "studies/": {"GET": _later("studyroutes.listing")},
    "studies/{id}/": {"GET": _later("studyroutes.detail")},
    "study-tasks/": {"GET": _later("studyroutes.tasks")},
    "study-tasks/{id}/": {"GET": _later("studyroutes.task")},
    "annotations/": {"GET": _later("studyroutes.annotations")},
    "annotations/{id}/": {"GET": _later("studyroutes.annotation")},
}
#: Where a piece of a path may hold slashes or must have a suffix.
_PIECES = {"file": r"[^/]+\.\w+", "path": r"[^/]+(?:/[^/]+)?"}
_FILES: Routes = {
    "/images/{name:file}": {"GET": files.picture, "HEAD": files.picture},
    "/thumbnails/{name:file}": {"GET": files.small_picture, "HEAD": files.small_picture},
    "/superpixels/{name:file}": {"GET": files.superpixels, "HEAD": files.superpixels},
    "/masks/{name:file}": {"GET": files.mask, "HEAD": files.mask},
    "/studies/{id}/files/{name:path}": {
        "GET": _later("studyroutes.file"),
        "HEAD": _later("studyroutes.file"),
    },
}
_WEB: Routes = {
    "/images/{id}/": {"GET": images.web_page},
    "/collections/{id}/metadata/": {"GET": collections.web_metadata},
    "/studies/{id}/download-responses/": {"GET": _later("studyroutes.responses")},
}


def _pattern(template: str) -> re.Pattern[str]:
    """Compile a route's path: `{name}` stands for one piece, `{name:kind}` for one of a kind."""

    def piece(match: re.Match[str]) -> str:
        name, _, kind = match[1].partition(":")
        return f"(?P<{name}>{_PIECES.get(kind, '[^/]+')})"

    return re.compile(re.sub(r"\\{([\w:]+)\\}", piece, re.escape(template)))


#: What the real archive has and a folder has not, by its path below the API.
_LACKING = {
    r"(accessions|engagement|metadata-files|s3-upload)/.*": "uploads",
    r"cohorts/.*": "cohorts",
    r"contributors/.*": "contributors",
    r"doi/.*": "DOI drafts",
    r"images/[^/]+/similar/": "search for similar images",
    r"users/.*": "users",
}

#: Every route by its path, in which `{name}` stands for one piece.
ROUTES: Routes = {
    **{f"/api/v2/{path}": one for path, one in _API.items()},
    **_WEB,
    **_FILES,
}


def _compiled(routes: Routes) -> list[tuple[re.Pattern[str], Mapping[str, Handler]]]:
    """Order routes: a fixed path before one with a piece, as `images/search/` is not an image."""
    ordered = sorted(routes.items(), key=lambda route: route[0].count("{"))
    return [(_pattern(template), handlers) for template, handlers in ordered]


class FolderTransport(httpx.BaseTransport):
    """An archive inside the process, for an `httpx.Client` to talk to.

    It keeps nothing of a request, so any number of threads may use it at once.

    Parameters
    ----------
    store : FolderStore
        What is served.
    origin : str
        Scheme and host of the links in the answers; empty for those of each request.
    routes : mapping
        What it answers.
    """

    def __init__(
        self, store: FolderStore, *, origin: str = LOCAL_URL, routes: Routes = ROUTES
    ) -> None:
        self.store = store
        self.origin = origin.rstrip("/")
        self._routes = _compiled(routes)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request as the real server would.

        Raises
        ------
        LocalError
            For a file of the folder, such as `collections.json`, that cannot be read.
        NotOfferedError
            For what the real archive has and a folder has not.
        """
        path = request.url.path
        handlers, parts = self._route(path)
        if handlers is None:
            return self._missing(request)
        handler = handlers.get(request.method)
        if handler is None:
            return wrong_method(handlers, head=request.method == "HEAD")
        query = request.url.params
        store = self.store_for(request)
        content = request.read()
        origin = self.origin or f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
        call = Call(store, origin, request.method, path, query, request.headers, parts, content)
        try:
            return handler(call)
        except BodyError as error:
            return error.reply
        except ParameterError as error:
            return json_reply({"detail": [error.problem]}, 422)

    def _missing(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        slashed = request.url.copy_with(path=f"{path}/")
        if not path.endswith("/") and self._route(slashed.path)[0] is not None:
            return moved(slashed.raw_path.decode("ascii"))
        for pattern, what in _LACKING.items():
            if re.fullmatch(f"/api/v2/{pattern}", path):
                raise about.not_offered(f"{request.method} {path}", what)
        return html_not_found()

    def store_for(self, request: httpx.Request) -> FolderStore:
        """Return the folder as whoever asks may see it."""
        del request
        return self.store

    def _route(self, path: str) -> tuple[Mapping[str, Handler] | None, dict[str, str]]:
        for pattern, handlers in self._routes:
            if match := pattern.fullmatch(path):
                return handlers, match.groupdict()
        return None, {}
