"""From Python: the cache, serving, galleries, recipes, merges, and checks before work."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from isic_cli import Archive, Cache, Dataset, DatasetRecipe, doctor, validate_metadata
from isic_cli.errors import IsicError, LocalError, LockedError, NotFoundError, UsageError
from isic_cli.files.lock import folder_lock
from isic_cli.python.cache import PruneResult
from isic_cli.python.warned import IsicWarning
from isic_cli.services.build.recipe import RecipeError

pytestmark = pytest.mark.usefixtures("demo_by_name")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_cache_is_listed_verified_pruned_and_cleared() -> None:
    with Archive.open("demo", cache=True, cache_dir="kept") as archive:
        archive.search(ids=["ISIC_9000002", "ISIC_9000003"]).download("out")
    cache = Cache.open("kept")
    names = [row["name"] for row in cache.files()]
    assert (repr(cache), len(names), len(cache.indexes())) == ("<Cache kept>", 2, 0)
    assert cache.indexes().to_pandas().columns[:2].tolist() == ["archive", "user"]
    assert {row["status"] for row in cache.verify()} == {"ok"}
    kept = Path(cache.verify()[0]["path"])
    kept.chmod(0o600)
    kept.write_bytes(b"other")
    assert sorted(row["status"] for row in cache.verify()) == ["damaged", "ok"]
    told = cache.prune(max_size=0, dry_run=True)
    assert (told.files, len(cache.files())) == (2, 2)
    assert cache.prune(older_than=timedelta(days=1)).files == 0
    assert isinstance(cache.prune(max_size=0), PruneResult)
    assert (len(cache.files()), cache.clear()) == (0, 0)


def test_a_served_archive_is_one_until_it_is_closed() -> None:
    with Archive.open("demo") as archive:
        with archive.serve() as served, Archive.open(served.url) as again:
            assert again.search(limit=2).ids() == archive.search(limit=2).ids()
            assert httpx.get(f"{served.url}/").status_code == 200
            port = int(served.url.rpartition(":")[2])
            with pytest.raises(LocalError, match=f"port {port} of 127.0.0.1 is in use"):
                archive.serve(port=port)
            assert served.url in served._repr_html_()
        assert repr(served) == f"<ServedArchive {served.url} (closed)>"
        with pytest.raises(httpx.ConnectError):
            httpx.get(served.url)
        for wrong, said in (
            ({"port": 1 << 16}, "port 65536"),
            ({"host": "0.0.0.0"}, "host 0.0.0.0: others"),  # noqa: S104 - what is refused
        ):
            with pytest.raises(UsageError, match=said):
                archive.serve(**wrong)


def test_a_gallery_is_a_page_over_a_download_folder() -> None:
    with Archive.open("demo") as archive:
        result = archive.search(collections=[1], limit=3).gallery("page", pictures=True)
    assert (result.ok, len(result.downloaded)) == (True, 3)
    assert Path("page/index.html").is_file()
    assert len(list(Path("page/images").glob("*.jpg"))) == 6
    Path("other").mkdir()
    Path("other/index.html").write_text("mine")
    with (
        Archive.open("demo") as archive,
        pytest.raises(UsageError, match="an index.html of something else"),
    ):
        archive.search(limit=1).gallery("other")


@pytest.mark.slow
def test_a_recipe_is_written_planned_built_and_kept() -> None:
    query = "diagnosis_3:Nevus AND age_approx:[* TO 25]"
    recipe = DatasetRecipe.new("nevi.toml", archive="demo", search=query, ratio="70:30", name="n")
    assert 'name = "n"' in recipe.text
    with pytest.raises(UsageError, match=r"nevi\.toml is there already"):
        DatasetRecipe.new("nevi.toml", search=query)
    assert len(recipe.faults()) == 0
    assert recipe.plan()[0]["stage"] == "source"
    built = recipe.build()
    assert [row["status"] for row in built.stages][:2] == ["built", "built"]
    assert len(built.dataset) == len(built.images) == len(built.images.to_pandas())
    assert "left out" in built._repr_html_()
    again = recipe.build(locked=True)
    assert {row["isic_id"] for row in again.images} == {row["isic_id"] for row in built.images}
    assert {row["status"] for row in recipe.build().stages} == {"kept"}
    with folder_lock(Path("n")), pytest.raises(LockedError):
        recipe.build()
    with pytest.raises(UsageError, match="locked and update"):
        recipe.build(locked=True, update=True)


def test_the_mistakes_of_a_recipe_are_a_table_and_stop_a_build() -> None:
    Path("bad.toml").write_text('recipe = 1\nname = "x"\n[source]\nsearch = "sexx:male"\n')
    recipe = DatasetRecipe.open("bad.toml")
    (fault,) = recipe.faults()
    assert (fault["line"], fault["key"]) == (4, "source.search")
    for call in (recipe.plan, recipe.build):
        with pytest.raises(RecipeError, match="1 mistake"):
            call()
    with pytest.raises(NotFoundError, match=r"no such recipe: none\.toml"):
        DatasetRecipe.open("none.toml")
    with pytest.raises(RecipeError, match="1 mistake"):
        DatasetRecipe.new("new.toml", search="sex:male", ratio="half")
    assert not Path("new.toml").exists()
    assert "[source]" in DatasetRecipe.explained()
    assert "source" in DatasetRecipe.schema()["properties"]


def test_folders_of_shards_are_merged_and_their_states_told() -> None:
    with Archive.open("demo") as archive:
        for shard in ("1/2", "2/2"):
            archive.search(collections=[1], limit=6, shard=shard).download(shard[0])
    told = Dataset.merge(["1", Dataset.open("2")], "both")
    both = Dataset.open("both")
    assert {row["status"] for row in told} == {"done"}
    assert len(both) == len(told) == Dataset.merge_locks(["1", "2"], "both.lock")
    (state,) = both.log()
    assert (state["images"], state["archive"]) == (len(told), "demo")
    first = told[0]
    Path("both", first["path"]).unlink()
    Path("both", "ISIC_0000009.jpg").write_bytes(b"other")
    counts = {row["state"]: row["files"] for row in both.status()}
    assert counts == {"complete": len(told) - 1, "missing": 1, "changed": 0, "extra": 1}
    others = [(row["isic_id"], row["state"]) for row in both.status(files=True)]
    assert others == [(first["isic_id"], "missing"), ("ISIC_0000009", "extra")]
    Path("1", first["path"]).unlink(missing_ok=True)
    Path("2", first["path"]).unlink(missing_ok=True)
    with pytest.warns(IsicWarning, match=first["isic_id"]):
        again = Dataset.merge(["1", "2"], "both")
    assert [row["status"] for row in again if row["isic_id"] == first["isic_id"]] == ["missing"]


def test_checks_are_tables() -> None:
    Path("upload.csv").write_text("filename,sex,colour\na.jpg,unicorn,red\nb.jpg,male,red\n")
    found = {row["kind"]: (row["field"], row["rows"]) for row in validate_metadata("upload.csv")}
    assert found == {"row": ("sex", [2]), "column": ("colour", [])}
    assert {row["status"] for row in doctor("demo")} <= {"ok", "warning"}


def nothing() -> Dataset:
    Path("table.csv").write_text("isic_id,sex\nISIC_0000001,male\n")
    return Dataset.open("table.csv")


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: Cache.open("c").prune(), UsageError, "max_size, older_than"),
        (lambda: Cache.open("c").prune(max_size=-1), UsageError, "max_size"),
        (lambda: validate_metadata("none.csv"), NotFoundError, "none.csv"),
        (lambda: doctor("nowhere"), UsageError, "nowhere"),
        (lambda: nothing().status(), IsicError, "table.csv"),
        (lambda: nothing().log(), IsicError, "table.csv"),
        (lambda: Dataset.merge("table.csv", "x"), UsageError, "sources"),
        (lambda: Dataset.merge([], "x"), UsageError, "sources"),
        (lambda: Dataset.merge_locks(["none"], "x.lock"), NotFoundError, "none"),
        (lambda: DatasetRecipe.new("r.toml", collections="1"), UsageError, "collections"),
    ],
)
def test_what_cannot_be_is_named(
    call: Callable[[], object], kind: type[IsicError], said: str
) -> None:
    with pytest.raises(kind) as refused:
        call()
    assert said in refused.value.message
    assert not list(Path().glob("x*"))


def test_a_closed_archive_does_nothing_any_more() -> None:
    archive = Archive.open("demo")
    image, study = archive.image("ISIC_9000002"), archive.study(2)
    archive.close()
    # What is shown in a notebook is then without pictures.
    assert "<img" not in image._repr_html_()
    assert image._repr_png_() is None
    assert archive.search(limit=1)._repr_html_().startswith("<p>")
    calls: list[Callable[[], object]] = [
        archive.fields,
        archive.serve,
        archive.token,
        archive.contributors,
        lambda: archive.sql("select 1"),
        lambda: archive.request("images/"),
        lambda: list(archive.request_rows("images/")),
        lambda: archive.create_collection("x", ["ISIC_9000002"]),
        archive.search(limit=1).count,
        image.array,
        lambda: study.overlay("ISIC_9000002"),
        lambda: study.download("study"),
    ]
    for call in calls:
        with pytest.raises(UsageError, match="this archive is closed"):
            call()


def test_any_request_gives_what_its_json_says() -> None:
    with Archive.open("demo") as archive:
        answer = archive.request("images/", params={"limit": 1})
        assert len(answer["results"]) == 1
        rows = list(archive.request_rows("images/", params={"limit": 25}))
        assert len({row["isic_id"] for row in rows}) == len(rows) == 60
        assert json.dumps(rows[0])
        for path, kind in (("nothing/", NotFoundError), ("https://example.org/", UsageError)):
            with pytest.raises(kind):
                archive.request(path)
        with pytest.raises(UsageError, match="has no pages"):
            list(archive.request_rows("images/ISIC_9000002/"))
