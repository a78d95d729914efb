"""The routes of the archive itself: figures and licences."""

import httpx

from isic_cli.errors import NotOfferedError
from isic_cli.folder.files import file_reply
from isic_cli.folder.replies import json_reply, not_found
from isic_cli.folder.request import Call
from isic_cli.models.licenses import LICENSES


def stats(call: Call) -> httpx.Response:
    """Answer `stats/`: counts by kind."""
    store = call.store
    collections = store.collections.values()
    annotated = [one for study in store.studies.values() for one in study.annotated()[1]]
    return json_reply(
        {
            "image": {
                "images_count": len(store.ids),
                "public_images_count": sum(not store.is_private(one) for one in store.ids),
                "annotated_images_count": len({one.image for one in annotated}),
            },
            "collection": {
                "collections_count": len(collections),
                "public_collections_count": sum(one.public for one in collections),
            },
            "doi": {"dois_count": sum(one.doi is not None for one in collections)},
            "study": {
                "studies_count": len(store.studies),
                "public_studies_count": len(store.studies),
                "study_annotations_count": len(annotated),
            },
            "user": {
                "users_count": 0,
                "uploading_users_count": 0,
                "annotating_users_count": len({one.annotator for one in annotated}),
            },
            "engagement": {"30_day_sessions_count": 0},
        }
    )


def me(call: Call) -> httpx.Response:
    """Answer `users/me/`.

    Raises
    ------
    NotOfferedError
        Nobody logs in to a folder.
    """
    if not call.store.has_users:
        raise not_offered(f"{call.method} {call.path}", "users")
    if call.store.user is None:
        return json_reply({"detail": "Unauthorized"}, 401)
    return json_reply(call.store.user.model_dump())


def not_offered(asked: str, what: str) -> NotOfferedError:
    """Return the error for what the real archive has and a folder has not."""
    return NotOfferedError(
        f"{asked}: an archive on this machine has no {what}",
        hint="A folder and the demo have images, collections, lesions and studies;"
        " nobody logs in to a folder.",
    )


def license_file(call: Call) -> httpx.Response:
    """Answer `zip-download/license-file/<name>/`.

    The folder's own `licenses/<name>.txt`, else the licence's title and where its text is.
    """
    name = call.parts["name"]
    if name not in LICENSES:
        return not_found()
    path = call.store.folder / "licenses" / f"{name}.txt"
    if path.is_file():
        reply = file_reply(call, path)
        reply.headers["Content-Type"] = "text/plain"
        return reply
    text = f"{LICENSES[name].title}\n\n{LICENSES[name].url}legalcode\n"
    return httpx.Response(200, headers={"Content-Type": "text/plain"}, text=text)
