"""A folder, read as an archive."""

import logging
from pathlib import Path
from typing import Any

import pytest

from isic_cli.errors import LocalError
from isic_cli.folder.store import FolderStore
from isic_cli.folder.table import typed
from isic_cli.tables.names import guarded, unguarded
from tests.folder.conftest import Make, png

ROWS = (
    "isic_id,attribution,copyright_license,age_approx,diagnosis_1,image_type,mel_thick_mm,"
    "melanocytic,pixels_x,pixels_y,sex\n"
    'ISIC_0000002,"Clinic, one",CC-BY,55,Benign,dermoscopic,0.80,True,3,2,female\n'
    "ISIC_0000001,Anonymous,CC-0,,,,,false,,,\n"
)
PICTURES: dict[str, str | bytes] = {
    "ISIC_0000001.png": png(5, 4),
    "ISIC_0000002.png": png(3, 2),
}


def test_a_row_becomes_a_record_with_the_types_of_the_api(make: Make) -> None:
    store = FolderStore.open(make({"metadata.csv": ROWS, **PICTURES}))
    assert store.record("ISIC_0000002", "http://x") == {
        "isic_id": "ISIC_0000002",
        "copyright_license": "CC-BY",
        "attribution": "Clinic, one",
        "files": {
            "full": {"url": "http://x/images/ISIC_0000002.png", "size": len(png(3, 2))},
            "thumbnail_256": {
                "url": "http://x/thumbnails/ISIC_0000002_thumbnail.jpg",
                "size": None,
            },
        },
        "metadata": {
            "acquisition": {"image_type": "dermoscopic", "pixels_x": 3, "pixels_y": 2},
            "clinical": {
                "age_approx": 55,
                "diagnosis_1": "Benign",
                "mel_thick_mm": "0.80",
                "melanocytic": True,
                "sex": "female",
            },
        },
        "public": True,
    }


def test_the_listing_keeps_the_order_of_the_table(make: Make) -> None:
    folder = make({"metadata.csv": ROWS, **PICTURES, "ISIC_0000000.JPG": b""})
    assert FolderStore.open(folder).ids == ("ISIC_0000002", "ISIC_0000001", "ISIC_0000000")


def test_dimensions_that_the_table_lacks_come_from_the_picture(make: Make) -> None:
    store = FolderStore.open(make({"metadata.csv": ROWS, **PICTURES}))
    assert store.record("ISIC_0000001", "")["metadata"] == {
        "acquisition": {"pixels_x": 5, "pixels_y": 4},
        "clinical": {"melanocytic": False},
    }


def test_a_picture_without_a_row_has_no_licence_and_no_credit(make: Make) -> None:
    store = FolderStore.open(make({"ISIC_0000001.png": png(5, 4)}))
    record = store.record("ISIC_0000001", "")
    assert (record["copyright_license"], record["attribution"]) == ("", "")
    assert record["metadata"] == {"acquisition": {"pixels_x": 5, "pixels_y": 4}, "clinical": {}}


def test_a_broken_picture_is_served_without_dimensions(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    store = FolderStore.open(make({"ISIC_0000001.jpg": b"no picture"}))
    assert store.record("ISIC_0000001", "")["metadata"] == {"acquisition": {}, "clinical": {}}
    assert "ISIC_0000001.jpg is not a picture" in caplog.text


def test_rows_without_a_picture_are_counted_not_served(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make({"metadata.csv": ROWS, "ISIC_0000002.png": png(3, 2)})
    store = FolderStore.open(folder)
    assert store.ids == ("ISIC_0000002",)
    assert caplog.messages == [f"{folder}: 1 rows of metadata.csv have no picture here"]


def test_superpixels_and_masks_beside_the_pictures_are_no_pictures(make: Make) -> None:
    names = (
        "ISIC_0000001_superpixels.png",
        "deep/ISIC_0000002_superpixels_v3.0.png",
        "ISIC_0000001_Segmentation.png",
        "ISIC_0000001_attribute_globules.png",
        "ISIC_0000001_thumbnail.jpg",
        "ISIC_0000001_features.json",
        ".isic/ISIC_0000009.jpg",
        "studies/1/ISIC_0000008.jpg",
        "ISIC_0013908_downsampled.jpg",
        "ISIC_0000001.txt",
    )
    folder = make({"2018/x/ISIC_0000001.png": png(5, 4), **dict.fromkeys(names, b"")})
    contents = FolderStore.open(folder).contents
    found = {
        kind: {key: Path(path).relative_to(folder).as_posix() for key, path in files.items()}
        for kind, files in vars(contents).items()
        if isinstance(files, dict)
    }
    assert found == {
        "pictures": {
            "ISIC_0000001": "2018/x/ISIC_0000001.png",
            "ISIC_0013908": "ISIC_0013908_downsampled.jpg",  # a whole picture, of 2019
        },
        "thumbnails": {"ISIC_0000001": "ISIC_0000001_thumbnail.jpg"},
        "features": {"ISIC_0000001": "ISIC_0000001_features.json"},
        "superpixels": {
            "ISIC_0000001": "ISIC_0000001_superpixels.png",
            "ISIC_0000002": "deep/ISIC_0000002_superpixels_v3.0.png",
        },
        "masks": {
            "ISIC_0000001_Segmentation.png": "ISIC_0000001_Segmentation.png",
            "ISIC_0000001_attribute_globules.png": "ISIC_0000001_attribute_globules.png",
        },
    }


def test_of_two_pictures_with_one_id_the_first_counts_and_the_other_is_named(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make({"a/ISIC_0000001.png": png(5, 4), "b/ISIC_0000001.jpg": b""})
    assert FolderStore.open(folder).ids == ("ISIC_0000001",)
    first, second = folder / "a" / "ISIC_0000001.png", folder / "b" / "ISIC_0000001.jpg"
    message = f"ISIC_0000001 is in the folder twice: {first} is served, {second} is not"
    assert caplog.messages == [message]


def test_columns_of_older_tables_are_kept_as_clinical_fields(make: Make) -> None:
    table = (
        "\ufeffisic_id,attribution,copyright_license,benign_malignant,anatom_site_general,size\r\n"
        "ISIC_0000001,A,CC-0,benign,lower extremity,7\r\n"
    )
    store = FolderStore.open(make({"metadata.csv": table, "ISIC_0000001.png": png(1, 1)}))
    assert store.record("ISIC_0000001", "")["metadata"]["clinical"] == {
        "benign_malignant": "benign",
        "anatom_site_general": "lower extremity",
    }


def test_a_cell_of_the_wrong_type_is_left_out_with_one_warning(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    table = (
        "isic_id,age_approx,melanocytic,sex\nISIC_0000001,old,maybe,male\nISIC_0000002,42.5,True,\n"
    )
    store = FolderStore.open(make({"metadata.csv": table, **PICTURES}))
    assert [store.fields(isic_id) for isic_id in store.ids] == [
        {"sex": "male"},
        {"melanocytic": True},
    ]
    assert caplog.messages == [
        "metadata.csv: age_approx of ISIC_0000001 cannot be 'old': left out",
        "metadata.csv: melanocytic of ISIC_0000001 cannot be 'maybe': left out",
    ]


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("melanocytic", "TRUE", True),
        ("melanocytic", "0", False),
        ("age_approx", "55.0", 55),
        ("acquisition_day", "-3", -3),
        ("clin_size_long_diam_mm", "4.80", "4.80"),
        ("sex", "true", "true"),
    ],
)
def test_a_cell_has_the_type_of_its_column(name: str, cell: str, value: Any) -> None:
    found = typed(name, cell)
    assert (found, type(found)) == (value, type(value))


def test_the_tab_before_a_formula_comes_and_goes() -> None:
    cells = ["=1+1", "+x", "-3", "@SkinLab", "plain", "\tplain"]
    assert [unguarded(guarded(cell)) for cell in cells] == cells
    assert [guarded(cell) for cell in cells[:5]] == [
        "\t=1+1",
        "\t+x",
        "\t-3",
        "\t@SkinLab",
        "plain",
    ]


def test_a_second_row_of_one_image_is_reported(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    table = "isic_id,sex\nISIC_0000001,male\n\nISIC_0000001,female\n"
    folder = make({"metadata.csv": table, "ISIC_0000001.png": png(1, 1)})
    assert FolderStore.open(folder).fields("ISIC_0000001") == {"sex": "male"}
    path = folder / "metadata.csv"
    assert caplog.messages == [f"{path}: ISIC_0000001 has two rows, the first counts"]


def test_the_lock_finds_pictures_whose_names_hide_their_id(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    lock = (
        '{"format": 1, "layout": "x"}\n'
        '{"isic_id": "ISIC_0000001", "path": "scans/one.png", "width": 5, "height": 4,'
        ' "copyright_license": "CC-BY", "attribution": "A", "lesion_id": "IL_0000001"}\n'
        '{"isic_id": "ISIC_0000002", "path": "../secret.png"}\n'
        '{"isic_id": "ISIC_0000003", "path": "gone.png"}\n'
    )
    folder = make({"isic.lock": lock, "scans/one.png": png(5, 4), "x": ""})
    store = FolderStore.open(folder)
    lacks = f"{folder} has no metadata.csv: only what isic.lock holds is known"
    assert caplog.messages == [lacks]
    record = store.record("ISIC_0000001", "")
    assert store.ids == ("ISIC_0000001",)
    assert (record["copyright_license"], record["attribution"]) == ("CC-BY", "A")
    assert record["metadata"] == {
        "acquisition": {"pixels_x": 5, "pixels_y": 4},
        "clinical": {"lesion_id": "IL_0000001"},
    }


def test_a_torn_line_of_the_lock_is_passed_over(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make({"isic.lock": '{"isic_id": "ISIC_00', "ISIC_0000001.png": png(1, 1)})
    assert FolderStore.open(folder).ids == ("ISIC_0000001",)
    assert caplog.messages == [f"{folder / 'isic.lock'}, line 1 is not JSON: passed over"]


def test_collections_hold_listed_images_and_those_of_a_query(make: Make) -> None:
    collections = """{"collections": [
        {"id": 3, "name": "both", "isic_ids": ["ISIC_0000001", "ISIC_0000007"],
         "query": "sex:female"},
        {"id": 4, "name": "listed", "isic_ids": ["ISIC_0000001"]}]}"""
    store = FolderStore.open(
        make({"metadata.csv": ROWS, "collections.json": collections, **PICTURES})
    )
    assert store.members(3) == {"ISIC_0000001", "ISIC_0000002"}
    assert store.members(4) == {"ISIC_0000001"}
    assert store.members(5) == frozenset()
    assert store.select("", [4, 5]) == ["ISIC_0000001"]
    assert store.select("sex:female", [4]) == []


def test_a_search_is_remembered_for_its_next_page(make: Make) -> None:
    store = FolderStore.open(make({"metadata.csv": ROWS, **PICTURES}))
    first = store.select("sex:female")
    assert first == ["ISIC_0000002"]
    assert store.select("sex:female") is first
    for age in range(8):
        assert store.select(f"age_approx:{age}") == []
    assert store.select("sex:female") is not first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": 1}]', "0.name: Field required"),
        ('{"id": 1}', "Input should be a valid list"),
        ("[", "cannot read"),
        ('[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]', "two collections have one id"),
        ('[{"id": 1, "name": "a", "query": "sex"}]', "query of 'a'"),
    ],
)
def test_a_wrong_collections_file_is_named(make: Make, text: str, message: str) -> None:
    folder = make({"collections.json": text, "ISIC_0000001.png": png(1, 1)})
    with pytest.raises(LocalError) as raised:
        assert FolderStore.open(folder).collections
    assert str(folder / "collections.json") in raised.value.message
    assert message in raised.value.message


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"1/study.json": '{"id": 1}'}, "name: Field required"),
        ({"1/study.json": "[]"}, "cannot read"),
        (
            {"a/study.json": '{"id": 1, "name": "x"}', "b/study.json": '{"id": 1, "name": "y"}'},
            "study 1 is there twice",
        ),
        (
            {"1/study.json": '{"id": 1, "name": "x"}', "1/annotations.json": '{"tasks": 3}'},
            "tasks: Input should be a valid array",
        ),
    ],
)
def test_a_wrong_study_is_named(make: Make, files: dict[str, str], message: str) -> None:
    folder = make({**{f"studies/{name}": text for name, text in files.items()}, **PICTURES})
    with pytest.raises(LocalError) as raised:
        assert [study.annotated() for study in FolderStore.open(folder).studies.values()]
    assert str(folder / "studies") in raised.value.message
    assert message in raised.value.message


def test_a_study_serves_its_own_files_and_no_others(make: Make) -> None:
    folder = make(
        {
            "studies/1/study.json": '{"id": 1, "name": "x"}',
            "studies/1/secret.txt": "",
            "studies/1/masks/a.png": b"",
            **PICTURES,
        }
    )
    study = FolderStore.open(folder).studies[1]
    names = ("study.json", "masks/a.png", "secret.txt", "masks/../study.json", "responses.csv")
    assert [study.file(name) is not None for name in names] == [True, True, False, False, False]
    assert study.annotated() == ((), ())


def test_a_folder_that_is_no_archive_is_named(make: Make) -> None:
    folder = make({"notes.txt": "nothing"})
    with pytest.raises(LocalError) as raised:
        FolderStore.open(folder)
    message = f"{folder} is not an archive: it has no metadata.csv and no picture ISIC_…"
    assert raised.value.message == message


def test_a_table_alone_is_an_empty_archive(make: Make) -> None:
    assert FolderStore.open(make({"metadata.csv": "isic_id\n"})).ids == ()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"name\n1\n", "has no column of ids"),
        (b"sex\nmale\n", "no column of ids among sex"),
        (b"", "is empty"),
        (b"isic_id\nISIC_0000001\xff\n", "is not UTF-8 text (line 2)"),
        (b'isic_id\nISIC_0000001\n"ISIC_0000002\n', "line 3: a quote that begins here"),
        (b"isic_id,sex\nISIC_0000001,male,x\n", "line 2: 3 cells, but 2 columns"),
        (b"isic_id,sex\n\nISIC_0000001\n", "line 3: 1 cells, but 2 columns"),
        (b'isic_id,sex\nISIC_0000001,"a\nb"\nISIC_0000002\n', "line 4: 1 cells"),
        (b'isic_id,sex\nISIC_0000001,"ma"le\n', "line 2: text behind a closing quote"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(make: Make, table: bytes, message: str) -> None:
    folder = make({"metadata.csv": table})
    with pytest.raises(LocalError) as raised:
        FolderStore.open(folder)
    assert raised.value.message.startswith(str(folder / "metadata.csv"))
    assert message in raised.value.message


@pytest.mark.parametrize("name", ["isic.lock", "collections.json"])
def test_a_folder_in_the_place_of_a_file_is_a_local_error(make: Make, name: str) -> None:
    folder = make({f"{name}/x": "", **PICTURES})
    with pytest.raises(LocalError) as raised:
        assert FolderStore.open(folder).collections
    assert raised.value.message.startswith(f"cannot read {folder / name}: ")


def test_a_folder_that_is_not_there_is_a_local_error(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot read"):
        FolderStore.open(tmp_path / "nowhere")


def test_the_real_folder_is_served_whole(shared: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = FolderStore.open(shared / "data" / "real")
    with caplog.at_level(logging.WARNING):
        records = [store.record(isic_id, "") for isic_id in store.ids]
    assert len(records) == 41
    assert {record["copyright_license"] for record in records} == {"CC-0", "CC-BY"}
    assert all(record["metadata"]["acquisition"]["pixels_x"] > 0 for record in records)
    assert caplog.messages == []


@pytest.mark.parametrize(
    "name",
    [
        "metadata_anatom_site_1-3.csv",
        "metadata_anatom_site_1-5_newest.csv",
        "metadata_bcn20000_2025-07-22.csv",
        "metadata_legacy_and_diagnosis_1-5.csv",
        "metadata_with_pixels_benign_acral.csv",
    ],
)
def test_every_generation_of_the_table_is_typed_without_complaint(
    shared: Path, make: Make, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = (shared / "data" / "csv" / "api" / name).read_bytes()
    table = FolderStore.open(make({"metadata.csv": text})).table
    caplog.clear()
    fields = [table.fields(isic_id) for isic_id in table.rows]
    assert caplog.messages == []
    assert {type(row["age_approx"]) for row in fields if "age_approx" in row} == {int}
    assert all(table.text(isic_id, "attribution") for isic_id in table.rows)


def test_columns_are_known_whatever_their_case_and_spaces(make: Make) -> None:
    store = FolderStore.open(
        make({"metadata.csv": b" ISIC_ID ,Sex,Age Approx,Note\nISIC_0000001,male,50,x\n"})
    )
    assert store.table.fields("ISIC_0000001") == {"sex": "male", "age_approx": 50, "Note": "x"}


def test_rows_of_json_that_lack_fields_are_not_shifted(make: Make) -> None:
    rows = b'{"isic_id":"ISIC_0000001","age_approx":50,"sex":"male"}\n{"isic_id":"ISIC_0000002","sex":"female"}\n'
    store = FolderStore.open(make({"metadata.csv": rows}))
    assert store.table.fields("ISIC_0000002") == {"sex": "female"}
