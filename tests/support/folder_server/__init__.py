"""A folder served as the whole archive: users, private images, uploads, cohorts, DOI drafts.

The product serves a folder without users, see `isic_cli.folder`. This adds, for tests of the
client, what only the real archive has, by the rules that the recordings show.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from isic_cli.config import LOCAL_URL
from isic_cli.folder.store import FolderStore
from isic_cli.folder.transport import ROUTES, FolderTransport, Handler
from tests.support.folder_server import contributing, curating, dois, users
from tests.support.folder_server.accounts import Accounts
from tests.support.folder_server.store import stores_by_user
from tests.support.served import served

_WRITES: dict[str, dict[str, Handler]] = {
    "collections/{id}/": {"DELETE": curating.delete},
    "collections/sharing-info/": {"GET": users.login_needed},
    "collections/create-from-isic-ids/": {"POST": curating.create},
    "collections/{id}/populate-from-list/": {"POST": curating.add_list},
    "collections/{id}/populate-from-search/": {"POST": curating.add_search},
    "collections/{id}/populate-from-isic-ids/": {"POST": curating.add_ids},
    "collections/{id}/remove-from-list/": {"POST": curating.remove_list},
    "collections/{id}/share/": {"POST": curating.share},
    "collections/{id}/set-pinned/": {"POST": curating.set_pinned},
    "images/{isic_id}/similar/": {"GET": users.login_needed},
    "users/me/": {"GET": users.me},
    "users/accept-terms/": {"PUT": users.accept_terms},
    "cohorts/": {"GET": contributing.cohorts},
    "cohorts/{id}/": {"GET": contributing.cohort},
    "contributors/": {"GET": contributing.contributors, "POST": contributing.create_contributor},
    "contributors/{id}/": {"GET": contributing.contributor},
    "s3-upload/upload-initialize/": {"POST": contributing.begin_upload},
    "s3-upload/upload-complete/": {"POST": contributing.complete_upload},
    "s3-upload/finalize/": {"POST": contributing.finalize},
    "accessions/": {"POST": contributing.create_accession},
    "accessions/create-review-bulk/": {"POST": users.login_needed},
    "engagement/accessions/": {"POST": users.login_needed},
    "metadata-files/{id}/update_metadata/": {"POST": users.login_needed},
    "doi/": {"POST": dois.create},
    "doi/{slug}/": {"PATCH": dois.update_draft},
    "doi/{slug}/publish/": {"POST": dois.publish},
}
_UPLOADS: dict[str, dict[str, Handler]] = {
    "/uploads/{name:path}": {"PUT": contributing.take_part, "POST": contributing.join_parts},
}

#: What a file host serves to whoever has the address: it is never sent a token.
_FILES = ("/images/", "/thumbnails/", "/superpixels/", "/masks/")


class FolderServer(FolderTransport):
    """The archive of a folder that has an `accounts.json`, see `accounts`."""

    def __init__(self, folder: Path, *, origin: str = LOCAL_URL) -> None:
        self._accounts = Accounts.model_validate_json((folder / "accounts.json").read_bytes())
        self._whole = FolderStore.open(folder)
        self._stores = stores_by_user(self._whole, self._accounts)
        written = {f"/api/v2/{path}": handlers for path, handlers in _WRITES.items()} | _UPLOADS
        merged = {path: {**ROUTES.get(path, {}), **handlers} for path, handlers in written.items()}
        super().__init__(self._stores[None], origin=origin, routes={**ROUTES, **merged})

    def store_for(self, request: httpx.Request) -> FolderStore:
        if request.url.path.startswith(_FILES):
            return self._whole
        user = self._accounts.user(request.headers)
        return self._stores[user.id if user else None]


@contextmanager
def served_folder(folder: Path) -> Iterator[str]:
    """Serve a folder with accounts on loopback, and yield the address."""
    server = FolderServer(folder)
    with served(server) as url:
        server.origin = url
        yield url
