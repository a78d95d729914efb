"""The tables of the archive's ZIP downloads: each image's own credit, for any selection."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import httpx

from isic_cli.errors import QueryError
from isic_cli.folder.collections import metadata_table
from isic_cli.folder.payloads import SearchBody, read_payload
from isic_cli.folder.replies import json_reply, server_error
from isic_cli.folder.request import Call
from isic_cli.folder.transport import Routes


def address(call: Call) -> httpx.Response:
    """Answer `zip-download/url/`: an address whose token is the selection itself."""
    body = read_payload(SearchBody, call.body)
    token = urlsafe_b64encode(body.model_dump_json().encode()).decode()
    return json_reply(f"{call.origin}/download?zsid={token}")


def metadata_file(call: Call) -> httpx.Response:
    """Answer `zip-download/metadata-file/`; a query that does not parse fails, as there."""
    try:
        wanted = SearchBody.model_validate_json(urlsafe_b64decode(call.query.get("token", "")))
    except ValueError:
        return json_reply({"detail": "Unauthorized"}, 401)
    try:
        ids = call.store.select(wanted.query or "", [*wanted.collection_ids] or None)
    except QueryError:
        return server_error()
    return metadata_table(call, "metadata.csv", ids)


ROUTES: Routes = {
    "/api/v2/zip-download/url/": {"POST": address},
    "/api/v2/zip-download/metadata-file/": {"GET": metadata_file},
}
