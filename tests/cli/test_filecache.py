"""`image download --cache`: what was fetched once is not fetched again."""

import json
import os
import shutil
from pathlib import Path

from isic_cli.cli.progress import human_bytes
from tests.cli.conftest import Isic, Result


def reasons(isic: Isic, out: Path, *options: str) -> tuple[Result, dict[str, str | None]]:
    report = out.with_suffix(".jsonl")
    done = isic("image", "download", "-y", str(out), "--report", str(report), *options)
    lines = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    return done, {line["isic_id"]: line["reason"] for line in lines[:-1]}


def stored(isic: Isic) -> list[str]:
    return [row["name"] for row in json.loads(isic("cache", "list", "-f", "json").out)]


def test_a_second_download_takes_everything_from_the_cache(isic: Isic, tmp_path: Path) -> None:
    first, _ = reasons(isic, tmp_path / "one", "--cache")
    assert first.code == 0
    assert stored(isic) == [f"ISIC_000000{n}" for n in (1, 2, 3, 4)]
    second, why = reasons(isic, tmp_path / "two", "--cache")
    assert second.code == 0
    assert "4 images: 0 downloaded (0 B), 4 from the cache, 0 already there." in second.err
    assert why == {f"ISIC_000000{n}": "from the cache" for n in (1, 2, 3, 4)}
    for name in why:
        one, two = (tmp_path / folder / f"{name}.jpg" for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert (tmp_path / "two" / "metadata.csv").read_text("utf-8") == (
        tmp_path / "one" / "metadata.csv"
    ).read_text("utf-8")


def test_nothing_is_cached_unless_that_is_asked(isic: Isic, tmp_path: Path) -> None:
    reasons(isic, tmp_path / "one")
    assert stored(isic) == []
    Path("isic.toml").write_text("cache = true\n", "utf-8")
    reasons(isic, tmp_path / "two", "--no-cache")
    assert stored(isic) == []
    reasons(isic, tmp_path / "three", "-l", "1")
    assert stored(isic) == ["ISIC_0000001"]


def test_a_damaged_file_of_the_cache_is_fetched_again(isic: Isic, tmp_path: Path) -> None:
    reasons(isic, tmp_path / "one", "--cache", "-l", "1")
    (content,) = [p for p in (cache() / "files" / "objects").rglob("*") if p.is_file()]
    content.chmod(0o644)
    content.unlink()
    content.write_bytes(b"damaged")
    assert isic("cache", "verify").code == 7
    done, why = reasons(isic, tmp_path / "two", "--cache", "-l", "1")
    assert (done.code, why) == (0, {"ISIC_0000001": None})
    assert isic("cache", "verify").code == 0


def cache() -> Path:
    return Path(os.environ["ISIC_CACHE_DIR"])


def test_a_cache_that_cannot_be_written_stops_no_download(isic: Isic, tmp_path: Path) -> None:
    cache().mkdir(parents=True, exist_ok=True)
    (cache() / "files").write_text("", "utf-8")
    done, _ = reasons(isic, tmp_path / "one", "--cache")
    assert done.code == 0
    assert done.err.count("nothing more goes into the cache") == 1
    assert len(list((tmp_path / "one").glob("*.jpg"))) == 4


def test_a_prune_is_a_plan_first(isic: Isic, tmp_path: Path) -> None:
    reasons(isic, tmp_path / "one", "--cache")
    sizes = [row["bytes"] for row in json.loads(isic("cache", "list", "-f", "json").out)]
    planned = isic("cache", "prune", "--max-size", str(sum(sizes[1:])), "--dry-run")
    assert "1 file would be removed" in planned.err
    assert len(stored(isic)) == 4
    done = isic("cache", "prune", "--max-size", "0")
    assert done.code == 0
    assert "4 files removed" in done.err
    assert stored(isic) == []
    assert isic("cache", "prune", "--older-than", "30d").code == 0


def test_what_a_folder_shares_is_not_told_as_freed(isic: Isic, tmp_path: Path) -> None:
    reasons(isic, tmp_path / "one", "--cache", "-l", "2")
    shutil.rmtree(tmp_path / "one")
    one, two = (p for p in (cache() / "files" / "objects").rglob("*") if p.is_file())
    (tmp_path / "kept.jpg").hardlink_to(one)
    told = human_bytes(two.stat().st_size), human_bytes(one.stat().st_size)
    done = isic("cache", "prune", "--max-size", "0", "--dry-run")
    assert done.err == (
        f"2 files would be removed, {told[0]} freed, 0 B kept.\n"
        f"{told[1]} more stay on the disk: download folders share them.\n"
    )


def test_the_files_of_the_folder_stay_whole_when_the_cache_is_cleared(
    isic: Isic, tmp_path: Path
) -> None:
    reasons(isic, tmp_path / "one", "--cache")
    before = (tmp_path / "one" / "ISIC_0000001.jpg").read_bytes()
    assert isic("cache", "clear", "-y").code == 0
    assert (tmp_path / "one" / "ISIC_0000001.jpg").read_bytes() == before
    done, why = reasons(isic, tmp_path / "one", "--cache")
    assert done.code == 0
    assert set(why.values()) == {"complete"}
