"""The routes of lesions: several images of one spot of one skin."""

from collections.abc import Sequence
from typing import Any

import httpx

from isic_cli.folder.call import Call
from isic_cli.folder.paging import page_reply
from isic_cli.folder.replies import json_reply, not_found


def listing(call: Call) -> httpx.Response:
    """Answer `lesions/`, ordered by id."""
    rows = list(call.store.lesions.items())
    return page_reply(call, rows, lambda row: _shown(call, *row), always_count=True)


def detail(call: Call) -> httpx.Response:
    """Answer `lesions/<id>/`."""
    lesion_id = call.parts["lesion_id"]
    images = call.store.lesions.get(lesion_id)
    return not_found() if images is None else json_reply(_shown(call, lesion_id, images))


def _shown(call: Call, lesion_id: str, images: Sequence[str]) -> dict[str, Any]:
    """Return a lesion as the API describes it.

    The index image is the first dermoscopic one, else the first; the outcome is its diagnosis;
    and a lesion is longitudinally monitored when its images are of more than one day. The
    server's own rules are not known.
    """
    fields = {isic_id: call.store.fields(isic_id) for isic_id in images}
    dermoscopic = [one for one in images if fields[one].get("image_type") == "dermoscopic"]
    index = (dermoscopic or images)[0]
    levels = [fields[index].get(f"diagnosis_{level}") for level in range(1, 6)]
    days = {row["acquisition_day"] for row in fields.values() if "acquisition_day" in row}
    return {
        "images": [call.store.record(isic_id, call.origin) for isic_id in images],
        "images_count": len(images),
        "longitudinally_monitored": len(days) > 1,
        "index_image_id": index,
        "outcome_diagnosis": ":".join(level for level in levels if level) or None,
        "outcome_diagnosis_1": levels[0],
        "id": lesion_id,
    }
