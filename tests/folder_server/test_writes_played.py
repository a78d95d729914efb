"""The recorded writes, sent to the folder server: it answers as the real archive did."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.archive_folder import make_archive_folder
from tests.support.folder_server import FolderServer

#: In the order they were recorded, since each finds what the earlier ones left.
PLAYED = [
    number
    for number in range(121, 212)
    # What the front page shows (179, 180) goes by keys that a folder does not have, and
    # nobody works on a study in one (186).
    if number not in {179, 180, 186}
]

#: What is made anew each time: dates, addresses, signatures.
FRESH = {"created", "object_key", "upload_id", "upload_url", "upload_signature", "complete_url",
         "body", "field_value"}  # fmt: skip

#: The recorder could not keep a body that is no JSON.
NO_JSON = 140

Pair = dict[str, Any]


class Player:
    """Sends recorded requests, with our signatures in the place of the recorded ones."""

    def __init__(self, folder: Path) -> None:
        self.client = httpx.Client(
            transport=FolderServer(folder), base_url="http://archive.localhost"
        )
        self.ours: dict[str, str] = {}

    def play(self, number: int, pair: Pair) -> httpx.Response:
        request = pair["request"]
        body = b"" if request["body"] is None else json.dumps(request["body"]).encode()
        for recorded, our in self.ours.items():
            body = body.replace(recorded.encode(), our.encode())
        headers = dict(request["headers"])
        if given := headers.get("Authorization"):
            user = given.split("'")[1]
            headers["Authorization"] = f"Bearer {user}"
        answer = self.client.request(
            request["method"],
            request["path"],
            params=request["query"],
            headers=headers,
            content=b"{not json" if number == NO_JSON else body,
        )
        if answer.is_success and "/s3-upload/" in request["path"]:
            self._go_on(pair["response"]["body"], answer.json())
        return answer

    def _go_on(self, recorded: Pair, our: Pair) -> None:
        """Do at the file host what the recorder did between two recordings."""
        for name in ("upload_signature", "upload_id", "field_value"):
            if name in our:
                self.ours[recorded[name]] = our[name]
        for part in our.get("parts", []):
            self.client.put(part["upload_url"], content=b"x" * part["size"]).raise_for_status()
        if "complete_url" in our:
            self.client.post(our["complete_url"], content=our["body"]).raise_for_status()


@pytest.fixture(scope="module")
def answers(
    contract: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, tuple[Pair, httpx.Response]]:
    player = Player(
        make_archive_folder(tmp_path_factory.mktemp("archive"), contract / "records.json")
    )
    found = {}
    for path in sorted((contract / "http").glob("*.json")):
        number = int(path.name[:3])
        if number in PLAYED:
            pair = json.loads(path.read_text("utf-8"))
            found[number] = (pair, player.play(number, pair))
    return found


@pytest.mark.parametrize("number", PLAYED)
def test_the_folder_server_answers_a_write_as_the_archive_did(
    answers: dict[int, tuple[Pair, httpx.Response]], number: int
) -> None:
    pair, answer = answers[number]
    recorded = pair["response"]

    assert answer.status_code == recorded["status"], answer.text
    assert _plain(answer) == _comparable(recorded["body"])


def _plain(answer: httpx.Response) -> Any:
    if "json" in answer.headers.get("Content-Type", ""):
        return _comparable(answer.json())
    return answer.text


def _comparable(value: Any) -> Any:
    """Lists of ids in any order, since the archive's is arbitrary; what is fresh, by its type."""
    if isinstance(value, dict):
        return {
            key: type(one).__name__ if key in FRESH else _comparable(one)
            for key, one in value.items()
        }
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return sorted(value)
    return [_comparable(one) for one in value] if isinstance(value, list) else value
