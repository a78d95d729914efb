"""Studies of the first archive, as isicarchive kept them in its cache folder.

`stann_<object id>.json.gz` holds the annotations of a study, `imcache_<object id>.json.gz` the
records of images, both as the first archive's API sent them. isicarchive added to an annotation
its marks, `features: {name: {"idx": [superpixels], "lst": [values]}}`; the API itself sent one
array of values for each feature. Both are read here.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from isic_cli.errors import UsageError
from isic_cli.files.load import DataError, parse_json
from isic_cli.services.study.annotations import SuperpixelMarks, parse_marks
from isic_cli.services.study.responses import Response


@dataclass(frozen=True)
class LegacyAnnotation:
    """What one annotator did with one image.

    Attributes
    ----------
    annotation_id, study_id, image_id : str
        Object ids of the first archive.
    image : str
        ISIC id where the annotation tells it, else the object id.
    annotator : str
        Name where the annotation tells it, else the object id.
    state : str
        `active` or `complete`.
    seconds : float or None
        From start to stop.
    responses : mapping from question to answer
        Empty where there were no questions.
    markups : mapping from feature to SuperpixelMarks, or None
        None where the feature was marked but its superpixels were not kept.
    """

    annotation_id: str
    study_id: str
    image_id: str
    image: str
    annotator: str
    state: str
    seconds: float | None
    responses: Mapping[str, str]
    markups: Mapping[str, SuperpixelMarks | None]


def parse_packed(data: bytes, source: str) -> Any:
    """Parse JSON, gzipped or not.

    Raises
    ------
    UsageError
        Cut, or not JSON.
    """
    try:
        return parse_json(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except (EOFError, OSError, zlib.error) as error:
        raise UsageError(f"{source} is cut or damaged: {error}") from error
    except DataError as error:
        raise UsageError(f"{source} is not JSON: {error}") from error


def parse_annotations(parsed: Any, *, source: str) -> tuple[LegacyAnnotation, ...]:
    """Read the annotations of a study, or a single one.

    Parameters
    ----------
    parsed : list or dict
        A list, a mapping from object id, or one annotation.
    source : str
        Named by errors.

    Raises
    ------
    UsageError
        No annotations, or damaged ones.
    """
    return tuple(
        _annotation(document, f"{source}, annotation {number}")
        for number, document in enumerate(_documents(parsed, source), start=1)
    )


def parse_image_names(parsed: Any, *, source: str) -> dict[str, str]:
    """Read the ISIC id of every object id from a cache of image records.

    Raises
    ------
    UsageError
        No image records.
    """
    return {
        _text(document, "_id", f"{source}, record {number}"): _text(
            document, "name", f"{source}, record {number}"
        )
        for number, document in enumerate(_documents(parsed, source), start=1)
    }


def to_responses(
    annotations: Iterable[LegacyAnnotation], *, names: Mapping[str, str] | None = None
) -> Iterator[Response]:
    """Give the answers of complete annotations as responses of today.

    Parameters
    ----------
    annotations : iterable of LegacyAnnotation
        Those that are not complete are left out.
    names : mapping from object id to ISIC id, optional
        For annotations that tell only the object id of their image.
    """
    known = names or {}
    for annotation in annotations:
        if annotation.state != "complete":
            continue
        image = known.get(annotation.image_id, annotation.image)
        for question, answer in annotation.responses.items():
            yield Response(
                image, annotation.annotator, annotation.seconds, question, "select", answer
            )


def _documents(parsed: Any, source: str) -> list[dict[str, Any]]:
    if isinstance(parsed, dict):
        parsed = [parsed] if "_id" in parsed else list(parsed.values())
    if not isinstance(parsed, list) or not all(isinstance(item, dict) for item in parsed):
        raise UsageError(f"{source} holds no list of records")
    return parsed


def _text(document: Mapping[str, Any], key: str, where: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise UsageError(f"{where} has no {key}")
    return value


def _annotation(document: Mapping[str, Any], where: str) -> LegacyAnnotation:
    image = _mapping(document, "image", where)
    user = _mapping(document, "user", where)
    image_id = _text(image or {"_id": document.get("imageId")}, "_id", f"{where}: its image")
    user_id = _text(user or {"_id": document.get("userId")}, "_id", f"{where}: its annotator")
    features = _mapping(document, "features", where)
    marked = (name for name, kept in _mapping(document, "markups", where).items() if kept)
    answers = _mapping(document, "responses", where)
    return LegacyAnnotation(
        annotation_id=_text(document, "_id", where),
        study_id=_text(document, "studyId", where),
        image_id=image_id,
        image=str(image.get("name") or image_id),
        annotator=str(user.get("name") or user_id),
        state=_text(document, "state", where),
        seconds=_seconds(document.get("startTime"), document.get("stopTime"), where),
        responses={question: str(answer) for question, answer in answers.items()},
        markups={
            name: parse_marks(features.get(name), f"{where}, {name}")
            for name in dict.fromkeys((*marked, *features))
        },
    )


def _mapping(document: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        raise UsageError(f"{where}: {key} is not an object")
    return value


def _seconds(start: Any, stop: Any, where: str) -> float | None:
    if not start or not stop:
        return None
    try:
        return (datetime.fromisoformat(stop) - datetime.fromisoformat(start)).total_seconds()
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: {start!r} to {stop!r} is not a span of time") from error
