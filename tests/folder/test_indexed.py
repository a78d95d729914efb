"""A folder behind its index answers as the folder itself does, and follows what is changed."""

import cProfile
import json
from pathlib import Path

import httpx
import pytest

from isic_cli.config import LOCAL_URL
from isic_cli.errors import LocalError
from isic_cli.folder.folderindex import FolderIndex
from isic_cli.folder.indexed import IndexedStore
from isic_cli.folder.indexing import open_folder_index
from isic_cli.folder.store import FolderStore
from isic_cli.folder.transport import FolderTransport
from isic_cli.index.condition import Condition, among
from isic_cli.index.state import read_state
from isic_cli.models.selection import Selection
from isic_cli.services.select.offline import OfflineImages
from tests.folder.conftest import Make, png
from tests.support.opened import settings_for

#: Every oddity of a table that the folder's own reader forgives.
TABLE = (
    "isic_id,attribution,copyright_license,age_approx,benign_malignant,diagnosis_1,image_type,"
    "lesion_id,mel_thick_mm,melanocytic,pixels_x,pixels_y,sex,hairy,clin_size_long_diam_mm\n"
    'ISIC_0000005,"Clinic, one",CC-BY,55,benign,Benign,dermoscopic,IL_1,0.80,True,3,2,female,1,3\n'
    "isic_0000002.jpg,Anonymous,CC-0,NA,,Malignant,,IL_1,0.8,false,,,male,false,\n"
    "ISIC_0000003,\t=Anonymous,CC-BY-NC,old,nan, None ,clinical: overview,,thick,1.0,3.0,2,,,\n"
    "ISIC_0000009,Nobody,CC-0,5,,,,,,,,,female,,\n"
    "ISIC_0000002,Again,CC-0,5,,,,,,,,,female,,\n"
    "ISIC_0000004,Anonymous,CC-0,0,,Benign,dermoscopic,IL_2,12.5,0,7,8,Nevus,,\n"
    "\n"
    "ISIC_0000001,Anonymous,CC-0,85,,Benign,dermoscopic,IL_2,,,9,9,n/a,,1.25\n"
)
LOCK = [
    {"isic_lock": 1},
    {"isic_id": "ISIC_0000002", "path": "ISIC_0000002.png", "width": 21, "height": 22,
     "copyright_license": "CC-BY", "attribution": "Lock", "lesion_id": "IL_9",
     "patient_id": "IP_1", "public": False},
    {"isic_id": "ISIC_0000007", "path": ".kept/other.png", "width": 1, "height": 1},
    {"isic_id": "ISIC_0000008", "path": "../outside.png"},
]  # fmt: skip
COLLECTIONS = [
    {"id": 1, "name": "Listed", "isic_ids": ["ISIC_0000001", "ISIC_0000009", "ISIC_0000002"]},
    {"id": 2, "name": "Found", "query": "diagnosis_1:Benign", "public": True},
]
FILES: dict[str, str | bytes] = {
    "metadata.csv": TABLE,
    "isic.lock": "".join(json.dumps(line) + "\n" for line in LOCK) + "no line\n",
    "collections.json": json.dumps(COLLECTIONS),
    ".kept/other.png": png(1, 1),
    "ISIC_0000001.png": png(5, 4),
    "ISIC_0000002.png": png(4, 4),
    "b/ISIC_0000003.PNG": png(6, 4),
    "a-b/ISIC_0000004.png": png(6, 5),
    "a/ISIC_0000004.png": png(6, 6),
    "ISIC_0000005.png": png(3, 2),
    "ünï, %/ISIC_0000006.png": png(8, 2),
    "thumbs/ISIC_0000005_thumbnail.jpg": b"small",
    "ISIC_0000005_superpixels.png": png(3, 2),
    "ISIC_0000005_segmentation.png": png(3, 2),
    ".isic/layout.json": "{}",
}
QUERIES = (
    "", "diagnosis_1:Benign", "sex:*", "-sex:female", "age_approx:[50 TO *]", "mel_thick_mm:0.8",
    "mel_thick_mm:[1 TO 20]", "melanocytic:true", "public:false", "lesion_id:IL_1", "-melanocytic:*",
    "copyright_license:CC-BY OR isic_id:ISIC_0000006", "image_type:overview", "isic_id:ISIC_000000*",
)  # fmt: skip
ROUTES = (
    "images/", "images/?limit=2", "images/facets/", "images/facets/?query=sex:female",
    "images/search/size/", "images/search/size/?query=sex:female", "lesions/", "lesions/IL_1/",
    "lesions/IL_7/", "collections/", "collections/1/attribution/", "collections/2/attribution/",
    "images/search/?collections=1", "images/search/?collections=2,1&query=sex:male",
    "images/search/?collections=77", "images/ISIC_0000009/", "images/ISIC_0000008/",
    "images/search/?query=nonsense", "stats/",
    *(f"images/ISIC_000000{number}/" for number in range(1, 8)),
    *(f"images/search/?query={query}" for query in QUERIES),
)  # fmt: skip
PATHS = (
    "/collections/1/metadata/", "/collections/2/metadata/", "/images/ISIC_0000005.png",
    "/images/ISIC_0000006.png", "/images/ISIC_0000007.png", "/images/ISIC_0000005.jpg",
    "/thumbnails/ISIC_0000005_thumbnail.jpg", "/superpixels/ISIC_0000005_superpixels.png",
    "/masks/ISIC_0000005_segmentation.png", "/masks/nothing.png", "/images/5/",
)  # fmt: skip


def opened(folder: Path) -> FolderIndex:
    index = open_folder_index(folder, folder.with_name("spare"), small=0)
    assert index is not None
    return index


def served(store: FolderStore) -> httpx.Client:
    return httpx.Client(transport=FolderTransport(store), base_url=f"{LOCAL_URL}/api/v2/")


def settle(folder: Path) -> None:
    """Let the stamps be old enough to be believed, as they are two seconds later."""
    path = folder / ".isic/index/folder.json"
    stamps = json.loads(path.read_text())
    path.write_text(json.dumps({**stamps, "taken": stamps["taken"] + 10**10}))


@pytest.fixture
def folder(make: Make) -> Path:
    return make(FILES)


@pytest.mark.slow
@pytest.mark.parametrize("table", [True, False], ids=["table", "pictures only"])
def test_the_index_answers_every_route_as_the_folder_does(folder: Path, *, table: bool) -> None:
    if not table:
        (folder / "metadata.csv").unlink()
    with opened(folder) as index:
        plain, indexed = served(FolderStore.open(folder)), served(IndexedStore(index))
        for route in ROUTES:
            one, two = plain.get(route), indexed.get(route)
            assert (route, two.status_code) == (route, one.status_code)
            assert two.json() == one.json(), route
        for path in PATHS:
            one, two = plain.get(LOCAL_URL + path), indexed.get(LOCAL_URL + path)
            assert (path, two.status_code, two.content) == (path, one.status_code, one.content)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"isic.lock": None},
        {"ISIC_0000002.png": None},
        {"ISIC_0000001_thumbnail.jpg": None},
        {"metadata.csv": "isic_id,sex\nISIC_0000001,male\nISIC_0000003,female\n"},
        {"metadata.csv": "isic_id,sex\nISIC_0000002,male\nISIC_0000001,female\nISIC_0000003,\n"},
    ],
    ids=["as a download leaves it", "no lock", "a picture less", "a thumbnail less", "a row less",
         "another order"],
)  # fmt: skip
def test_pictures_meet_their_own_rows_whatever_is_lacking(
    make: Make, changes: dict[str, str | None]
) -> None:
    names = [f"ISIC_000000{number}" for number in (1, 2, 3)]
    files: dict[str, str | bytes] = {
        "metadata.csv": "isic_id,sex\n" + "".join(f"{name},male\n" for name in names),
        "isic.lock": "".join(
            json.dumps({"isic_id": name, "path": f"{name}.png", "attribution": f'"{place}\\'})
            + "\n"
            for place, name in enumerate(names)
        ),
        **{f"{name}.png": png(5, place + 1) for place, name in enumerate(names)},
        **{f"{name}_thumbnail.jpg": place * b"s" for place, name in enumerate(names)},
    }
    folder = make({name: text for name, text in (files | changes).items() if text is not None})
    with opened(folder) as index:
        plain, indexed = served(FolderStore.open(folder)), served(IndexedStore(index))
        assert indexed.get("images/").json() == plain.get("images/").json()


@pytest.mark.slow
def test_pages_of_the_index_go_forth_and_back_as_those_of_the_folder(folder: Path) -> None:
    with opened(folder) as index:
        plain, indexed = served(FolderStore.open(folder)), served(IndexedStore(index))
        seen, url = [], "images/?limit=3"
        while url:
            page = indexed.get(url).json()
            assert page == plain.get(url).json()
            if page["previous"]:
                assert indexed.get(page["previous"]).json() == plain.get(page["previous"]).json()
            seen += [row["isic_id"] for row in page["results"]]
            url = page["next"]
    assert seen == [f"ISIC_000000{number}" for number in (5, 2, 3, 4, 1, 6, 7)]


def test_what_is_left_out_of_the_table_is_logged(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened(folder).close()
    assert sorted(record.getMessage().replace(str(folder), "F") for record in caplog.records) == [
        "F/metadata.csv: ISIC_0000002 is there 2 times, the first counts",
        "F: 1 rows of metadata.csv have no picture here",
        "F: ISIC_0000004 is there 2 times, the first is served",
        "metadata.csv: age_approx of ISIC_0000003 has no such value: left out",
    ]


def ids(folder: Path) -> list[str]:
    with opened(folder) as index:
        return sorted(index.ids())


@pytest.mark.slow
def test_an_index_is_kept_while_nothing_changes(folder: Path) -> None:
    opened(folder).close()
    settle(folder)
    with opened(folder) as index:
        first = index.state.files
    with opened(folder) as index:
        assert index.state.files == first


@pytest.mark.slow
def test_an_index_made_while_the_folder_was_written_is_not_believed(folder: Path) -> None:
    with opened(folder) as index:
        first = index.state.files["records"]
    with opened(folder) as index:
        assert index.state.files["records"] != first


@pytest.mark.slow
def test_a_picture_that_came_or_went_is_seen_and_the_table_is_not_read_again(
    folder: Path,
) -> None:
    opened(folder).close()
    settle(folder)
    rows = read_state(folder / ".isic/index").files["rows"]
    (folder / "b/ISIC_0000009.png").write_bytes(png(2, 2))
    (folder / "ISIC_0000001.png").unlink()
    found = ids(folder)
    assert "ISIC_0000009" in found
    assert "ISIC_0000001" not in found
    assert read_state(folder / ".isic/index").files["rows"] == rows


@pytest.mark.slow
def test_a_table_a_lock_and_collections_that_changed_are_read_again(folder: Path) -> None:
    opened(folder).close()
    settle(folder)
    (folder / "metadata.csv").write_text("isic_id,sex\nISIC_0000001,male\n")
    with opened(folder) as index:
        (record,) = index.records(_only("ISIC_0000001"))
        assert record.row() == {
            "isic_id": "ISIC_0000001", "attribution": "", "copyright_license": "",
            "pixels_x": 5, "pixels_y": 4, "sex": "male",
        }  # fmt: skip
    settle(folder)
    (folder / "isic.lock").unlink()
    assert "ISIC_0000007" not in ids(folder)
    settle(folder)
    (folder / "collections.json").write_text('[{"id": 3, "name": "New", "isic_ids": []}]')
    with opened(folder) as index:
        assert [row["name"] for row in index.table("SELECT name FROM collections")] == ["New"]


@pytest.mark.slow
def test_a_picture_that_was_changed_in_place_is_shown_as_it_is(folder: Path) -> None:
    opened(folder).close()
    settle(folder)
    (folder / "ünï, %/ISIC_0000006.png").write_bytes(png(11, 12) + b"more")
    with opened(folder) as index:
        (record,) = index.records(_only("ISIC_0000006"))
    assert record.field("size") == len(png(11, 12)) + 4
    assert (record.field("pixels_x"), record.field("pixels_y")) == (11, 12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["records", "state.json", "folder.json"])
def test_a_damaged_index_is_made_again(folder: Path, name: str) -> None:
    opened(folder).close()
    settle(folder)
    for path in (folder / ".isic/index").glob(f"{name}*"):
        path.write_bytes(b"damaged")
    assert len(ids(folder)) == 7


@pytest.mark.slow
def test_an_index_goes_elsewhere_where_the_folder_has_no_state_or_a_link(make: Make) -> None:
    folder = make({"ISIC_0000001.png": png(1, 1), "metadata.csv": "isic_id\n"})
    opened(folder).close()
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["ISIC_0000001.png", "metadata.csv"]
    assert (folder.with_name("spare") / "state.json").is_file()
    outside = folder.with_name("outside")
    outside.mkdir()
    (folder / ".isic").symlink_to(outside)
    opened(folder).close()
    assert list(outside.iterdir()) == []


@pytest.mark.slow
def test_a_second_run_beside_one_that_makes_the_index_makes_its_own(folder: Path) -> None:
    from isic_cli.index.state import index_lock

    home = folder / ".isic/index"
    home.mkdir()
    with index_lock(home, "the index"):
        assert len(ids(folder)) == 7
    assert [path.name for path in home.iterdir()] == [".lock"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semicolons", TABLE.replace('"Clinic, one"', "Clinic one").replace(",", ";").encode()),
        ("UTF-16", TABLE.encode("utf-16")),
        ("a comment", b"# from a lab\n" + TABLE.encode()),
        ("CRLF", TABLE.replace("\n", "\r\n").encode()),
        ("blanks at the end", TABLE.replace("9,9,n/a,,1.25", "9,9,n/a,,1.25,,").encode()),
    ],
)
def test_tables_of_every_kind_are_read_as_the_folder_reads_them(
    make: Make, name: str, content: bytes
) -> None:
    folder = make({**FILES, "metadata.csv": content})
    with opened(folder) as index:
        plain, indexed = served(FolderStore.open(folder)), served(IndexedStore(index))
        assert indexed.get("images/").json() == plain.get("images/").json(), name


@pytest.mark.parametrize("row", ["ISIC_0000004,a\n", 'ISIC_0000004,"a\n', "ISIC_0000004,a,b,c\n"])
def test_a_broken_row_is_refused_with_its_line(make: Make, row: str) -> None:
    table = "isic_id,attribution,sex\nISIC_0000001,a,male\n"
    folder = make({"metadata.csv": table + row, "ISIC_0000001.png": png(1, 1)})
    with pytest.raises(LocalError, match="line 3"):
        opened(folder)


def _only(isic_id: str) -> Condition:

    return among([isic_id])


def test_the_folder_of_a_challenge_is_read_as_it_is(make: Make) -> None:
    truth = "ISIC_2019_Training_GroundTruth.csv"
    folder = make({"ISIC_0000001.png": png(1, 1), truth: "image,MEL\nISIC_0000001,1.0\n"})
    assert open_folder_index(folder, folder.with_name("spare"), small=0) is None


def test_blanks_around_an_id_make_no_other_patient(make: Make) -> None:
    table = 'isic_id,patient_id\nISIC_0000001,IP_1\nISIC_0000002,"IP_1 "\nISIC_0000003, \n'
    pictures = {f"ISIC_000000{number}.png": png(4, 4) for number in (1, 2, 3)}
    with opened(make({"metadata.csv": table, **pictures})) as index:
        assert index.distinct("patient_id") == 1


def test_ids_that_join_a_public_collection_are_looked_up_together(make: Make) -> None:
    wanted = [f"ISIC_00000{number}" for number in range(10, 60)]
    folder = make(
        {
            "metadata.csv": "isic_id\n" + "\n".join(wanted),
            "collections.json": json.dumps([{"id": 1, "name": "Public", "public": True}]),
            **{f"{isic_id}.png": png(1, 1) for isic_id in wanted},
        }
    )
    calls = cProfile.Profile()
    with opened(folder) as index:
        client = served(IndexedStore(index))
        calls.enable()
        answer = client.post("collections/1/populate-from-list/", json={"isic_ids": wanted})
        calls.disable()
    assert answer.json()["succeeded"] == wanted
    queries = [one for one in calls.getstats() if getattr(one.code, "co_name", "") == "_select"]
    assert 0 < sum(one.callcount for one in queries) < 10


def test_ids_alone_come_in_the_order_of_the_table_or_by_id(folder: Path) -> None:
    with opened(folder) as index:
        for query in QUERIES:
            images = OfflineImages(settings_for(), Selection(query=query), index=index)
            for order in ("archive", "by_id"):
                records = [record.isic_id for record in images.records(order)]
                assert (query, list(images.ids(order))) == (query, records)
        everything = OfflineImages(settings_for(), Selection(query=""), index=index)
        assert (next(everything.ids()), next(everything.ids("by_id"))) == (
            "ISIC_0000005",
            "ISIC_0000001",
        )
