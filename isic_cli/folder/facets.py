"""`images/facets/`: how often each value of each field occurs among the images found."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt

from isic_cli.errors import QueryError
from isic_cli.folder.coded import CodedField, Rows
from isic_cli.folder.images import selected
from isic_cli.folder.replies import bad_query, json_reply
from isic_cli.folder.request import Call
from isic_cli.folder.table import BOOLEANS, FACETS
from isic_cli.tables.numbers import finite

_HISTOGRAMS = {"age_approx": (5, 85), "clin_size_long_diam_mm": (10, 100)}
_THICKNESS_STEP = 0.5
_THICKNESS_LAST = 5.0
_TOP, _TOP_OF_TREE = 10, 100

Buckets = list[dict[str, Any]]
Counts = npt.NDArray[np.int64]


def facets(call: Call) -> httpx.Response:
    """Answer `images/facets/`; a value that none of the images found has counts zero."""
    try:
        rows = call.store.rows_of(selected(call))
    except QueryError:
        return bad_query()
    return json_reply({name: _facet(name, call.store.coded[name], rows) for name in FACETS})


def _facet(name: str, field: CodedField, rows: Rows) -> dict[str, Any]:
    missing, *_ = counts = field.counts(rows)
    meta = {"missing_count": int(missing), "present_count": int(counts.sum() - missing)}
    buckets = _shape(name)(name, field.values, counts[1:]) if len(field.values) else []
    return {"meta": meta, "buckets": buckets}


def _shape(name: str) -> Callable[[str, Sequence[Any], Counts], Buckets]:
    if name in _HISTOGRAMS:
        return _histogram
    if name == "mel_thick_mm":
        return _thickness
    return _truths if name in BOOLEANS else _terms


def _terms(name: str, values: Sequence[Any], counts: Counts) -> Buckets:
    tree = name.startswith(("diagnosis_", "anatom_site_")) and name[-1].isdigit()
    # The values are sorted, and stay so where they are as frequent as one another.
    first = np.argsort(-counts, kind="stable")[: _TOP_OF_TREE if tree else _TOP]
    return [{"key": values[at], "doc_count": int(counts[at])} for at in first]


def _truths(name: str, values: Sequence[Any], counts: Counts) -> Buckets:
    del name
    both = {True: 0, False: 0, **dict(zip(values, counts.tolist(), strict=True))}
    return [
        {"key": int(key), "key_as_string": str(key).lower(), "doc_count": count}
        for key, count in sorted(both.items(), key=lambda item: -item[1])
    ]


def _numbers(values: Sequence[Any], counts: Counts) -> Iterator[tuple[float, int]]:
    """Yield the numbers among values; the table of a folder may hold `nan`, or any text."""
    for value, count in zip(values, counts.tolist(), strict=True):
        if (number := finite(value)) is not None:
            yield number, count


def _histogram(name: str, values: Sequence[Any], counts: Counts) -> Buckets:
    step, last = _HISTOGRAMS[name]
    bars = {float(key): 0 for key in range(0, last + 1, step)}
    for value, count in _numbers(values, counts):
        key = value // step * step
        bars[key] = bars.get(key, 0) + count
    return [{"key": key, "doc_count": bars[key]} for key in sorted(bars)]


def _thickness(name: str, values: Sequence[Any], counts: Counts) -> Buckets:
    del name
    steps = round(_THICKNESS_LAST / _THICKNESS_STEP)
    bars = [0] * (steps + 1)
    for value, count in _numbers(values, counts):
        bars[min(int(value // _THICKNESS_STEP), steps)] += count
    buckets: Buckets = []
    for place, count in enumerate(bars[:-1]):
        low = place * _THICKNESS_STEP
        high = low + _THICKNESS_STEP
        buckets.append({"key": f"{low}-{high}", "from": low, "to": high, "doc_count": count})
    open_end = {"from": _THICKNESS_LAST, "doc_count": bars[-1], "to": "*"}
    return [*buckets, {"key": f"{_THICKNESS_LAST}-*", **open_end}]
