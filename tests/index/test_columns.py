import json
from pathlib import Path
from typing import Any

import pytest

from isic_cli.index.columns import METADATA, split_url, to_line
from isic_cli.index.index import Index
from isic_cli.models.image import ImageRecord
from tests.support.indexes import build, image


def round_trip(record: ImageRecord, folder: Path) -> ImageRecord:
    build(folder, [record])
    with Index.open(folder) as index:
        return next(index.records())


@pytest.mark.slow
@pytest.mark.parametrize(
    "clinical",
    [
        {},
        {"mel_thick_mm": "0.35", "age_approx": 0, "melanocytic": False},
        {"mel_thick_mm": "0.350"},
        {"mel_thick_mm": 0.35},
        {"mel_thick_mm": "thick"},
        {"age_approx": "45"},
        {"age_approx": 45.5},
        {"age_approx": 2**40},
        {"age_approx": 10**400, "mel_thick_mm": 10**400},
        {"sex": 1, "melanocytic": "true"},
        {"a_new_field": ["with", {"more": None}], "sex": "male"},
        {"attribution": "a field of the same name", "size": 3},
        {"pixels_x": 7},
        {"sex": None},
        {"diagnosis_3": 'quotes " and \\ and \n newlines and \u2028 and \U0001f600'},
    ],
    ids=lambda clinical: str(clinical)[:60],
)
def test_a_record_comes_back_as_the_archive_sent_it(
    clinical: dict[str, Any], tmp_path: Path
) -> None:
    record = image("ISIC_0000001", **clinical)
    assert round_trip(record, tmp_path).to_json() == record.to_json()


def test_facts_that_no_column_knows_come_back(tmp_path: Path) -> None:
    data = image("ISIC_0000001", sex="male").to_json()
    data["distance"] = 0.5
    data["files"]["full"]["etag"] = "abc"
    data["files"]["tiles"] = {"count": 3}
    data["metadata"]["unstructured"] = {"note": "x"}
    record = ImageRecord.of(data)
    assert round_trip(record, tmp_path).to_json() == data


def test_a_size_of_no_file_and_an_image_without_an_id_come_back(tmp_path: Path) -> None:
    data = image("").to_json()
    data["files"]["full"]["size"] = 10**30
    assert round_trip(ImageRecord.of(data), tmp_path).to_json() == data


def test_an_image_without_a_thumbnail_comes_back(tmp_path: Path) -> None:
    data = image("ISIC_0000001").to_json()
    data["files"]["thumbnail_256"] = None
    assert round_trip(ImageRecord.of(data), tmp_path).to_json() == data


def test_a_signature_never_reaches_the_index(tmp_path: Path) -> None:
    data = image("ISIC_0000001").to_json()
    data["files"]["full"] = {"url": "https://cdn.example/u/ISIC_0000001.png?Signature=s", "x": 1}
    line = to_line(ImageRecord.of(data))
    assert "Signature" not in line
    found = round_trip(ImageRecord.of(data), tmp_path)
    assert found.files.full.url == "https://cdn.example/u/ISIC_0000001.png"


def test_a_url_without_the_id_is_kept_whole() -> None:
    assert split_url("https://h/a.jpg", "ISIC_0000001") == ("https://h/a.jpg", None)


def test_the_columns_have_the_types_of_the_data_dictionary() -> None:
    assert {name: METADATA[name].type for name in ("age_approx", "mel_thick_mm", "sex")} == {
        "age_approx": "INTEGER",
        "mel_thick_mm": "DOUBLE",
        "sex": "VARCHAR",
    }
    assert METADATA["melanocytic"].type == "BOOLEAN"
    assert METADATA["image_type"].group == "acquisition"


@pytest.mark.slow
def test_every_recorded_record_comes_back(contract: Path, tmp_path: Path) -> None:
    data = json.loads((contract / "records.json").read_text("utf-8"))
    records = [ImageRecord.of(item) for item in data]
    build(tmp_path, records)
    with Index.open(tmp_path) as index:
        found = list(index.records(archive_order=True))
    assert [record.to_json() for record in found] == [record.to_json() for record in records]
