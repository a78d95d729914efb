"""A build from an archive over the network: what is asked of it, and when."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Isic
from tests.cli.test_build_lock import NEVUS, RECIPE, edit, make_archive
from tests.cli.test_dataset_build import contents
from tests.support.folder_server import FolderServer
from tests.support.served import served


@pytest.fixture
def work(folder: Path) -> Path:
    work = folder.parent
    shutil.rmtree(folder)
    make_archive(work / "served")
    (work / "served/accounts.json").write_text('{"users": []}')
    (work / "set.toml").write_text(RECIPE.replace('archive = "archive"', 'search = ""'))
    return work


@pytest.mark.slow
def test_a_second_build_asks_only_whether_the_archive_has_changed(isic: Isic, work: Path) -> None:
    server = FolderServer(work / "served")
    with served(server) as url:
        server.origin = url
        assert isic("dataset", "build", "set.toml", archive=url).code == 0
        quiet = isic("dataset", "build", "set.toml", "-vv", archive=url)
        before = contents(work / "lesions")
        edit(work / "served/metadata.csv", NEVUS, "Benign", "Malignant")
        # The same origin with another table: the archive that was asked before has changed.
        vars(server).update(vars(FolderServer(work / "served")), origin=url)
        told = isic("dataset", "build", "set.toml", archive=url)
    asked = [line for line in quiet.err.splitlines() if "HTTP Request" in line]
    assert quiet.code == 0
    assert len(asked) == 2
    assert ["/images/search/" in asked[0], "/images/facets/" in asked[1]] == [True, True]
    assert "Warning: the archive of source has changed since" in told.err
    gone = isic("dataset", "build", "set.toml", archive=url)
    assert (gone.code, told.code) == (0, 0)
    assert "Warning: whether the archive has changed is not known" in gone.err
    assert contents(work / "lesions") == before
