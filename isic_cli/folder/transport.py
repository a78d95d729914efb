"""The folder archive as an httpx transport: the routes, and what every route has in common."""

import re
from collections.abc import Callable, Mapping

import httpx

from isic_cli.config import LOCAL_URL
from isic_cli.folder import (
    about,
    collections,
    contributing,
    curating,
    dois,
    facets,
    files,
    images,
    lesions,
    people,
    studyroutes,
)
from isic_cli.folder.call import Call
from isic_cli.folder.params import ParameterError
from isic_cli.folder.payloads import BodyError
from isic_cli.folder.replies import html_not_found, json_reply, moved, wrong_method
from isic_cli.folder.store import FolderStore

Handler = Callable[[Call], httpx.Response]

_API: Mapping[str, Mapping[str, Handler]] = {
    "images/": {"GET": images.listing},
    "images/search/": {"GET": images.search},
    "images/search/size/": {"GET": images.size},
    "images/facets/": {"GET": facets.facets},
    "images/{isic_id}/": {"GET": images.detail},
    "images/{isic_id}/similar/": {"GET": images.similar},
    "collections/": {"GET": collections.listing},
    "collections/autocomplete/": {"GET": collections.autocomplete},
    "collections/sharing-info/": {"GET": about.login_needed},
    "collections/create-from-isic-ids/": {"POST": curating.create},
    "collections/{id}/": {"GET": collections.detail, "DELETE": curating.delete},
    "collections/{id}/attribution/": {"GET": collections.attribution},
    "collections/{id}/populate-from-list/": {"POST": curating.add_list},
    "collections/{id}/populate-from-search/": {"POST": curating.add_search},
    "collections/{id}/populate-from-isic-ids/": {"POST": curating.add_ids},
    "collections/{id}/remove-from-list/": {"POST": curating.remove_list},
    "collections/{id}/share/": {"POST": curating.share},
    "collections/{id}/set-pinned/": {"POST": curating.set_pinned},
    "lesions/": {"GET": lesions.listing},
    "lesions/{lesion_id}/": {"GET": lesions.detail},
    "users/me/": {"GET": people.me},
    "users/accept-terms/": {"PUT": people.accept_terms},
    "cohorts/": {"GET": contributing.cohorts},
    "cohorts/{id}/": {"GET": contributing.cohort},
    "contributors/": {"GET": contributing.contributors, "POST": contributing.create_contributor},
    "contributors/{id}/": {"GET": contributing.contributor},
    "s3-upload/upload-initialize/": {"POST": contributing.begin_upload},
    "s3-upload/upload-complete/": {"POST": contributing.complete_upload},
    "s3-upload/finalize/": {"POST": contributing.finalize},
    "accessions/": {"POST": contributing.create_accession},
    "accessions/create-review-bulk/": {"POST": about.login_needed},
    "engagement/accessions/": {"POST": about.login_needed},
    "metadata-files/{id}/update_metadata/": {"POST": about.login_needed},
    "doi/": {"POST": dois.create},
    "doi/{slug}/": {"PATCH": dois.update},
    "doi/{slug}/publish/": {"POST": dois.publish},
    "stats/": {"GET": about.stats},
    "zip-download/license-file/{name}/": {"GET": about.license_file},
    "studies/": {"GET": studyroutes.listing},
    "studies/{id}/": {"GET": studyroutes.detail},
    "study-tasks/": {"GET": studyroutes.tasks},
    "study-tasks/{id}/": {"GET": studyroutes.task},
    "annotations/": {"GET": studyroutes.annotations},
    "annotations/{id}/": {"GET": studyroutes.annotation},
}
#: Where a piece of a path may hold slashes or must have a suffix.
_PIECES = {"file": r"[^/]+\.\w+", "path": r"[^/]+(?:/[^/]+)?"}
_FILES: Mapping[str, Mapping[str, Handler]] = {
    "/images/{name:file}": {"GET": files.picture, "HEAD": files.picture},
    "/thumbnails/{name:file}": {"GET": files.small_picture, "HEAD": files.small_picture},
    "/superpixels/{name:file}": {"GET": files.superpixels, "HEAD": files.superpixels},
    "/masks/{name:file}": {"GET": files.mask, "HEAD": files.mask},
    "/uploads/{name:path}": {"PUT": contributing.take_part, "POST": contributing.join_parts},
    "/studies/{id}/files/{name:path}": {"GET": studyroutes.file, "HEAD": studyroutes.file},
}
_WEB: Mapping[str, Mapping[str, Handler]] = {
    "/images/{id}/": {"GET": images.web_page},
    "/collections/{id}/metadata/": {"GET": collections.web_metadata},
    "/studies/{id}/download-responses/": {"GET": studyroutes.responses},
}


def _pattern(template: str) -> re.Pattern[str]:
    """Compile a route's path: `{name}` stands for one piece, `{name:kind}` for one of a kind."""

    def piece(match: re.Match[str]) -> str:
        name, _, kind = match[1].partition(":")
        return f"(?P<{name}>{_PIECES.get(kind, '[^/]+')})"

    return re.compile(re.sub(r"\\{([\w:]+)\\}", piece, re.escape(template)))


# A fixed path comes before one with a variable piece: `images/search/` is no image.
_ROUTES = [
    (_pattern(template), handlers)
    for template, handlers in sorted(
        {**{f"/api/v2/{path}": one for path, one in _API.items()}, **_WEB, **_FILES}.items(),
        key=lambda route: route[0].count("{"),
    )
]


class LocalTransport(httpx.BaseTransport):
    """An archive inside the process, for an `httpx.Client` to talk to.

    It keeps nothing of a request, so any number of threads may use it at once.

    Parameters
    ----------
    store : FolderStore
        What is served.
    origin : str
        Scheme and host of the links in the answers.
    """

    def __init__(self, store: FolderStore, *, origin: str = LOCAL_URL) -> None:
        self.store = store
        self.origin = origin.rstrip("/")
        people = (None, *store.accounts.users)
        self._views = {user.id if user else None: store.seen_by(user) for user in people}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request as the real server would.

        Raises
        ------
        LocalError
            For a file of the folder, such as `collections.json`, that cannot be read.
        """
        path = request.url.path
        handlers, parts = _route(path)
        if handlers is None:
            slashed = request.url.copy_with(path=f"{path}/")
            known = not path.endswith("/") and _route(slashed.path)[0] is not None
            return moved(slashed.raw_path.decode("ascii")) if known else html_not_found()
        handler = handlers.get(request.method)
        if handler is None:
            return wrong_method(handlers, head=request.method == "HEAD")
        query = request.url.params
        store = self._view(request.headers)
        content = request.read()
        call = Call(
            store, self.origin, request.method, path, query, request.headers, parts, content
        )
        try:
            return handler(call)
        except BodyError as error:
            return error.reply
        except ParameterError as error:
            return json_reply({"detail": [error.problem]}, 422)

    def _view(self, headers: httpx.Headers) -> FolderStore:
        if not self.store.accounts.are_kept:
            return self.store
        user = self.store.accounts.user(headers)
        return self._views[user.id if user else None]


def _route(path: str) -> tuple[Mapping[str, Handler] | None, dict[str, str]]:
    for pattern, handlers in _ROUTES:
        if match := pattern.fullmatch(path):
            return handlers, match.groupdict()
    return None, {}
