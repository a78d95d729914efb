"""The routes of contributors, cohorts, uploads and accessions."""

import base64
import binascii
import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import httpx
from pydantic import Field, ValidationError

from isic_cli.folder.payloads import Payload, read_payload
from isic_cli.folder.replies import json_reply, no_such_key, not_found, page_reply
from isic_cli.folder.request import BodyError, Call
from tests.support.folder_server.ledger import Accession, Records
from tests.support.folder_server.users import ledger_of, unauthorized, user_of

#: Bytes of a part, as the real server asks for them.
PART = 64 * 2**20


class NewContributor(Payload):
    """A contributor to make; as on the real server, no licence is refused."""

    institution_name: str
    institution_url: str = ""
    legal_contact_info: str
    default_copyright_license: str = ""
    default_attribution: str = ""


class NewUpload(Payload):
    """A file to upload."""

    field_id: str
    file_name: str
    file_size: Annotated[int, Field(ge=1)]
    content_type: str


class SentPart(Payload):
    """A part that was uploaded."""

    part_number: int
    size: int
    etag: str


class Completion(Payload):
    """The parts of an upload, to be joined."""

    upload_signature: str
    upload_id: str
    parts: list[SentPart]


class Finalization(Payload):
    """An upload to confirm."""

    upload_signature: str


class NewAccession(Payload):
    """An uploaded file to add to a cohort."""

    cohort: int
    original_blob: str
    metadata: dict[str, Any] = Field(default_factory=dict)
    engagement_external_id: str | None = None


def cohorts(call: Call) -> httpx.Response:
    """Answer `cohorts/`: those of one's contributors, the newest first."""
    if user_of(call) is None:
        return unauthorized()
    records = ledger_of(call).read()
    mine = [one for one in records.cohorts if _may_upload(call, records, one)]
    return page_reply(call, mine[::-1], lambda one: _cohort(records, one))


def cohort(call: Call) -> httpx.Response:
    """Answer `cohorts/<id>/`."""
    if user_of(call) is None:
        return unauthorized()
    records = ledger_of(call).read()
    found = _by_id(records.cohorts, call.number())
    if found is None or not _may_upload(call, records, found):
        return not_found()
    return json_reply(_cohort(records, found))


def contributors(call: Call) -> httpx.Response:
    """Answer `contributors/`: one's own, the newest first."""
    if user_of(call) is None:
        return unauthorized()
    mine = [one for one in ledger_of(call).read().contributors if _acts_for(call, one)]
    return page_reply(call, mine[::-1], dict)


def contributor(call: Call) -> httpx.Response:
    """Answer `contributors/<id>/`, with its cohorts."""
    if user_of(call) is None:
        return unauthorized()
    records = ledger_of(call).read()
    found = _by_id(records.contributors, call.number())
    if found is None or not _acts_for(call, found):
        return not_found()
    own = [_cohort(records, one) for one in records.cohorts if one["contributor"] == found["id"]]
    listed = [{key: one[key] for key in ("id", "name", "accession_count")} for one in own]
    total = sum(one["accession_count"] for one in own)
    more = {"cohorts": listed, "cohort_count": len(own), "accession_count": total}
    return json_reply(found | more)


def create_contributor(call: Call) -> httpx.Response:
    """Answer a POST to `contributors/`."""
    user = user_of(call)
    if user is None:
        return unauthorized()
    given = read_payload(NewContributor, call.body).model_dump()

    def change(records: Records) -> dict[str, Any]:
        number = max((one["id"] for one in records.contributors), default=0) + 1
        created = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        made = {"id": number, "created": created, "creator": user.id, "owners": [user.id], **given}
        records.contributors.append(made)
        return made

    return json_reply(ledger_of(call).change(change), 201)


def begin_upload(call: Call) -> httpx.Response:
    """Answer `s3-upload/upload-initialize/`; like the real one, without a login too."""
    given = read_payload(NewUpload, call.body)
    key = ledger_of(call).begin_upload(given.file_name)
    sizes = [min(PART, given.file_size - start) for start in range(0, given.file_size, PART)]
    address = f"{call.origin}/uploads/{quote(key)}"
    parts = [
        {"part_number": number, "size": size, "upload_url": f"{address}?partNumber={number}"}
        for number, size in enumerate(sizes, 1)
    ]
    return json_reply(
        {
            "object_key": key,
            "upload_id": key.partition("/")[0],
            "parts": parts,
            "upload_signature": _sealed({"field_id": given.field_id, "object_key": key}),
        }
    )


def take_part(call: Call) -> httpx.Response:
    """Answer the file host's `PUT /uploads/<key>?partNumber=N`."""
    number = call.query.get("partNumber", "")
    if not number.isdigit():
        return no_such_key(call.path)
    ledger_of(call).keep_part(_key(call), int(number), call.body)
    tag = hashlib.md5(call.body, usedforsecurity=False).hexdigest()  # what S3 gives as ETag
    return httpx.Response(200, headers={"ETag": f'"{tag}"'})


def complete_upload(call: Call) -> httpx.Response:
    """Answer `s3-upload/upload-complete/` with the address and the XML that join the parts."""
    given = read_payload(Completion, call.body)
    key = _unsealed(given.upload_signature, "upload_signature")["object_key"]
    listed = "".join(
        f"<Part><PartNumber>{one.part_number}</PartNumber><ETag>{escape(one.etag)}</ETag></Part>"
        for one in given.parts
    )
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<CompleteMultipartUpload xmlns="{namespace}">{listed}</CompleteMultipartUpload>'
    )
    address = f"{call.origin}/uploads/{quote(key)}?uploadId={key.partition('/')[0]}"
    return json_reply({"complete_url": address, "body": body})


def join_parts(call: Call) -> httpx.Response:
    """Answer the file host's `POST /uploads/<key>?uploadId=…`."""
    numbers = re.findall(rb"<PartNumber>(\d+)</PartNumber>", call.body)
    joined = ledger_of(call).join(_key(call), [int(number) for number in numbers])
    if joined is None:
        return no_such_key(call.path)
    return httpx.Response(
        200, headers={"Content-Type": "application/xml"}, text="<CompleteMultipartUploadResult/>"
    )


def finalize(call: Call) -> httpx.Response:
    """Answer `s3-upload/finalize/` with what stands for the file."""
    given = read_payload(Finalization, call.body)
    key = _unsealed(given.upload_signature, "upload_signature")["object_key"]
    size = ledger_of(call).size_of(key)
    if size is None:
        return json_reply({"detail": "No such upload."}, 400)
    return json_reply({"field_value": _sealed({"object_key": key, "file_size": size})})


def create_accession(call: Call) -> httpx.Response:
    """Answer a POST to `accessions/`."""
    if user_of(call) is None:
        return unauthorized()
    given = read_payload(NewAccession, call.body)
    key = str(_unsealed(given.original_blob, "original_blob")["object_key"])
    records = ledger_of(call).read()
    found = _by_id(records.cohorts, given.cohort)
    if found is None:
        return not_found()
    if not _may_upload(call, records, found):
        message = "You do not have permission to add accessions to this cohort."
        return json_reply({"error": message}, 403)
    if errors := _metadata_errors(given.metadata):
        return json_reply({"message": "Invalid metadata.", "errors": errors}, 400)

    def change(records: Records) -> int | None:
        number = max((one.id for one in records.accessions), default=_before(records)) + 1
        made = Accession(id=number, cohort=given.cohort, object_key=key, metadata=given.metadata)
        taken = {one.file_name for one in records.accessions if one.cohort == given.cohort}
        if made.file_name in taken:
            return None
        records.accessions.append(made)
        return number

    number = ledger_of(call).change(change)
    if number is None:
        return json_reply({"message": "An accession with this name already exists."}, 400)
    return json_reply({"id": number}, 201)


def _before(records: Records) -> int:
    """How many uploads the cohorts had before the ledger began."""
    return sum(int(one.get("accession_count", 0)) for one in records.cohorts)


def _cohort(records: Records, one: dict[str, Any]) -> dict[str, Any]:
    new = sum(accession.cohort == one["id"] for accession in records.accessions)
    return one | {"accession_count": int(one.get("accession_count", 0)) + new}


def _by_id(listed: list[dict[str, Any]], number: int) -> dict[str, Any] | None:
    return next((one for one in listed if one["id"] == number), None)


def _acts_for(call: Call, contributor: dict[str, Any]) -> bool:
    user = user_of(call)
    return user is not None and (user.staff or user.id in contributor["owners"])


def _may_upload(call: Call, records: Records, cohort: dict[str, Any]) -> bool:
    owner = _by_id(records.contributors, cohort["contributor"])
    return owner is not None and _acts_for(call, owner)


def _metadata_errors(metadata: dict[str, Any]) -> list[dict[str, str]]:
    from isic_metadata.metadata import MetadataRow  # slow to import, and needed here only

    try:
        MetadataRow.model_validate(dict(metadata))
    except ValidationError as error:
        return [
            {"field": str(detail["loc"][0]) if detail["loc"] else "", "message": detail["msg"]}
            for detail in error.errors(include_url=False, include_input=False)
        ]
    return []


def _key(call: Call) -> str:
    return call.path.removeprefix("/uploads/")


def _sealed(value: dict[str, Any]) -> str:
    """Pack a value into one word; in a folder nobody would forge it."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _unsealed(word: str, field: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(word.encode()))
    except (ValueError, binascii.Error) as error:
        raise _bad_file(field) from error
    if not isinstance(value, dict) or not isinstance(value.get("object_key"), str):
        raise _bad_file(field)
    return value


def _bad_file(field: str) -> BodyError:
    reason = "Invalid S3 file field value."
    problem = {
        "type": "value_error",
        "loc": ["body", "payload", field],
        "msg": f"Value error, {reason}",
        "ctx": {"error": reason},
    }
    return BodyError(json_reply({"detail": [problem]}, 422))
