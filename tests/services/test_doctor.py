import os
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest

from isic_cli.api.archive import ArchiveApi
from isic_cli.config import ArchiveSpec, Settings
from isic_cli.services.doctor import Check, examine
from tests.support.faults import Forever, Script, Step, body, json_answer, page, raising, status

NOW = 1_790_000_000.0
HERE = ArchiveSpec("remote", "test", "http://127.0.0.1:8010")


def answering(*, skew: float = 0.0, me: Step | None = None) -> Script:
    def dated(request: httpx.Request) -> httpx.Response:
        answer = page([], count=0)(request)
        answer.headers["Date"] = formatdate(NOW - skew, usegmt=True)
        return answer

    user = json_answer({"id": 2, "email": "o@example.org", "full_name": "Olga Owner"})
    return Script(
        {
            "GET /api/v2/collections/": [Forever(dated)],
            "GET /api/v2/users/me/": [Forever(me or user)],
        }
    )


def examined(
    tmp_path: Path,
    script: Script,
    *,
    token: str | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    archive: ArchiveSpec = HERE,
) -> dict[str, Check]:
    settings = Settings(archive, tmp_path / "cache", token=token, retries=0)
    checks = examine(
        settings,
        lambda chosen: ArchiveApi.open(chosen, transport=script),
        folder=folder or tmp_path,
        environ=environ or {},
        now=lambda: NOW,
    )
    return {check.name: check for check in checks}


def test_where_all_is_well_every_check_is_ok(tmp_path: Path) -> None:
    found = examined(tmp_path, answering(), token="t", environ={"ISIC_TOKEN": "t"})

    assert {name: check.status for name, check in found.items()} == dict.fromkeys(
        ["version", "installation", "proxy", "archive", "clock", "login", "disk", "cache"], "ok"
    )
    assert found["login"].detail == "Olga Owner, by ISIC_TOKEN"
    assert found["clock"].detail == "0 s behind the archive's"


def test_an_archive_that_is_away_is_told_and_the_rest_still_looked_at(tmp_path: Path) -> None:
    script = Script({"GET /api/v2/collections/": [raising(httpx.ConnectError, "refused")]})
    found = examined(tmp_path, script)

    assert (found["archive"].status, "refused" in found["archive"].detail) == ("failed", True)
    assert "clock" not in found
    assert found["disk"].status == "ok"


def test_an_archive_that_answers_with_an_error_is_not_well(tmp_path: Path) -> None:
    found = examined(tmp_path, Script({"GET /api/v2/collections/": [status(404)]}))

    assert found["archive"].status == "failed"


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_what_answers_as_no_archive_does_is_not_well(tmp_path: Path, kind: str) -> None:
    page = body(b"<html>Sign in</html>", Content_Type=kind)
    found = examined(tmp_path, Script({"GET /api/v2/collections/": [page]}))

    assert found["archive"].status == "failed"
    assert "JSON" in found["archive"].detail


def test_a_refused_token_is_the_logins_fault_and_not_the_archives(tmp_path: Path) -> None:
    found = examined(tmp_path, answering(me=status(401)), token="bad")

    assert (found["archive"].status, found["login"].status) == ("ok", "failed")


def test_without_a_login_one_is_a_guest(tmp_path: Path) -> None:
    assert examined(tmp_path, answering())["login"].detail == "none: only what is public is shown"


@pytest.mark.parametrize(
    ("skew", "state", "words"),
    [
        (-120.0, "ok", "120 s behind the archive's"),
        (3600.0, "failed", "3600 s ahead of the archive's"),
    ],
)
def test_a_clock_far_off_breaks_signed_links(
    tmp_path: Path, skew: float, state: str, words: str
) -> None:
    clock = examined(tmp_path, answering(skew=skew))["clock"]

    assert (clock.status, clock.detail) == (state, words)


def test_a_date_that_is_none_is_no_fault(tmp_path: Path) -> None:
    script = Script(
        {"GET /api/v2/collections/": [json_answer({"results": [], "count": 0}, Date="soon")]}
    )
    assert examined(tmp_path, script)["clock"].status == "ok"


def test_a_proxy_is_shown_without_its_password(tmp_path: Path) -> None:
    environ = {"HTTPS_PROXY": "http://me:secret@proxy.example:3128", "no_proxy": "localhost"}
    detail = examined(tmp_path, answering(), environ=environ)["proxy"].detail

    assert detail == "no TLS (http); HTTPS_PROXY=http://***@proxy.example:3128; NO_PROXY=localhost"


def test_certificates_that_are_not_there_are_told(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.pem")
    proxy = examined(tmp_path, answering(), environ={"SSL_CERT_FILE": gone})["proxy"]

    assert (proxy.status, proxy.detail) == ("failed", f"SSL_CERT_FILE={gone} is not there")


def test_another_isic_in_front_of_this_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "isic").write_text("#!/bin/sh\n")
    (tmp_path / "isic").chmod(0o755)
    path = os.pathsep.join([f"/{'x' * 300}", str(tmp_path)])  # nobody can look into the first
    other = examined(tmp_path, answering(), environ={"PATH": path})["installation"]

    assert (other.status, str(tmp_path / "isic") in other.detail) == ("warning", True)


def test_a_folder_to_come_is_judged_by_the_one_it_will_be_in(tmp_path: Path) -> None:
    found = examined(tmp_path, answering(), folder=tmp_path / "not" / "yet")

    assert found["disk"].status == "ok"


def test_an_archive_on_this_machine_needs_no_network(tmp_path: Path) -> None:
    local = ArchiveSpec("folder", "here", "http://archive.localhost", tmp_path)
    found = examined(tmp_path, answering(), archive=local)

    assert found["proxy"].detail == "no network: the archive is on this machine"
