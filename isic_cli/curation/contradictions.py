"""Images whose metadata contradict those of the same lesion or the same patient."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from isic_cli.tables.codes import CodedTexts
from isic_cli.tables.names import bare_text, is_missing
from isic_cli.tables.numbers import finite

Row = Mapping[str, Any]
Path = tuple[str, ...]

#: Where a diagnosis or a site is, if not in its levels.
_DIAGNOSES = ("iddx_full", "diagnosis", "dx")
_SITES = ("anatom_site_general", "localization")

#: Years by which two ages, each rounded to five, may differ although nothing is wrong.
_ROUNDING = 7.5
#: Years that a patient may be followed for, where no day of acquisition is known.
_FOLLOWED = 20.0


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One image that does not agree with others.

    Attributes
    ----------
    isic_id : str
    score : float
        From 0 to 1: how sure it is that something is wrong.
    reason : str
        What contradicts what.
    related : tuple of str
        The images that it contradicts, at most ten.
    """

    isic_id: str
    score: float
    reason: str
    related: tuple[str, ...]


def within_lesions(rows: Sequence[Row]) -> Iterator[Contradiction]:
    """Yield images whose diagnosis, site or patient is not that of their lesion's other images."""
    for lesion, members in _grouped(rows, "lesion_id"):
        found = [(row, _path(row, "diagnosis", _DIAGNOSES)) for row in members]
        yield from _apart(f"lesion {lesion}", "diagnosis", found)
        found = [(row, _path(row, "anatom_site", _SITES)) for row in members]
        yield from _apart(f"lesion {lesion}", "site", found)
        found = [(row, _plain(row.get("patient_id"))) for row in members]
        yield from _apart(f"lesion {lesion}", "patient", found)


def within_patients(rows: Sequence[Row]) -> Iterator[Contradiction]:
    """Yield images whose sex or age is not that of their patient's other images."""
    for patient, members in _grouped(rows, "patient_id"):
        found = [(row, _plain(row.get("sex"))) for row in members]
        yield from _apart(f"patient {patient}", "sex", found)
        yield from _ages(patient, members)


def _grouped(rows: Sequence[Row], name: str) -> Iterator[tuple[str, list[Row]]]:
    """Yield the rows of each group of more than one; memory holds their places."""
    column = CodedTexts(bare_text(row.get(name)) for row in rows)
    codes = np.asarray(column.codes)
    del column
    # Numbers follow the first rows, and a stable order leaves the rows of each as they come.
    order = np.argsort(codes, kind="stable").astype(np.int32)
    order = order[np.count_nonzero(codes < 0) :]
    codes = codes[order]
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])).astype(np.int32)
    ends = np.append(starts[1:], np.int32(len(codes)))
    del codes
    is_several = ends - starts > 1
    for begin, end in zip(starts[is_several].data, ends[is_several].data, strict=True):
        members = [rows[place] for place in order[begin:end].tolist()]
        yield bare_text(members[0].get(name)), members


def _path(row: Row, levels: str, others: Sequence[str]) -> Path:
    """Return the levels of a hierarchy from the top down, as far as they are known."""
    known = [str(row.get(f"{levels}_{level}") or "").strip() for level in range(1, 6)]
    for name in others:
        if any(known):
            break
        text = bare_text(row.get(name))
        known = text.replace("::", ":").split(":")
    return tuple(one.strip().casefold() for one in known if not _is_unknown(one))


def _plain(value: Any) -> Path:
    return () if _is_unknown(value) else (str(value).strip().casefold(),)


def _is_unknown(value: Any) -> bool:
    return is_missing(value) or str(value).strip().casefold() == "unknown"


def _apart(group: str, what: str, found: Sequence[tuple[Row, Path]]) -> Iterator[Contradiction]:
    """Yield the images that are not what most of the group are, or all where no value has most.

    A shorter path says the same as one that it is the beginning of.
    """
    given = Counter(path for _, path in found if path)
    whole = {
        path: sum(count for other, count in given.items() if other == path[: len(other)])
        for path in given
        if not any(other != path and other[: len(path)] == path for other in given)
    }
    if len(whole) < 2:
        return
    most = max(whole.values())
    leading = [path for path, count in whole.items() if count == most]
    usual = leading[0] if len(leading) == 1 else ()
    for row, path in found:
        if path and path != usual[: len(path)]:
            against = [
                (str(other["isic_id"]), far)
                for other, far in found
                if far and far[: len(path)] != path[: len(far)]
            ]
            if against:
                yield _contradiction(row, group, what, path, against)


def _contradiction(
    row: Row, group: str, what: str, path: Path, against: Sequence[tuple[str, Path]]
) -> Contradiction:
    others = sorted({far for _, far in against})
    apart = what != "diagnosis" or any(far[0] != path[0] for far in others)
    said = " or ".join(" > ".join(far) for far in others[:3])
    return Contradiction(
        isic_id=str(row["isic_id"]),
        score=1.0 if apart else 0.7,
        reason=f"{what} is {' > '.join(path)}, and {said} in other images of {group}",
        related=tuple(isic_id for isic_id, _ in against[:10]),
    )


def _ages(patient: str, members: Sequence[Row]) -> Iterator[Contradiction]:
    aged = [(row, age, _number(row.get("acquisition_day"))) for row, age in _with_age(members)]
    for is_dated, allowed in ((True, _ROUNDING), (False, _FOLLOWED)):
        # The age at day 0, where the day is known: it is the same for all images of a patient.
        ages = [
            (row, age, age - (day or 0) / 365.25)
            for row, age, day in aged
            if (day is not None) == is_dated
        ]
        if len(ages) < 2:
            continue
        usual = median(start for _, _, start in ages)
        for row, age, start in ages:
            years = abs(start - usual)
            if years > allowed or (len(ages) == 2 and 2 * years > allowed):
                others = [str(other["isic_id"]) for other, _, far in ages if far != start]
                yield Contradiction(
                    isic_id=str(row["isic_id"]),
                    score=years / (years + allowed / 2),
                    reason=f"age is {age:g}, {years:.0f} years off the median of patient {patient}"
                    + (" at that day" if is_dated else ""),
                    related=tuple(others[:10]),
                )


def _with_age(members: Sequence[Row]) -> Iterator[tuple[Row, float]]:
    for row in members:
        age = _number(row.get("age_approx"))
        age = _number(row.get("age")) if age is None else age
        if age is not None:
            yield row, age


def _number(value: Any) -> float | None:
    found = finite(value)
    return found if found is not None and abs(found) < 1e6 else None
