"""A search as an object: counted, sliced, listed, made a table, and shown in a notebook."""

import pickle
import re
import threading
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image as Pillow

from isic_cli import Archive, ImageSelection
from isic_cli.errors import QueryError, UsageError
from isic_cli.python import frames
from isic_cli.python.pictured import PicturedMap
from isic_cli.python.warned import IsicWarning
from tests.support.folders import make_folder
from tests.support.server import ArchiveServer

IDS = ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003", "ISIC_0000004"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "archive")


def test_images_are_counted_before_they_have_a_length(folder: Path) -> None:
    with Archive.open(folder) as archive:
        images = archive.search()
        with pytest.raises(TypeError, match="not counted yet"):
            len(images)
        assert images.count() == 4
        assert len(images) == 4
        assert images
        assert not archive.search("sex:male AND sex:female")


def test_images_are_taken_by_number_and_by_slice(folder: Path) -> None:
    with Archive.open(folder) as archive:
        images = archive.search()
        assert images[0].isic_id == "ISIC_0000001"
        assert images[-1].isic_id == "ISIC_0000004"
        assert [image.isic_id for image in images[1:3]] == IDS[1:3]
        assert [image.isic_id for image in images[-2:]] == IDS[2:]
        with pytest.raises(IndexError, match="no image 4"):
            images[4]
        with pytest.raises(IndexError):
            images[-5]


def test_every_option_of_a_selection_is_an_argument(folder: Path) -> None:
    with Archive.open(folder) as archive:
        assert archive.search(ids=["ISIC_0000003", "ISIC_0000001"]).ids() == [IDS[2], IDS[0]]
        assert archive.search(exclude=IDS[:3]).ids() == IDS[3:]
        assert archive.search(limit=2).ids() == IDS[:2]
        assert len(archive.search(sample=2, seed=1).ids()) == 2
        parts = [archive.search(shard=f"{part}/2").ids() for part in (1, 2)]
        assert sorted(parts[0] + parts[1]) == IDS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"license": "mit"}, "license='mit'"),
        ({"one_per": "clinic", "sample": 2}, "one_per='clinic'"),
        ({"ids": ["ISIC_1", "x"]}, "ids: 'ISIC_1' is not an ISIC id"),
        ({"ids": "ISIC_0000001"}, "ids is a list"),
        ({"exclude": [5]}, "exclude: 5"),
        ({"limit": -1}, "limit=-1"),
        ({"by": "sex"}, "sample"),
        ({"where": "sex = 'male'"}, "offline=True|index"),
        ({"collections": "Nevi"}, "collections is a list"),
        ({"shard": "3/2"}, "3/2"),
    ],
)
def test_an_argument_that_cannot_be_is_named(
    folder: Path, arguments: dict[str, object], words: str
) -> None:
    with Archive.open(folder) as archive, pytest.raises(UsageError, match=words):
        archive.search(**arguments)  # type: ignore[arg-type]  # on purpose


def test_an_unknown_argument_is_a_type_error(folder: Path) -> None:
    with Archive.open(folder) as archive, pytest.raises(TypeError, match="colour"):
        archive.search(colour="red")  # type: ignore[call-arg]  # on purpose
    with pytest.raises(TypeError, match=r"^Archive\.open\(\) got .* 'cache_folder'"):
        Archive.open(folder, cache_folder="x")  # type: ignore[call-arg]  # on purpose


def test_a_mistake_in_a_query_is_told_at_once(folder: Path) -> None:
    with Archive.open(folder) as archive, pytest.raises(QueryError):
        archive.search("sex=male")


def test_an_id_that_is_not_there_is_a_warning(folder: Path) -> None:
    with Archive.open(folder) as archive:
        images = archive.search(ids=["ISIC_0000001", "ISIC_0000009"])
        with pytest.warns(IsicWarning, match="ISIC_0000009: not in the archive"):
            assert images.ids() == ["ISIC_0000001"]


def test_text_of_ten_thousand_values_and_more_is_no_category_in_pandas() -> None:
    """From rows as from the index: sites are a category, the ids of many lesions are text."""
    count = 24_000
    columns: dict[str, list[str]] = {
        "isic_id": [f"ISIC_{at:07}" for at in range(count)],
        "lesion_id": [f"IL_{at % 11_000:07}" for at in range(count)],
        "site": [("head", "leg", "sole")[at % 3] for at in range(count)],
    }
    table = pa.table(columns)
    frame = frames.pandas_of(table)
    assert frame["site"].dtype == "category"
    assert frame["lesion_id"].dtype == "string"
    assert frame["lesion_id"].tolist() == columns["lesion_id"]
    of_rows = frames.to_pandas(table.to_pylist(), table.column_names)
    assert dict(of_rows.dtypes) == dict(frame.dtypes)


def test_columns_are_typed_alike_in_arrow_pandas_and_polars(folder: Path) -> None:
    with Archive.open(folder) as archive:
        images = archive.search()
        arrow, pandas, polars = images.to_arrow(), images.to_pandas(), images.to_polars()
    assert arrow.column("age_approx").to_pylist()[:1] == [40]
    assert str(arrow.schema.field("age_approx").type) == "int64"
    assert str(pandas["age_approx"].dtype) == "Int64"
    assert str(polars.schema["age_approx"]) == "Int64"
    assert list(pandas["isic_id"]) == IDS == polars["isic_id"].to_list()
    assert arrow.column_names == list(pandas.columns) == polars.columns
    for name in arrow.column_names:
        absent = [value is None for value in arrow.column(name).to_pylist()]
        assert list(pandas[name].isna()) == absent
        assert polars[name].is_null().to_list() == absent


def test_a_search_counts_its_values(folder: Path) -> None:
    with Archive.open(folder) as archive:
        rows = archive.search().stats("sex").rows
    assert {row["sex"]: row["count"] for row in rows} == {"male": 2, "female": 1, None: 1}


def test_a_contact_sheet_is_drawn(folder: Path, tmp_path: Path) -> None:
    with Archive.open(folder) as archive:
        path = archive.search().sheet(tmp_path / "sheet.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_notebook_shows_thumbnails_and_escapes_what_it_is_told(tmp_path: Path) -> None:
    rows = [{"isic_id": "ISIC_0000001", "attribution": "<script>alert(1)</script>", "sex": "male"}]
    with Archive.open(make_folder(tmp_path / "archive", rows)) as archive:
        images = archive.search("sex:male")
        html = images._repr_html_()
        assert html.count("data:image/jpeg;base64,") == 1
        assert "ISIC_0000001" in html
        shown = images[0]._repr_html_()
        assert "<script>" not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
        png = images[0]._repr_png_()
        assert png is not None
        assert png.startswith(b"\x89PNG")


def test_a_notebook_sends_no_request(tmp_path: Path) -> None:
    with ArchiveServer(["ISIC_0000001"], size=2_000) as server, Archive.open(server.url) as archive:
        images = archive.search()
        image = images[0]
        before = len(server.requests)
        assert images._repr_html_().startswith("<p>&lt;ImageSelection all images")
        assert "data:image" not in image._repr_html_()
        assert image._repr_png_() is None
        assert len(server.requests) == before


def test_a_repr_is_one_line(folder: Path) -> None:
    with Archive.open(folder) as archive:
        images = archive.search("sex:male", collections=["Nevi"])
        assert repr(images) == "<ImageSelection sex:male in collection Nevi>"
        images.count()
        assert repr(images) == "<ImageSelection sex:male in collection Nevi, 1 images>"
        assert repr(archive.image("ISIC_0000001")).startswith("<Image ISIC_0000001")


def test_an_archive_and_its_images_pickle_without_the_token(folder: Path) -> None:
    with Archive.open("http://127.0.0.1:9", token="my-secret") as archive:
        assert b"my-secret" not in pickle.dumps(archive)
    with Archive.open(folder) as archive:
        image = pickle.loads(pickle.dumps(archive.image("ISIC_0000001")))  # noqa: S301 - our own bytes
        images = pickle.loads(pickle.dumps(archive.search("sex:male")))  # noqa: S301 - our own bytes
    assert isinstance(images, ImageSelection)
    assert images.ids() == ["ISIC_0000001", "ISIC_0000003"]
    assert image.array().shape[2] == 3


def test_threads_share_an_archive(folder: Path) -> None:
    found: list[list[str]] = []
    with Archive.open(folder) as archive:
        threads = [
            threading.Thread(target=lambda: found.append(archive.search().ids())) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [IDS] * 4


def test_a_closed_archive_says_so(folder: Path) -> None:
    with Archive.open(folder) as archive:
        images = archive.search()
    for use in (images.count, images.ids, lambda: archive.image("ISIC_0000001")):
        with pytest.raises(UsageError, match="this archive is closed"):
            use()
    assert repr(archive).endswith("(closed)>")
    archive.close()


def test_superpixels_show_their_outlines_over_the_photograph(demo_by_name: None) -> None:
    with Archive.open("demo") as archive:
        found = archive.superpixels("ISIC_9000002")
        assert isinstance(found, PicturedMap)
        shown = found._repr_html_()
        assert shown is not None
        data = re.search('base64,([^"]+)', shown)
        assert data
        with Pillow.open(BytesIO(b64decode(data[1]))) as picture:
            drawn = np.asarray(picture.convert("RGB")).astype(int)
        small = archive.image("ISIC_9000002").pil().resize(drawn.shape[1::-1])
        plain = np.asarray(small).astype(int)
        yellow, before = (one[..., :2].sum(axis=2) - 2 * one[..., 2] for one in (drawn, plain))
        assert max(drawn.shape) == 640
        assert yellow.mean() > before.mean() + 50
        assert len(shown) < 200_000
        again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
        assert again.ids.tolist() == found.ids.tolist()
    assert found._repr_html_() is None
    assert found._repr_png_().startswith(b"\x89PNG")
