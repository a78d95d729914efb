"""The recorded writes, sent to the archive of a folder: it answers as the real one did."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from isic_cli.local import FolderStore, LocalTransport
from tests.support.archive_folder import make_archive_folder

#: In the order they were recorded, since each finds what the earlier ones left.
PLAYED = [
    number
    for number in range(121, 211)
    # Not a folder's: what the front page shows (179, 180), tasks of a study (186), DOIs
    # (198 to 209), and the endpoints of another service (210).
    if number not in {179, 180, 186, 210}
    and not 198 <= number <= 209
    and number not in range(183, 198)
]


def replayed(transport: LocalTransport, request: dict[str, Any]) -> httpx.Response:
    headers = dict(request["headers"])
    if given := headers.get("Authorization"):
        user = given.split("'")[1]
        headers["Authorization"] = f"Bearer {user}"
    body = request["body"]
    content = b"" if body is None else json.dumps(body).encode()
    with httpx.Client(transport=transport, base_url="http://archive.localhost") as client:
        return client.request(
            request["method"],
            request["path"],
            params=request["query"],
            headers=headers,
            content=content,
        )


@pytest.fixture(scope="module")
def answers(
    shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, tuple[dict[str, Any], httpx.Response]]:
    folder = make_archive_folder(
        tmp_path_factory.mktemp("archive"), shared / "contract" / "records.json"
    )
    transport = LocalTransport(FolderStore.open(folder))
    found = {}
    for path in sorted((shared / "contract" / "http").glob("*.json")):
        number = int(path.name[:3])
        if number in PLAYED:
            pair = json.loads(path.read_text("utf-8"))
            if number == 140:
                pair["request"]["body"] = None
                pair["request"] |= {"garbage": True}
            found[number] = (pair, _sent(transport, pair["request"]))
    return found


def _sent(transport: LocalTransport, request: dict[str, Any]) -> httpx.Response:
    if not request.pop("garbage", False):
        return replayed(transport, request)
    # The recorder could not keep a body that is no JSON.
    with httpx.Client(transport=transport, base_url="http://archive.localhost") as client:
        return client.post(
            request["path"], content=b"{not json", headers={"Authorization": "Bearer owner"}
        )


@pytest.mark.parametrize("number", PLAYED)
def test_a_folder_answers_a_write_as_the_archive_did(
    answers: dict[int, tuple[dict[str, Any], httpx.Response]], number: int
) -> None:
    pair, answer = answers[number]
    recorded = pair["response"]

    assert answer.status_code == recorded["status"], answer.text
    assert _plain(answer) == _sorted(recorded["body"])


def _plain(answer: httpx.Response) -> Any:
    if "json" in answer.headers.get("Content-Type", ""):
        return _sorted(answer.json())
    return answer.text


def _sorted(value: Any) -> Any:
    """Lists of ids in any order: the archive's order is arbitrary."""
    if isinstance(value, dict):
        return {key: _sorted(one) for key, one in value.items()}
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return sorted(value)
    return [_sorted(one) for one in value] if isinstance(value, list) else value
