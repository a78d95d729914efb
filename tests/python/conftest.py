"""What the tests of the Python calls share: the demo, and a folder downloaded from it."""

from pathlib import Path

import pytest

from isic_cli import Archive


@pytest.fixture
def demo_by_name(demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `demo` name the demo archive that the run has drawn."""
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))


@pytest.fixture(scope="session")
def pictures(demo_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten images of the demo, downloaded by Python; tests do not change the folder."""
    folder = tmp_path_factory.mktemp("set") / "pictures"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISIC_CACHE_DIR", str(demo_cache))
        with Archive.open("demo") as archive:
            assert archive.search(collections=[1], limit=10).download(folder).ok
    return folder
