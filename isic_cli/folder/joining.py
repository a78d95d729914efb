"""Join what a folder's table, lock and files say of each picture, in little memory."""

import logging
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Sources:
    """What a folder says of its pictures, each a FROM clause.

    Attributes
    ----------
    rows, lock, files : str
        The table, the lock, and the files with `kind`, `name`, `path`, `size` and `changed`.
    is_aligned : bool
        Whether all are sorted by id, and table, lock and thumbnails have each picture once or
        nothing at all, as a download leaves them: then their lines stand beside one another.
    """

    rows: str
    lock: str
    files: str
    is_aligned: bool = False

    def of_kind(self, kind: str) -> str:
        """Return the files of a kind."""
        return f"(SELECT * FROM {self.files} WHERE kind = {quoted(kind)})"

    def aligned(self, database: "duckdb.DuckDBPyConnection") -> "Sources":
        """Return the sources, having looked whether they are aligned."""
        others = {"r": f"(SELECT isic_id AS id FROM {self.rows})",
                  "l": f"(SELECT isic_id AS id FROM {self.lock})",
                  "t": f"(SELECT name AS id FROM {self.of_kind('thumbnail')})"}  # fmt: skip
        joins = "".join(f" POSITIONAL JOIN {source} {one}" for one, source in others.items())
        pictures = self.of_kind("picture")
        found = database.execute(
            f"SELECT count(*), {', '.join(f'count({one}.id)' for one in others)},"
            " count(*) FILTER (WHERE name > before),"
            f" {', '.join(f'count(*) FILTER (WHERE {one}.id = name)' for one in others)}"
            f" FROM (SELECT name, lag(name, 1, '') OVER () AS before FROM {pictures}){joins}"
        ).fetchall()[0]
        lines, fitting = found[: len(found) // 2], found[len(found) // 2 :]
        return replace(self, is_aligned=lines == fitting and {*lines} <= {0, lines[0]})

    def beside(self, within: str = "TRUE") -> str:
        """Return the pictures `f`, each beside its row `r`, its line `l` and its thumbnail `t`.

        Parameters
        ----------
        within : str
            Which ids, `{0}` being the id.
        """
        thumbnails = f"(SELECT *, name AS isic_id FROM {self.of_kind('thumbnail')})"
        joined = f"(SELECT * FROM {self.of_kind('picture')} WHERE {within.format('name')}) f"
        for one, source in (("r", self.rows), ("l", self.lock), ("t", thumbnails)):
            if self.is_aligned:
                joined += f" POSITIONAL JOIN {source} {one}"
            else:
                within_it = f"(SELECT * FROM {source} WHERE {within.format('isic_id')})"
                joined += f" LEFT JOIN {within_it} {one} ON f.name = {one}.isic_id"
        return joined


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


def needs_order(database: "duckdb.DuckDBPyConnection", sources: Sources) -> bool:
    """Whether the order of the table is not that of the ids."""
    if sources.is_aligned:
        return False
    rows = sources.rows
    row = database.execute(
        "SELECT count(*) FROM (SELECT isic_id, lag(isic_id) OVER (ORDER BY position) AS before"
        f" FROM {rows}) WHERE isic_id <= before"
    ).fetchone()
    late = database.execute(
        f"SELECT min(name) < (SELECT max(isic_id) FROM {rows}) FROM {sources.of_kind('picture')}"
        f" WHERE name NOT IN (SELECT isic_id FROM {rows})"
    ).fetchone()
    return bool((row and row[0]) or (late and late[0]))


def places_of(database: "duckdb.DuckDBPyConnection", sources: Sources, scratch: Path) -> str:
    """Return the place of each picture in the listing: that of the table, then by id."""
    return written(
        database,
        scratch / "places.parquet",
        "(SELECT f.name AS isic_id, (row_number() OVER (ORDER BY r.position NULLS LAST, f.name)"
        f" - 1)::INTEGER AS position FROM {sources.of_kind('picture')} f"
        f" LEFT JOIN {sources.rows} r ON f.name = r.isic_id ORDER BY 1)",
    )


def joined_in_parts(
    database: "duckdb.DuckDBPyConnection", sources: Sources, places: str, scratch: Path
) -> str:
    """Return the records sorted by id, joined so many at a time: all at once would not fit."""
    starts = database.execute(
        "SELECT name FROM (SELECT name, row_number() OVER (ORDER BY name) AS n FROM"
        f" {sources.of_kind('picture')}) WHERE n % {_PART} = 1 ORDER BY name"
    ).fetchall()
    if not starts or sources.is_aligned:
        return _joined(sources, places, "TRUE")
    bounds = [quoted(start) for (start,) in starts]
    parts = []
    for number, (low, high) in enumerate(zip(bounds, [*bounds[1:], "'~'"], strict=True)):
        target = scratch / f"part{number}.parquet"
        joined = _joined(sources, places, f"{{0}} >= {low} AND {{0}} < {high}")
        written(database, target, f"(SELECT * FROM {joined} ORDER BY isic_id)")
        parts.append(quoted(target))
    return f"read_parquet([{', '.join(parts)}])"


def _joined(sources: Sources, places: str, within: str) -> str:
    """Return the records: each picture with what the table says, else the lock, else itself.

    Parameters
    ----------
    places : str
        A FROM clause; empty where the order is that of the ids.
    within : str
        As for `Sources.beside`.
    """
    facts = {
        "pixels_x": "coalesce(r.pixels_x, l.width, f.width)",
        "pixels_y": "coalesce(r.pixels_y, l.height, f.height)",
        "lesion_id": "coalesce(r.lesion_id, l.lesion_id)",
        "patient_id": "coalesce(r.patient_id, l.patient_id)",
    }
    metadata = ", ".join(f'{facts.get(name, f"r.{name}")} AS "{name}"' for name in METADATA)
    place = (
        f" LEFT JOIN (SELECT * FROM {places} WHERE {within.format('isic_id')}) p"
        " ON f.name = p.isic_id"
        if places
        else ""
    )
    return (
        f"(SELECT f.name AS isic_id, {'p.position' if place else 'NULL::INTEGER AS position'},"
        " coalesce(l.public, TRUE) AS public,"
        " coalesce(r.copyright_license, l.copyright_license, '') AS copyright_license,"
        " coalesce(r.attribution, l.attribution, '') AS attribution,"
        f" '{LOCAL_URL}/images/' AS url_prefix, lower(regexp_extract(f.path, '\\.[^.]*$'))"
        f" AS url_suffix, f.size, '{LOCAL_URL}/thumbnails/' AS thumbnail_prefix,"
        f" '_thumbnail.jpg' AS thumbnail_suffix, t.size AS thumbnail_size, {metadata}, r.other,"
        " f.path, f.changed, coalesce(r.pixels_x, l.width) IS NULL AS measured"
        f" FROM {sources.beside(within)}{place})"
    )
