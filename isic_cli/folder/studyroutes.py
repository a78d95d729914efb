"""The routes of studies. In a folder they are open: whoever has the folder may read it."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import httpx

from isic_cli.folder.collections import slug
from isic_cli.folder.files import file_reply
from isic_cli.folder.images import key_of
from isic_cli.folder.replies import csv_bytes, html_not_found, json_reply, not_found, page_reply
from isic_cli.folder.request import Call
from isic_cli.folder.studies import ServedAnnotation, ServedStudy, ServedTask

T = TypeVar("T", ServedTask, ServedAnnotation)


def listing(call: Call) -> httpx.Response:
    """Answer `studies/`, newest first."""
    return page_reply(call, list(call.store.studies.values())[::-1], ServedStudy.shown)


def detail(call: Call) -> httpx.Response:
    """Answer `studies/<id>/`."""
    study = call.store.studies.get(call.number())
    return not_found() if study is None else json_reply(study.shown())


def tasks(call: Call) -> httpx.Response:
    """Answer `study-tasks/`, newest first."""
    return page_reply(call, _newest_first(_tasks(call)), lambda row: _task(*row))


def task(call: Call) -> httpx.Response:
    """Answer `study-tasks/<id>/`."""
    return _one(call, _tasks(call), _task)


def annotations(call: Call) -> httpx.Response:
    """Answer `annotations/`, newest first."""
    return page_reply(call, _newest_first(_annotations(call)), lambda row: _annotation(*row))


def annotation(call: Call) -> httpx.Response:
    """Answer `annotations/<id>/`."""
    return _one(call, _annotations(call), _annotation)


def responses(call: Call) -> httpx.Response:
    """Answer the website's `/studies/<id>/download-responses/`: the CSV of the folder."""
    study = call.store.studies.get(call.number())
    path = study.file("responses.csv") if study is not None else None
    if study is None or path is None:
        return html_not_found()
    return csv_bytes(f"{slug(study.name)}_responses.csv", path.read_bytes())


def file(call: Call) -> httpx.Response:
    """Answer `/studies/<id>/files/<name>`: a file of the study's folder.

    The real server has no such route; it is how the markups of a study, for which the API has
    none either, get out of one folder and into another.
    """
    study = call.store.studies.get(call.number())
    path = study.file(call.parts["name"]) if study is not None else None
    return html_not_found() if path is None else file_reply(call, path)


def _tasks(call: Call) -> Iterable[tuple[int, ServedTask]]:
    for study in call.store.studies.values():
        yield from ((study.id, one) for one in study.annotated()[0])


def _annotations(call: Call) -> Iterable[tuple[int, ServedAnnotation]]:
    for study in call.store.studies.values():
        yield from ((study.id, one) for one in study.annotated()[1])


def _newest_first(rows: Iterable[tuple[int, T]]) -> list[tuple[int, T]]:
    return sorted(rows, key=lambda row: row[1].id, reverse=True)


def _one(
    call: Call, rows: Iterable[tuple[int, T]], shown: Callable[[int, T], dict[str, Any]]
) -> httpx.Response:
    number = call.number()
    for study, row in rows:
        if row.id == number:
            return json_reply(shown(study, row))
    return not_found()


def _task(study: int, row: ServedTask) -> dict[str, Any]:
    return {
        "complete": row.complete,
        "id": row.id,
        "study": study,
        "image": key_of(row.image),
        "annotator": row.annotator,
    }


def _annotation(study: int, row: ServedAnnotation) -> dict[str, Any]:
    return {
        "id": row.id,
        "study": study,
        "image": key_of(row.image),
        "task": row.task,
        "annotator": row.annotator,
    }
