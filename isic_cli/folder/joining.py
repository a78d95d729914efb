"""Join what a folder's table, lock and files say of each picture, in little memory."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from isic_cli.config import LOCAL_URL
from isic_cli.index.columns import METADATA
from isic_cli.index.engine import quoted

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger(__name__)

#: Records joined at a time.
_PART = 50_000
#: Warnings of one kind that are written out.
_MOST_TOLD = 20


def written(database: "duckdb.DuckDBPyConnection", target: Path, source: str) -> str:
    """Write a source to a file, since it is asked more than once; return its FROM clause."""
    database.execute(f"COPY (SELECT * FROM {source}) TO {quoted(target)} (FORMAT parquet)")
    return f"read_parquet({quoted(target)})"


def unique(
    database: "duckdb.DuckDBPyConnection", source: str, key: str, rule: str, where: str,
    *, order: str = "",
) -> str:  # fmt: skip
    """Return a source with one row of each key, and log the keys that had more."""
    last = "last" in rule
    place = order or f"row_number() OVER () * {-1 if last else 1}"
    twice = database.execute(
        f"SELECT {key}, count(*) FROM {source} GROUP BY {key} HAVING count(*) > 1 ORDER BY ALL"
    ).fetchall()
    if not twice:
        return source
    for row in twice[:_MOST_TOLD]:
        logger.warning("%s: %s is there %d times, %s", where, row[-2], row[-1], rule)
    return (
        f"(SELECT * EXCLUDE (place) FROM (SELECT *, {place} AS place FROM {source})"
        f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY place) = 1)"
    )


def needs_order(database: "duckdb.DuckDBPyConnection", rows: str, files: str) -> bool:
    """Whether the order of the table is not that of the ids."""
    row = database.execute(
        "SELECT count(*) FROM (SELECT isic_id, lag(isic_id) OVER (ORDER BY position) AS before"
        f" FROM {rows}) WHERE isic_id <= before"
    ).fetchone()
    late = database.execute(
        f"SELECT min(name) < (SELECT max(isic_id) FROM {rows}) FROM {files}"
        f" WHERE kind = 'picture' AND name NOT IN (SELECT isic_id FROM {rows})"
    ).fetchone()
    return bool((row and row[0]) or (late and late[0]))


def places_of(
    database: "duckdb.DuckDBPyConnection", rows: str, files: str, scratch: Path
) -> str:  # fmt: skip
    """Return the place of each picture in the listing: that of the table, then by id."""
    return written(
        database,
        scratch / "places.parquet",
        "(SELECT f.name AS isic_id, (row_number() OVER (ORDER BY r.position NULLS LAST, f.name)"
        f" - 1)::INTEGER AS position FROM {files} f LEFT JOIN {rows} r ON f.name = r.isic_id"
        " WHERE f.kind = 'picture' ORDER BY 1)",
    )


def joined_in_parts(
    database: "duckdb.DuckDBPyConnection", sources: tuple[str, str, str], places: str, scratch: Path
) -> str:
    """Return the records sorted by id, joined so many at a time: all at once would not fit."""
    rows, lock, files = sources
    pictures = f"(SELECT * FROM {files} WHERE kind = 'picture')"
    starts = database.execute(
        f"SELECT name FROM (SELECT name, row_number() OVER (ORDER BY name) AS n FROM {pictures})"
        f" WHERE n % {_PART} = 1 ORDER BY name"
    ).fetchall()
    if not starts:
        return _joined(*sources, places, "TRUE")
    bounds = [quoted(start) for (start,) in starts]
    parts = []
    for number, (low, high) in enumerate(zip(bounds, [*bounds[1:], "'~'"], strict=True)):
        target = scratch / f"part{number}.parquet"
        joined = _joined(rows, lock, files, places, f"{{0}} >= {low} AND {{0}} < {high}")
        written(database, target, f"(SELECT * FROM {joined} ORDER BY isic_id)")
        parts.append(quoted(target))
    return f"read_parquet([{', '.join(parts)}])"


def _joined(rows: str, lock: str, files: str, places: str, within: str) -> str:
    """Return the records: each picture with what the table says, else the lock, else itself.

    Parameters
    ----------
    rows, lock, files, places : str
        FROM clauses; no places where the order is that of the ids.
    within : str
        Which ids, `{0}` being the id.
    """

    def of(source: str, key: str = "isic_id", more: str = "TRUE") -> str:
        return f"(SELECT * FROM {source} WHERE {within.format(key)} AND {more})"

    facts = {
        "pixels_x": "coalesce(r.pixels_x, l.width, f.width)",
        "pixels_y": "coalesce(r.pixels_y, l.height, f.height)",
        "lesion_id": "coalesce(r.lesion_id, l.lesion_id)",
        "patient_id": "coalesce(r.patient_id, l.patient_id)",
    }
    pictures = of(files, "name", "kind = 'picture'")
    thumbnails = of(files, "name", "kind = 'thumbnail'")
    metadata = ", ".join(f'{facts.get(name, f"r.{name}")} AS "{name}"' for name in METADATA)
    place = f" LEFT JOIN {of(places)} p ON f.name = p.isic_id" if places else ""
    return (
        f"(SELECT f.name AS isic_id, {'p.position' if place else 'NULL::INTEGER AS position'},"
        " coalesce(l.public, TRUE) AS public,"
        " coalesce(r.copyright_license, l.copyright_license, '') AS copyright_license,"
        " coalesce(r.attribution, l.attribution, '') AS attribution,"
        f" '{LOCAL_URL}/images/' AS url_prefix, lower(regexp_extract(f.path, '\\.[^.]*$'))"
        f" AS url_suffix, f.size, '{LOCAL_URL}/thumbnails/' AS thumbnail_prefix,"
        f" '_thumbnail.jpg' AS thumbnail_suffix, t.size AS thumbnail_size, {metadata}, r.other,"
        " f.path, f.changed, coalesce(r.pixels_x, l.width) IS NULL AS measured"
        f" FROM {pictures} f"
        f" LEFT JOIN {of(rows)} r ON f.name = r.isic_id LEFT JOIN {of(lock)} l"
        f" ON f.name = l.isic_id LEFT JOIN {thumbnails} t"
        f" ON f.name = t.name{place})"
    )
