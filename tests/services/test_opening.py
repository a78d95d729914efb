"""Which archive inside the process is opened."""

import os
from pathlib import Path

import pytest

from isic_cli.config import LOCAL_URL, ArchiveSpec
from isic_cli.errors import LocalError, UsageError
from isic_cli.services.opening import open_store, open_transport


def test_a_folder_is_opened_by_its_path(demo: Path, tmp_path: Path) -> None:
    transport = open_transport(ArchiveSpec("folder", str(demo), LOCAL_URL, demo), tmp_path)
    assert (transport.store.folder, transport.origin) == (demo, "http://archive.localhost")


def test_the_demo_is_opened_from_the_cache(demo: Path) -> None:
    transport = open_transport(ArchiveSpec("demo", "demo", LOCAL_URL), demo.parents[1])
    assert transport.store.folder == demo
    assert len(transport.store.ids) == 60


def test_a_folder_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="is not an archive"):
        open_transport(ArchiveSpec("folder", "x", LOCAL_URL, tmp_path), tmp_path)


def test_an_archive_over_the_network_is_not_opened_here(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the archive prod is not inside the process"):
        open_transport(ArchiveSpec("remote", "prod", "https://x"), tmp_path)


def test_a_demo_whose_cache_cannot_be_written_is_drawn_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever runs the tests may be root, whom no mode keeps out.
    monkeypatch.setattr(os, "access", lambda path, mode: tmp_path not in Path(path).parents)
    (tmp_path / "cache").mkdir()
    store = open_store(ArchiveSpec("demo", "demo", LOCAL_URL), tmp_path / "cache")
    assert len(store.ids) == 60
    assert list((tmp_path / "cache").iterdir()) == []
