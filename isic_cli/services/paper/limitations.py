"""What the numbers show that a reader of results has to know, each with its threshold."""

from collections.abc import Iterator
from itertools import combinations
from math import inf

from isic_cli.curation.difference import difference_of_means, difference_of_shares
from isic_cli.models.names import counted
from isic_cli.services.build.facts import BuildFacts
from isic_cli.services.paper.blocks import Block, Bullets, Heading, Paragraph, listed, part, plain
from isic_cli.services.paper.counts import MISSING, VARIABLES, BuildCounts

#: Shares of images, from which on something is told.
_MISSING, _DOMINATING, _SEX, _CONTRIBUTOR = 0.1, 0.5, 0.6, 0.8
_DARK = _YOUNG = 0.05
#: The largest class over the smallest; images of a class in a split; a standardised difference.
_IMBALANCE, _FEW, _APART = 10.0, 30, 0.1

#: Classes that one sentence names.
_MOST_NAMED = 12

#: What a variable is called in a sentence, where it is not its title.
_WORDS = {"confirmation": "How the diagnosis was confirmed"}

THRESHOLDS = (
    f"a variable that is missing for {_MISSING:.0%} of the images or more; a site or image type of "
    f"more than {_DOMINATING:.0%}, a sex of more than {_SEX:.0%} and a contributor of more than "
    f"{_CONTRIBUTOR:.0%} of the images; skin types V and VI, people below 20 and people from 80 "
    f"years on, each below {_DARK:.0%}; classes whose sizes differ by more than {_IMBALANCE:g} "
    f"times; a class with fewer than {_FEW} images in a split; splits that differ by a "
    f"standardised difference of more than {_APART:g}; images without patient or lesion; a class "
    "of one contributor or image type alone; near-duplicates that were not looked for in all "
    "pairs of pictures; licences that exclude commercial use."
)


def limitations(facts: BuildFacts, counts: BuildCounts) -> list[Block]:
    """Return the limitations that the numbers show, and what was looked for."""
    found = tuple(limits(facts, counts))
    shown: Block = Bullets(found) if found else Paragraph("The numbers show none of these.")
    return [Heading("Limitations", 1), shown, Paragraph(f"What was looked for: {THRESHOLDS}")]


def limits(facts: BuildFacts, counts: BuildCounts) -> Iterator[str]:
    """Yield a sentence for each limitation."""
    if not counts.whole.images:
        yield "The data set has no image."
        return
    yield from biases(counts)
    yield from _ties(facts, counts)
    yield from _classes(counts)
    yield from _apart(counts)


def biases(counts: BuildCounts) -> Iterator[str]:
    """Yield those of the limitations that are about whom and what the images show."""
    yield from _missing(counts)
    yield from _skin(counts)
    yield from _dominating(counts)
    yield from _ages(counts)


def _missing(counts: BuildCounts) -> Iterator[str]:
    whole = counts.whole
    names = {"sex", "site", "skin", "confirmation"}
    gaps = [("Age", whole.without_age)]
    gaps += [
        (_WORDS.get(name, title), whole.missing(name))
        for name, title, _ in VARIABLES
        if name in names
    ]
    for title, count in gaps:
        if count >= _MISSING * whole.images:
            yield f"{title} is not given for {part(count, whole.images)}."


def _skin(counts: BuildCounts) -> Iterator[str]:
    known = counts.whole.known("skin")
    dark = known["V"] + known["VI"]
    if known and dark < _DARK * known.total():
        verb = "is" if dark == 1 else "are"
        yield (
            f"{part(dark, known.total(), ' with a skin type')} {verb} of types V and VI: results "
            "on them cannot be judged."
        )


def _dominating(counts: BuildCounts) -> Iterator[str]:
    bounds = {"site": _DOMINATING, "sex": _SEX, "type": _DOMINATING,
              "contributor": _CONTRIBUTOR}  # fmt: skip
    for name, title, _ in VARIABLES:
        known = counts.whole.known(name)
        if name not in bounds or not known:
            continue
        value, count = min(known.items(), key=lambda at: (-at[1], at[0]))
        if count > bounds[name] * known.total():
            of = part(count, known.total(), " of which it is known")
            yield f"{title} is {plain(value)} for {of}."


def _ages(counts: BuildCounts) -> Iterator[str]:
    ages = counts.whole.ages
    total = ages.total()
    for words, count in (
        ("of people below 20 years", sum(n for age, n in ages.items() if age < 20)),
        ("of people of 80 years or more", sum(n for age, n in ages.items() if age >= 80)),
    ):
        if total and count < _YOUNG * total:
            yield f"{part(count, total, ' with an age')} {'is' if count == 1 else 'are'} {words}."


def _ties(facts: BuildFacts, counts: BuildCounts) -> Iterator[str]:
    whole = counts.whole
    for count, name in ((whole.without_patient, "patient"), (whole.without_lesion, "lesion")):
        if count:
            rest = " between splits" if facts.split else ""
            yield (
                f"The {name} of {part(count, whole.images)} is not known: "
                f"that images of one {name} are apart{rest} cannot be shown for them."
            )
    if whole.lesions and (several := whole.images - whole.without_lesion - len(whole.lesions)):
        yield (
            f"{counted(several, 'image')} {'shows' if several == 1 else 'show'} a lesion that "
            "another image shows already: the images are not independent samples."
        )
    if facts.dedupe and facts.dedupe.gap:
        yield f"In the search for near-duplicates, {facts.dedupe.gap}."
    licences = whole.known("licence")
    if count := sum(n for name, n in licences.items() if "NC" in name.split("-")):
        yield f"The licence of {part(count, whole.images)} excludes commercial use."


def _classes(counts: BuildCounts) -> Iterator[str]:
    sizes = {name: one.images for name, one in counts.classes.items()}
    if empty := [plain(name) for name, count in sizes.items() if not count]:
        yield f"No image is of the class {listed(empty, 'or')}."
    filled = {name: count for name, count in sizes.items() if count}
    if filled and max(filled.values()) > _IMBALANCE * min(filled.values()):
        most = min(filled, key=lambda name: (-filled[name], name))
        least = min(filled, key=lambda name: (filled[name], name))
        yield (
            f"The classes are unbalanced: {filled[most]:,} images of {plain(most)}, "
            f"{filled[least]:,} of {plain(least)}."
        )
    for split, one in counts.splits.items():
        few = [
            f"{plain(name)} ({one.labels[name]:,})" for name in filled if one.labels[name] < _FEW
        ]
        if few and one.images:
            rest = [f"{len(few) - _MOST_NAMED:,} other classes"] if few[_MOST_NAMED:] else []
            classes = listed([*few[:_MOST_NAMED], *rest])
            yield (
                f"In {plain(split)}, fewer than {_FEW} images are of {classes}: figures for them "
                "are uncertain."
            )
    yield from _shortcuts(counts, filled)


def _shortcuts(counts: BuildCounts, filled: dict[str, int]) -> Iterator[str]:
    """Yield classes that are of one contributor or image type, where others are not."""
    for variable, title in (("contributor", "contributor"), ("type", "image type")):
        if len(counts.whole.known(variable)) < 2:
            continue
        for label in filled:
            values = [
                value
                for (name, of, value), count in counts.cross.items()
                if name == variable and of == label and value != MISSING and count
            ]
            if len(values) == 1:
                yield (
                    f"All images of {plain(label)} have one {title}, {plain(values[0])}: what "
                    "tells it from the others may be taken for the class."
                )


def _apart(counts: BuildCounts) -> Iterator[str]:
    farthest: dict[str, tuple[float, str]] = {}
    for (one, a), (other, b) in combinations(counts.splits.items(), 2):
        found = {"Age": difference_of_means(a.ages, b.ages)}
        found |= {
            title: difference_of_shares(a.known(name), b.known(name))
            for name, title, _ in VARIABLES
        }
        for name, d in found.items():
            if d is not None and d > farthest.get(name, (_APART, ""))[0]:
                farthest[name] = d, f"{plain(one)} and {plain(other)}"
    if farthest:
        told = [
            f"{name} ({'infinite' if d == inf else f'{d:.2f}'}, {names})"
            for name, (d, names) in farthest.items()
        ]
        yield f"Splits differ in {listed(told)}: the largest standardised difference of any two."
