from pathlib import Path
from typing import Any

import httpx
import pytest

from isic_cli.errors import AuthError, LocalError
from isic_cli.models.contribution import Cohort
from isic_cli.services.upload.plan import UploadPlan
from isic_cli.services.upload.send import Uploader, UploadJournal
from tests.support.faults import Forever, Script, Step, body, json_answer, raising, status
from tests.support.opened import opened

HOST = "http://127.0.0.1:9000"
JPEG = b"\xff\xd8\xff\xe0 picture"
COHORT = Cohort(id=4, name="A")


def begun(size: int) -> Step:
    parts = [{"part_number": 1, "size": size, "upload_url": f"{HOST}/k"}]
    return json_answer(
        {"object_key": "k", "upload_id": "u", "upload_signature": "s", "parts": parts}
    )


def script(puts: list[Any], creations: list[Any], *, size: int = len(JPEG)) -> Script:
    return Script(
        {
            "POST /api/v2/s3-upload/upload-initialize/": [Forever(begun(size))],
            "PUT /k": puts,
            "POST /api/v2/s3-upload/upload-complete/": [
                Forever(json_answer({"complete_url": f"{HOST}/k", "body": "<x/>"}))
            ],
            "POST /k": [Forever(body(b""))],
            "POST /api/v2/s3-upload/finalize/": [Forever(json_answer({"field_value": "f"}))],
            "POST /api/v2/accessions/": creations,
        }
    )


def uploads(tmp_path: Path, played: Script, *names: str) -> list[tuple[str, str, str]]:
    for name in names:
        (tmp_path / name).write_bytes(JPEG + name.encode())
    plan = UploadPlan(tuple(tmp_path / name for name in names))
    journal = UploadJournal(tmp_path / "journal")
    with opened(played, token="a-token-of-its-own", sleep=lambda _: None, retries=2) as api:
        return [
            (Path(str(one.path)).name, one.status, one.reason or "")
            for one in Uploader(api, COHORT, journal).run(plan)
        ]


def test_a_cut_part_is_sent_again_from_its_beginning(tmp_path: Path) -> None:
    size = len(JPEG) + 1
    seen: list[bytes] = []

    def taken(request: httpx.Request) -> httpx.Response:
        seen.append(request.read())
        return body(b"", ETag='"t"')(request)

    played = script([raising(httpx.WriteError), taken], [json_answer({"id": 7}, 201)], size=size)

    assert uploads(tmp_path, played, "a") == [("a", "uploaded", "")]
    assert seen == [JPEG + b"a"]


def test_a_part_that_stays_cut_has_failed_and_makes_no_accession(tmp_path: Path) -> None:
    played = script([Forever(raising(httpx.WriteError))], [], size=len(JPEG) + 1)

    ((name, state, reason),) = uploads(tmp_path, played, "a")

    assert (name, state) == ("a", "failed")
    assert "PUT 127.0.0.1: the connection broke" in reason
    assert "POST /api/v2/accessions/" not in played.asked
    assert (tmp_path / "journal").read_bytes() == b""


def test_one_refused_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    refused = json_answer(
        {"message": "Invalid metadata.", "errors": [{"field": "age", "message": "no"}]}, 400
    )
    played = script(
        [Forever(body(b"", ETag='"t"'))],
        [refused, json_answer({"id": 7}, 201), status(503), status(503), status(503)],
        size=len(JPEG) + 1,
    )

    found = [uploads(tmp_path, played, name)[0] for name in ("a", "b", "c")]

    assert [one[:2] for one in found] == [("a", "failed"), ("b", "uploaded"), ("c", "failed")]
    assert "Invalid metadata. (age: no)" in found[0][2]


def test_a_refused_login_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(AuthError):
        uploads(
            tmp_path, script([Forever(body(b"", ETag='"t"'))], [Forever(status(401))], size=15), "a"
        )


def test_a_file_that_becomes_shorter_is_not_uploaded(tmp_path: Path) -> None:
    played = script([Forever(_reading)], [], size=1000)

    ((_, state, reason),) = uploads(tmp_path, played, "a")

    assert (state, "has become shorter" in reason) == ("failed", True)


def _reading(request: httpx.Request) -> httpx.Response:
    request.read()
    return body(b"", ETag='"t"')(request)


def test_a_journal_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LocalError, match="cannot write"):
        UploadJournal(tmp_path / "file" / "journal").add("a", "b", 1)
