"""`images/facets/`: how often each value of each field occurs among the images found."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx

from isic_cli.errors import QueryError
from isic_cli.folder.images import selected
from isic_cli.folder.replies import bad_query, json_reply
from isic_cli.folder.request import Call
from isic_cli.folder.store import FolderStore
from isic_cli.folder.table import BOOLEANS

#: Every facet in the order of the server's answer.
FACETS = (
    *("blurry", "hairy", "marker_pen", "personal_hx_mm", "family_hx_mm", "melanocytic"),
    *("mel_ulcer", "concomitant_biopsy", "sex", "diagnosis_confirm_type", "image_type"),
    *("dermoscopic_type", "tbp_tile_type", "mel_mitotic_index", "anatom_site_special"),
    *("color_tint", "patient_id", "lesion_id", "rcm_case_id", "image_manipulation"),
    *("fitzpatrick_skin_type", "clin_size_long_diam_mm"),
    *(f"diagnosis_{level}" for level in range(1, 6)),
    *(f"anatom_site_{level}" for level in range(1, 6)),
    *("mel_thick_mm", "age_approx", "copyright_license"),
)
_HISTOGRAMS = {"age_approx": (5, 85), "clin_size_long_diam_mm": (10, 100)}
_THICKNESS_STEP = 0.5
_THICKNESS_LAST = 5.0
_TOP, _TOP_OF_TREE = 10, 100

Buckets = list[dict[str, Any]]


def facets(call: Call) -> httpx.Response:
    """Answer `images/facets/`; a value that none of the images found has counts zero."""
    try:
        ids = selected(call)
    except QueryError:
        return bad_query()
    return json_reply({name: _facet(call.store, name, ids) for name in FACETS})


def _facet(store: FolderStore, name: str, ids: Sequence[str]) -> dict[str, Any]:
    found = store.tally(name, ids)
    missing = found.pop(None, 0) + found.pop("", 0)
    counts = Counter(dict.fromkeys(store.tally(name, store.ids).keys() - {None, ""}, 0))
    counts.update(found)
    meta = {"missing_count": missing, "present_count": len(ids) - missing}
    return {"meta": meta, "buckets": _shape(name)(name, counts) if counts else []}


def _shape(name: str) -> Callable[[str, Counter[Any]], Buckets]:
    if name in _HISTOGRAMS:
        return _histogram
    if name == "mel_thick_mm":
        return _thickness
    return _truths if name in BOOLEANS else _terms


def _terms(name: str, counts: Counter[Any]) -> Buckets:
    tree = name.startswith(("diagnosis_", "anatom_site_")) and name[-1].isdigit()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    top = _TOP_OF_TREE if tree else _TOP
    return [{"key": key, "doc_count": count} for key, count in ordered[:top]]


def _truths(name: str, counts: Counter[Any]) -> Buckets:
    del name
    both = {True: counts[True], False: counts[False]}
    return [
        {"key": int(key), "key_as_string": str(key).lower(), "doc_count": count}
        for key, count in sorted(both.items(), key=lambda item: -item[1])
    ]


def _numbers(counts: Counter[Any]) -> Iterator[tuple[float, int]]:
    """Yield the numbers among values; the table of a folder may hold `nan`, or any text."""
    for value, count in counts.items():
        try:
            number = float(value)
        except ValueError:
            continue
        if math.isfinite(number):
            yield number, count


def _histogram(name: str, counts: Counter[Any]) -> Buckets:
    step, last = _HISTOGRAMS[name]
    bars = {float(key): 0 for key in range(0, last + 1, step)}
    for value, count in _numbers(counts):
        key = value // step * step
        bars[key] = bars.get(key, 0) + count
    return [{"key": key, "doc_count": bars[key]} for key in sorted(bars)]


def _thickness(name: str, counts: Counter[Any]) -> Buckets:
    del name
    steps = round(_THICKNESS_LAST / _THICKNESS_STEP)
    bars = [0] * (steps + 1)
    for value, count in _numbers(counts):
        bars[min(int(value // _THICKNESS_STEP), steps)] += count
    buckets: Buckets = []
    for place, count in enumerate(bars[:-1]):
        low = place * _THICKNESS_STEP
        high = low + _THICKNESS_STEP
        buckets.append({"key": f"{low}-{high}", "from": low, "to": high, "doc_count": count})
    open_end = {"from": _THICKNESS_LAST, "doc_count": bars[-1], "to": "*"}
    return [*buckets, {"key": f"{_THICKNESS_LAST}-*", **open_end}]
