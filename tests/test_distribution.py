"""What installed this program, and whether the official client lies in the same environment."""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from isic_cli.distribution import install_extra, install_package, official_client


def install(site: Path, name: str, version: str, files: dict[str, str], requires: str = "") -> Path:
    """Lay out a distribution as an installer does: its files, METADATA and RECORD."""
    information = site / f"{name.replace('-', '_')}-{version}.dist-info"
    information.mkdir(parents=True)
    lines = []
    for file, text in files.items():
        (site / file).parent.mkdir(exist_ok=True, parents=True)
        (site / file).write_text(text)
        digest = urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")
        lines.append(f"{file},sha256={digest},{len(text)}")
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    )
    (information / "RECORD").write_text("\n".join(lines) + "\n")
    return information


OURS = {"isic_cli/__init__.py": "ours", "isic_cli/errors.py": "ours"}
THEIRS = {"isic_cli/__init__.py": "theirs", "isic_cli/session.py": "theirs"}


def test_the_official_client_installed_later_has_overwritten_files(tmp_path: Path) -> None:
    install(tmp_path, "isic-toolkit", "0.1.0", OURS)
    install(tmp_path, "isic-cli", "12.4.0", THEIRS, "girder-cli-oauth-client (<1.0.0)")

    assert str(official_client([str(tmp_path)])) == (
        "the official client (isic-cli 12.4.0) lies in the same environment"
        " and has overwritten isic_cli/__init__.py"
    )


def test_the_official_client_installed_first_is_named_too(tmp_path: Path) -> None:
    install(tmp_path, "isic-cli", "12.4.0", THEIRS, "girder-cli-oauth-client")
    install(tmp_path, "isic-toolkit", "0.1.0", OURS)

    assert str(official_client([str(tmp_path)])) == (
        "the official client (isic-cli 12.4.0) lies in the same environment"
    )


def test_an_earlier_version_of_this_program_is_not_the_official_client(tmp_path: Path) -> None:
    install(tmp_path, "isic-cli", "0.1.0", OURS, "click>=8.2")

    assert official_client([str(tmp_path)]) is None


@pytest.mark.parametrize(
    ("marker", "extra", "package"),
    [
        (None, "pip install 'isic-toolkit[dask]'", "pip install socksio"),
        (
            "pipx_metadata.json",
            "pipx install --force 'isic-toolkit[dask]'",
            "pipx inject isic-toolkit socksio",
        ),
        (
            "uv-receipt.toml",
            "uv tool install --force 'isic-toolkit[dask]'",
            "uv tool install --force --with socksio isic-toolkit",
        ),
    ],
)
def test_hints_fit_what_installed_the_program(
    marker: str | None, extra: str, package: str, tmp_path: Path
) -> None:
    install(tmp_path / "site", "isic-toolkit", "0.1.0", OURS)
    if marker:
        (tmp_path / marker).touch()

    site = [str(tmp_path / "site")]
    assert install_extra("dask", prefix=tmp_path, path=site) == extra
    assert install_package("socksio", prefix=tmp_path) == package


@pytest.mark.parametrize(
    ("url", "editable", "command"),
    [
        ("file:///src/isic", True, "pip install -e '/src/isic[dask]'"),
        ("file:///src/isic", False, "pip install 'isic-toolkit[dask] @ file:///src/isic'"),
    ],
)
def test_a_program_installed_from_a_folder_gets_its_extra_from_there(
    url: str, editable: bool, command: str, tmp_path: Path
) -> None:
    information = install(tmp_path / "site", "isic-toolkit", "0.1.0", OURS)
    note = {"url": url, "dir_info": {"editable": editable}}
    (information / "direct_url.json").write_text(json.dumps(note))

    assert install_extra("dask", prefix=tmp_path, path=[str(tmp_path / "site")]) == command
