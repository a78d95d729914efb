"""Counts that describe a data set: classes, ages, sites, sizes, licences."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isic_cli.curation.labels import Scheme
from isic_cli.folder.folderindex import FolderIndex
from isic_cli.folder.scan import scan
from isic_cli.pictures.load import known_dimensions
from isic_cli.services.dataset.label import Labelling
from isic_cli.services.tabular import TableSource, open_table
from isic_cli.tables.names import bare_text, is_missing
from isic_cli.tables.numbers import finite

#: What a missing value is called.
UNKNOWN = "not given"

#: Fields whose values are counted, and their titles; of alternatives the first that is there.
_FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("licence", ("copyright_license",)),
    ("image type", ("image_type",)),
    ("diagnosis", ("diagnosis_1", "benign_malignant")),
    ("diagnosis in detail", ("diagnosis_3", "diagnosis_2", "diagnosis")),
    ("sex", ("sex",)),
    ("site", ("anatom_site_1", "anatom_site_general")),
    ("skin type", ("fitzpatrick_skin_type",)),
    ("split", ("split",)),
)

#: Megapixels: upper bounds and names, from the smallest.
_SIZES = ((0.5, "below 0.5 MP"), (1, "0.5 to 1 MP"), (3, "1 to 3 MP"), (6, "3 to 6 MP"),
          (12, "6 to 12 MP"), (25, "12 to 25 MP"))  # fmt: skip
_LARGEST = "25 MP and more"

#: Fitzpatrick's types, from the lightest.
_SKIN = ("I", "II", "III", "IV", "V", "VI")


@dataclass(frozen=True, slots=True)
class Section:
    """The counts of one question.

    Attributes
    ----------
    title : str
        What is counted.
    counts : tuple of (str, int)
        Value and images, in the order in which they are shown.
    """

    title: str
    counts: tuple[tuple[str, int], ...]


@dataclass
class Stats:
    """What a set of images holds.

    Attributes
    ----------
    images, patients, lesions : int
        How many there are; patients and lesions as far as ids say.
    bytes : int
        Of the picture files; 0 for a table.
    sections : list of Section
        The counts.
    table : TableSource
        What was read; its `problems` name the lines that were passed over.
    """

    images: int
    patients: int
    lesions: int
    bytes: int
    sections: list[Section]
    table: TableSource

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the counts as rows: a contract."""
        totals = {"images": self.images, "patients": self.patients, "lesions": self.lesions}
        for name, count in {**totals, "bytes": self.bytes}.items():
            yield {"section": "total", "value": name, "count": count, "percent": None}
        for section in self.sections:
            for value, count in section.counts:
                percent = round(100 * count / self.images, 1) if self.images else None
                yield {
                    "section": section.title,
                    "value": value,
                    "count": count,
                    "percent": percent,
                }


@dataclass
class _Counters:
    """Counters that one pass over the rows fills."""

    fields: dict[str, Counter[str]]
    ages: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    groups: dict[str, set[str]] = field(
        default_factory=lambda: {"patient_id": set(), "lesion_id": set()}
    )
    patients: int = 0
    lesions: int = 0
    images: int = 0
    bytes: int = 0


def describe(
    source: Path, *, scheme: Scheme | None = None, index: FolderIndex | None = None
) -> Stats:
    """Count what a table or a folder holds.

    Of a folder only images with a picture count, and their sizes come from the files; those of
    a table from its columns `pixels_x` and `pixels_y`.

    Parameters
    ----------
    source : Path
        As `open_table` takes it.
    scheme : Scheme, optional
        Also count the labels of a challenge.
    index : FolderIndex, optional
        Of the folder: asked instead of each row where it counts as the rows would.

    Raises
    ------
    UsageError, NotFoundError, LocalError
        As `open_table`; or a scheme for a table without `diagnosis_1`.
    """
    table = open_table(source)
    names = {title: _present(table, options) for title, options in _FIELDS}
    tally = _Counters({title: Counter() for title, name in names.items() if name})
    labelling = Labelling(scheme) if scheme is not None else None
    if scheme is not None:
        scheme.telling(table.columns, name=table.name)
    is_indexed = index is not None and labelling is None and (source / "metadata.csv").is_file()
    if index is not None and is_indexed and index.is_table_plain():
        _count_in_index(tally, index, names, table)
    else:
        pictures = scan(source).pictures if source.is_dir() else None
        absent = 0
        for row in table if labelling is None else labelling.apply(table):
            path = pictures.get(row["isic_id"]) if pictures is not None else None
            if pictures is None or path is not None:
                cells = {k: "" if is_missing(cell) else cell for k, cell in row.items()}
                _count(tally, cells, names, path)
            else:
                absent += 1
        table.account(tally.images, left_out=absent)
    sections = [
        Section(title, _ordered(counts, _ORDERS.get(title)))
        for title, counts in tally.fields.items()
    ]
    if labelling is not None and scheme is not None:
        sections.insert(0, Section(scheme.name, _ordered(labelling.counts)))
    for title, counts in (("age", tally.ages), ("size", tally.sizes), ("format", tally.formats)):
        if counts:
            sections.append(Section(title, _ordered(counts, _ORDERS.get(title))))
    return Stats(tally.images, tally.patients, tally.lesions, tally.bytes, sections, table)


def _present(table: TableSource, options: tuple[str, ...]) -> str | None:
    return next((name for name in options if name in table.columns), None)


def _count(
    tally: _Counters, row: Mapping[str, Any], names: Mapping[str, str | None], path: str | None
) -> None:
    tally.images += 1
    for title, name in names.items():
        if name is not None:
            tally.fields[title][str(row.get(name) or "") or UNKNOWN] += 1
    for name, seen in tally.groups.items():
        if value := bare_text(row.get(name)):
            seen.add(value)
    tally.patients, tally.lesions = map(len, tally.groups.values())
    if "age_approx" in row:
        tally.ages[_decade(row["age_approx"])] += 1
    if path is not None:
        _count_file(tally, path, Path(path).stat().st_size, known_dimensions(Path(path)))
    elif (size := _stated(row)) is not None:
        tally.sizes[_size(size)] += 1


def _count_file(tally: _Counters, path: str, size: int, pixels: tuple[float, float] | None) -> None:
    tally.bytes += size
    tally.formats[path.rpartition(".")[2].lower()] += 1
    tally.sizes[_size(pixels)] += 1


def _count_in_index(
    tally: _Counters, index: FolderIndex, names: Mapping[str, str | None], table: TableSource
) -> None:
    """Count as `_count` does, without a look at each row: only at each file."""
    for title, name in names.items():
        for value, count in (index.listed(name) if name else {}).items():
            tally.fields[title][value or UNKNOWN] += count
    if "age_approx" in table.columns:
        for value, count in index.listed("age_approx").items():
            tally.ages[_decade(value)] += count
    tally.patients, tally.lesions = index.distinct("patient_id"), index.distinct("lesion_id")
    for path, size, pixels in index.files_now():
        tally.images += 1
        _count_file(tally, path, size, pixels)


def _stated(row: Mapping[str, Any]) -> tuple[float, float] | None:
    width, height = finite(row.get("pixels_x")), finite(row.get("pixels_y"))
    return None if width is None or height is None else (width, height)


def _decade(value: Any) -> str:
    if (age := finite(value)) is None:
        return UNKNOWN
    decade = int(age) // 10 * 10
    return f"{decade} to {decade + 9}"


def _size(size: tuple[float, float] | None) -> str:
    if size is None:
        return "not readable"
    megapixels = size[0] * size[1] / 1e6
    return next((name for bound, name in _SIZES if megapixels < bound), _LARGEST)


def _ordered(
    counts: Counter[str], order: Callable[[str], float] | None = None
) -> tuple[tuple[str, int], ...]:
    """Most images first, or in an order of their own; what is not given last."""

    def place(item: tuple[str, int]) -> tuple[bool, float, str]:
        name, count = item
        return name in {UNKNOWN, "unmapped"}, order(name) if order else -count, name

    return tuple(sorted(counts.items(), key=place))


def _age_order(name: str) -> float:
    return float(name.split(maxsplit=1)[0]) if name != UNKNOWN else 0


def _size_order(name: str) -> float:
    names = [known for _, known in _SIZES]
    return names.index(name) if name in names else len(names) + (name != _LARGEST)


def _skin_order(name: str) -> float:
    return _SKIN.index(name) if name in _SKIN else len(_SKIN)


#: Sections that have an order of their own.
_ORDERS = {"age": _age_order, "size": _size_order, "skin type": _skin_order}
