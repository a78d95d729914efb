"""Open a study from a folder or a file, whichever tool wrote it.

The EASY study's tool kept the marks of several raters in one JSON file: `{image: {"markupData":
{feature: {rater: ["402", …]}}, "ratersForCurrentImage": [rater, …], "superpixels_in_mask": [0.0,
…]}}`: superpixel numbers are strings, a mark is definite, and the last list has one entry for each
superpixel.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from isic_cli.agreement.consensus import DEFINITE
from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.files.walk import walk
from isic_cli.services.study.annotations import SuperpixelMarks
from isic_cli.services.study.data import FeatureAnnotation, StudyData
from isic_cli.services.study.folder import read_file, read_folder
from isic_cli.services.study.legacy import (
    LegacyAnnotation,
    parse_annotations,
    parse_image_names,
    parse_packed,
    to_responses,
)
from isic_cli.services.study.pictures import Pictures
from isic_cli.services.study.plain_tables import TableLayout, plain_study
from isic_cli.services.study.responses import COLUMNS, parse_responses
from isic_cli.tables.content import Content
from isic_cli.tables.read import RowReader


def is_easy(parsed: Any) -> bool:
    """Whether a JSON value is a file of the EASY study."""
    return (
        isinstance(parsed, dict)
        and bool(parsed)
        and all(isinstance(entry, dict) and "markupData" in entry for entry in parsed.values())
    )


def easy_study(parsed: Mapping[str, Any], *, source: str, folder: Path) -> StudyData:
    """Read the file of an EASY study.

    Parameters
    ----------
    parsed : mapping
        Its JSON.
    source : str
        Named by errors.
    folder : Path
        Where the file lies: photographs and superpixel maps are searched there.

    Raises
    ------
    UsageError
        A superpixel that is not a number or that the image does not have.
    """
    annotators = {}
    annotations: list[FeatureAnnotation] = []
    for image, entry in parsed.items():
        found = list(_markings(image, entry, f"{source}, {image}"))
        annotations += found
        raters = entry.get("ratersForCurrentImage") or ()
        annotators[image] = tuple(dict.fromkeys((*raters, *(item.annotator for item in found))))
    return StudyData(
        name=source,
        annotations=tuple(annotations),
        annotators_by_image=annotators,
        pictures=Pictures(folders=(folder,)),
    )


def _markings(image: str, entry: Mapping[str, Any], where: str) -> Iterator[FeatureAnnotation]:
    length = len(entry.get("superpixels_in_mask") or ()) or None
    by_feature = entry["markupData"]
    if not isinstance(by_feature, dict):
        raise UsageError(f"{where}: markupData is not an object")
    for feature, by_rater in by_feature.items():
        if not isinstance(by_rater, dict):
            raise UsageError(f"{where}, {feature}: no object of raters")
        for rater, numbers in by_rater.items():
            marks = _marks(numbers, length, f"{where}, {feature}, {rater}")
            yield FeatureAnnotation(image, rater, feature, marks)


def _marks(numbers: Any, length: int | None, where: str) -> SuperpixelMarks:
    if not isinstance(numbers, list):
        raise UsageError(f"{where}: no list of superpixels")
    labels = []
    for number in numbers:
        if not str(number).isdecimal():
            raise UsageError(f"{where}: {number!r} is not a number of a superpixel")
        labels.append(int(number))
    rising = tuple(sorted(set(labels)))
    if length is not None and rising and rising[-1] >= length:
        raise UsageError(f"{where}: superpixel {rising[-1]} is marked, and there are {length}")
    return SuperpixelMarks(rising, (DEFINITE,) * len(rising), length)


logger = logging.getLogger(__name__)

#: Tables are read as they show themselves to be.
AS_FOUND = TableLayout()

_HINT = (
    "A study is a folder of `isic study download`, a table of answers, or a JSON file of "
    "annotations (isicarchive's stann_*.json.gz, or EASY's)."
)


def open_study(
    path: Path,
    *,
    number: int | None = None,
    images: Iterable[Path] = (),
    layout: TableLayout = AS_FOUND,
) -> StudyData:
    """Read a study.

    Parameters
    ----------
    path : Path
        A folder of `isic study download` or the folder of one study in it, isicarchive's cache
        folder, a table of answers (the archive's CSV, or any other), or a JSON file of
        annotations.
    number : int, optional
        Which study, where a folder has several.
    images : iterable of Path
        More folders to look for photographs and superpixel maps in.
    layout : TableLayout
        How a table that is not the archive's CSV is read.

    Raises
    ------
    NotFoundError
        There is nothing of this name, or no such study in the folder.
    UsageError
        There is no study in it, or several and no number, or a file is damaged.
    LocalError
        It cannot be read.
    """
    if path.is_dir():
        study = _from_folder(path, number)
    elif path.exists():
        study = _from_file(path, layout=layout)
    else:
        raise NotFoundError(f"no such file or folder: {path}", hint=_HINT)
    more = tuple(images)
    for folder in more:
        if not folder.is_dir():
            raise LocalError(f"{folder} is not a folder")
    if not more:
        return study
    found = study.pictures
    return replace(study, pictures=replace(found, folders=(*more, *found.folders)))


def _from_folder(folder: Path, number: int | None) -> StudyData:
    if (folder / "study.json").is_file():
        return read_folder(folder)
    studies = {path.parent.name: path.parent for path in folder.glob("studies/*/study.json")}
    if not studies:
        return _from_cache(folder, number)
    if number is None and len(studies) == 1:
        return read_folder(*studies.values())
    there = f"There are: {', '.join(sorted(studies))}."
    if number is None:
        raise UsageError(f"{folder} has several studies; choose one with --study", hint=there)
    if str(number) not in studies:
        raise NotFoundError(f"{folder} has no study {number}", hint=there)
    return read_folder(studies[str(number)])


def _named(folder: Path, pattern: str) -> list[Path]:
    return [Path(entry.path) for entry in walk(folder) if fnmatchcase(entry.name, pattern)]


def _from_cache(folder: Path, number: int | None) -> StudyData:
    caches = _named(folder, "stann_*.json.gz")
    if not caches:
        raise UsageError(f"there is no study in {folder}", hint=_HINT)
    if number is not None or len(caches) > 1:
        raise UsageError(
            f"{folder} holds {len(caches)} studies of isicarchive; name one of its files",
            hint=f"Such as {caches[0]}.",
        )
    return _from_file(caches[0], cache=folder)


def _from_file(
    path: Path, *, cache: Path | None = None, layout: TableLayout = AS_FOUND
) -> StudyData:
    if path.name.lower().endswith((".json", ".json.gz")):
        return _from_json(path, read_file(path), cache or path.parent)
    content = Content(path)
    if content.kind == "text" and (text := "".join(content.lines())).lstrip().startswith("<"):
        parse_responses(text, source=str(path))  # says what such a page is
    rows = RowReader(content)
    if not set(COLUMNS) <= set(rows.columns) or layout != AS_FOUND:
        return plain_study(path, rows, layout)
    answers = parse_responses("".join(content.lines()), source=str(path))
    return StudyData(
        name=str(path),
        responses=answers.responses,
        unreadable=answers.unreadable,
        pictures=Pictures(folders=(path.parent,)),
    )


def _from_json(path: Path, data: bytes, cache: Path) -> StudyData:
    parsed = parse_packed(data, str(path))
    if is_easy(parsed):
        return easy_study(parsed, source=str(path), folder=path.parent)
    return _legacy_study(parse_annotations(parsed, source=str(path)), path, cache)


def _legacy_study(stored: tuple[LegacyAnnotation, ...], path: Path, cache: Path) -> StudyData:
    names: dict[str, str] = {}
    for records in _named(cache, "imcache_*.json.gz"):
        parsed = parse_packed(read_file(records), str(records))
        names |= parse_image_names(parsed, source=str(records))
    done = [item for item in stored if item.state == "complete"]
    if left := len(stored) - len(done):
        logger.warning("%s: %d annotations are not complete and left out", path, left)
    annotators: dict[str, tuple[str, ...]] = {}
    annotations: list[FeatureAnnotation] = []
    unkept = 0
    for item in done:
        image = names.get(item.image_id, item.image)
        annotators[image] = (*annotators.get(image, ()), item.annotator)
        for feature, marks in item.markups.items():
            unkept += marks is None
            if marks is not None:
                annotations.append(FeatureAnnotation(image, item.annotator, feature, marks))
    if unkept:
        logger.warning("%s: the superpixels of %d markups were not kept in the cache", path, unkept)
    return StudyData(
        name=str(path),
        responses=tuple(to_responses(done, names=names)),
        annotations=tuple(annotations),
        annotators_by_image=annotators,
        pictures=Pictures(folders=(cache,), caches=(cache,)),
    )
