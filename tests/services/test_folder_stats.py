"""The counts of a folder are the same from its index and from its rows."""

from pathlib import Path

import pytest

from isic_cli.folder.indexing import open_folder_index
from isic_cli.services.stats.dataset import describe
from tests.folder.conftest import png

TABLE = (
    "isic_id,age_approx,benign_malignant,diagnosis,sex,lesion_id,patient_id,split,anatom_site_1\n"
    "ISIC_0000001,35,benign,nevus,female,IL_1,IP_1,train,Trunk\n"
    "ISIC_0000002,NA,malignant,,,IL_1,IP_1,test,\n"
    "ISIC_0000003,5,,nevus,male,,,,Trunk\n"
    "ISIC_0000004,85,benign,nevus,male,IL_9,IP_9,,Trunk\n"
)


@pytest.mark.parametrize("more", ["", "ISIC_0000005,old,,,,,,,\n", "nobody,5,,,,,,,\n"])
def test_stats_of_a_folder_with_an_index_are_those_of_its_rows(tmp_path: Path, more: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "metadata.csv").write_text(TABLE + more)
    for number, size in ((1, (5, 4)), (2, (900, 800)), (3, (8, 8)), (5, (2, 2)), (6, (1, 1))):
        (folder / f"ISIC_000000{number}.png").write_bytes(png(*size))
    (folder / "ISIC_0000003.png").write_bytes(b"broken")
    index = open_folder_index(folder, tmp_path / "spare", small=0)
    assert index is not None
    with index:
        (folder / "ISIC_0000001.png").write_bytes(png(1200, 1100))  # changed since the index
        found = describe(folder, index=index)
        assert list(found.rows()) == list(describe(folder).rows())
    assert found.images == 4 if more.startswith("ISIC") else 3
