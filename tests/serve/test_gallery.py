"""What the page is told: details, overlays, completion; and what happens when all ask at once."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.types import Message, Receive, Scope, Send

from isic_cli.folder.indexed import IndexedStore
from isic_cli.folder.indexing import open_folder_index
from isic_cli.folder.store import FolderStore
from isic_cli.serve.finding import masks_of, ordered
from isic_cli.serve.guard import MOST_REQUESTS, Guard, Rules
from isic_cli.superpixel.codec import decode_png

#: Of the demo: with a map, masks and marks of both studies.
MARKED = "ISIC_9000002"


@contextmanager
def picture(answer: httpx.Response) -> Iterator[Image.Image]:
    assert answer.status_code == 200, answer.text
    with Image.open(BytesIO(answer.content)) as opened:
        yield opened


def test_the_details_of_an_image_name_all_that_belongs_to_it(demo_page: httpx.Client) -> None:
    found = demo_page.get(f"/gallery/image/{MARKED}").json()
    assert demo_page.get(found["file"]).headers["Content-Type"] == "image/jpeg"
    assert demo_page.get(found["thumb"]).status_code == 200
    assert all(demo_page.get(mask["url"]).status_code == 200 for mask in found["masks"])
    assert {one["id"] for one in found["study"]} >= {2}
    assert found["credit"]["attribution"]
    assert demo_page.get("/gallery/image/ISIC_0000001").status_code == 404


def test_overlays_have_the_size_of_the_picture_and_are_transparent(
    demo_page: httpx.Client,
) -> None:
    with picture(demo_page.get(f"/images/{MARKED}.jpg")) as photograph:
        size = photograph.size
    for kind, name in (("superpixels", ""), ("mask", ""), ("heatmap", "2")):
        params = {"kind": kind, "name": name}
        with picture(demo_page.get(f"/gallery/overlay/{MARKED}", params=params)) as layer:
            alpha = np.asarray(layer)[..., 3]
            assert (layer.size, layer.mode) == (size, "RGBA")
            assert 0 < (alpha > 0).mean() < 0.9, kind


def test_the_labels_under_the_pointer_are_those_of_the_map(
    demo: Path, demo_page: httpx.Client
) -> None:
    sent = decode_png(demo_page.get(f"/gallery/superpixels/{MARKED}").content)
    (path,) = (demo / "superpixels").glob(f"{MARKED}*")
    assert np.array_equal(sent, decode_png(path))


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        (f"overlay/{MARKED}?kind=other", 422, "Input should be 'superpixels' or 'mask'"),
        (f"overlay/{MARKED}?kind=mask&name=../x.png", 404, "the mask ../x.png"),
        (f"overlay/{MARKED}?kind=heatmap&name=99", 404, "no study '99'"),
        (f"overlay/{MARKED}?kind=heatmap&name={'9' * 5000}", 404, "no study '99"),
        (f"overlay/{MARKED}?kind=superpixels&name=none", 404, "the features of"),
        ("overlay/ISIC_0000001?kind=superpixels", 404, "the superpixels of ISIC_0000001"),
        ("superpixels/ISIC_0000001", 404, "the superpixels of ISIC_0000001"),
        ('command?excluded="', 422, "ISIC ids with commas between them"),
        ("preview/nothing", 404, "the folder has none of nothing"),
    ],
)
def test_what_cannot_be_drawn_or_spelled_is_told(
    demo_page: httpx.Client, path: str, status: int, said: str
) -> None:
    answer = demo_page.get(f"/gallery/{path}")
    assert answer.status_code == status
    assert said in answer.text


def test_a_tiff_is_shown_as_a_jpeg(demo_page: httpx.Client) -> None:
    file = demo_page.get("/gallery/image/ISIC_9000015").json()["file"]
    with picture(demo_page.get(file)) as shown:
        assert (file, shown.format) == ("/gallery/preview/ISIC_9000015", "JPEG")


def test_a_query_is_completed_by_fields_and_by_values_of_the_folder(
    demo_page: httpx.Client,
) -> None:
    def offered(query: str, at: int) -> tuple[int, list[str]]:
        found = demo_page.get("/gallery/complete", params={"query": query, "at": at}).json()
        return found["start"], found["options"]

    assert offered("sex:male AND anatom_site_s", 26) == (13, ["anatom_site_special:"])
    assert offered("-sex:m", 6) == (1, ["sex:male"])
    assert offered("mel_ulcer:", 10) == (0, ["mel_ulcer:true", "mel_ulcer:false"])
    assert offered('anatom_site_1:"Up OR x', 17) == (0, ['anatom_site_1:"Upper extremity"'])
    assert offered("nothing:", 8) == (0, [])


@pytest.mark.slow
def test_an_indexed_folder_is_found_in_as_one_that_is_read(folder: Path, tmp_path: Path) -> None:
    (folder / "ISIC_0000002_segmentation.png").write_bytes(b"")
    plain = FolderStore.open(folder)
    index = open_folder_index(folder, tmp_path / "spare", small=0)
    assert index is not None
    with index:
        indexed = IndexedStore(index)
        for field in ("", "age_approx", "sex", "lesion_id"):
            for falling in (False, True):
                rows = [
                    list(ordered(store, "isic_id:ISIC*", field, falling=falling))
                    for store in (plain, indexed)
                ]
                assert rows[0] == rows[1], (field, falling)
        for store in (plain, indexed):
            assert masks_of(store, "ISIC_0000002") == ["ISIC_0000002_segmentation.png"]
            assert masks_of(store, "ISIC_0000001") == []
        sex = [store.coded["sex"].counts(store.rows_of(store.ids)) for store in (plain, indexed)]
        assert [one.tolist() for one in sex] == [[1, 2, 1]] * 2


def test_too_many_requests_at_once_are_told_to_come_again() -> None:
    statuses: list[int] = []

    async def everybody() -> None:
        gate = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await gate.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        async def receive() -> Message:
            return {"type": "http.request"}

        guard = Guard(slow, Rules())
        scope = {
            "type": "http", "method": "GET", "raw_path": b"/", "path": "/", "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }  # fmt: skip
        waiting = [
            asyncio.create_task(guard(dict(scope), receive, send)) for _ in range(MOST_REQUESTS + 3)
        ]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*waiting)

    asyncio.run(everybody())
    assert sorted(statuses) == [200] * MOST_REQUESTS + [503] * 3
