"""Checklists of reporting, answered as far as a build knows."""

from collections.abc import Callable, Mapping
from importlib import resources

from isic_cli.files.load import parse_json
from isic_cli.models.names import counted
from isic_cli.services.build.facts import BuildFacts
from isic_cli.services.paper import methods
from isic_cli.services.paper.blocks import (
    Block,
    Heading,
    Paragraph,
    code,
    grid_of,
    listed,
    part,
    plain,
)
from isic_cli.services.paper.counts import VARIABLES, BuildCounts
from isic_cli.services.paper.limitations import limits
from isic_cli.services.plot import can_draw

#: What stands where only the authors know.
AUTHORS = "To be filled in by the authors."


def checklist(facts: BuildFacts, counts: BuildCounts) -> list[Block]:
    """Return the checklists: each item with the answer of the build, or marked for the authors."""
    answers = answers_of(facts, counts)
    text = resources.files("isic_cli.services.paper").joinpath("checklists.json").read_text("utf-8")
    blocks: list[Block] = [
        Heading("Checklists of reporting", 1),
        Paragraph(
            "Items are told by their numbers and in our own words; the originals say what is "
            f"asked. What the build does not know says: {AUTHORS}"
        ),
    ]
    for one in parse_json(text):
        rows = [
            (number, topic, answers[key[0]] if key else AUTHORS)
            for number, topic, *key in one["items"]
        ]
        known = sum(answer != AUTHORS for _, _, answer in rows)
        blocks += [
            Heading(one["name"]),
            Paragraph(
                f"{one['source']}, doi:{one['doi']}. Answered from the build: {known} of "
                f"{len(rows)} items."
            ),
            grid_of(rows, ["Item", "Topic", "Answer"]),
        ]
    return blocks


def answers_of(facts: BuildFacts, counts: BuildCounts) -> Mapping[str, str]:
    """Return what the build knows, by the keys that the checklists use."""
    sentences: dict[str, Callable[[], str]] = {
        "source": lambda: " ".join(methods.source_sentences(facts, counts)),
        "exclusion": lambda: " ".join(methods.exclusion_sentences(facts, counts)),
        "labels": lambda: " ".join(methods.label_sentences(facts, counts)),
        "split": lambda: " ".join(methods.split_sentences(facts, counts)),
        "preprocessing": lambda: " ".join(methods.export_sentences(facts)),
        "availability": lambda: " ".join(methods.availability_sentences(facts)),
        "limitations": lambda: _limitations(facts, counts),
        "missing": lambda: missing_sentence(counts),
        "classes": lambda: _classes(counts),
        "size": lambda: _sizes(counts),
        "level": lambda: _level(facts),
        "selection": lambda: _selection(facts),
        "contributors": lambda: contributors_sentence(counts),
        "unmapped": lambda: methods.unmapped_sentence(facts, counts),
        "imbalance": lambda: _imbalance(counts),
        "acquisition": lambda: _acquisition(counts),
    }
    found = {key: say() or AUTHORS for key, say in sentences.items()}
    return found | {
        "eligibility": f"{found['source']} {found['exclusion']}",
        "retrospective": "Retrospective: the images were in the archive before the study.",
        "deidentified": "The archive gives pseudonymous ids of patients and lesions and "
        "approximate ages; how its contributors de-identified images is for the authors to say.",
        "dates": f"The archive was asked on {facts.listed.isoformat()}; when the images were taken "
        "it does not say.",
        "software": f"The data set was made with {plain(facts.tool)}; what the model was made with "
        "is for the authors to say.",
        "flow": f"See {listed(map(code, ['flow.svg'] * can_draw() + ['flow.md']))}.",
        "characteristics": f"See {code('table1.md')}, with what is missing.",
        "differences": f"See the standardised differences in {code('table1.md')}."
        if len(counts.splits) > 1
        else AUTHORS,
    }


def _limitations(facts: BuildFacts, counts: BuildCounts) -> str:
    count = sum(1 for _ in limits(facts, counts))
    return f"The numbers show {counted(count, 'limitation')}: see {code('limitations.md')}."


def missing_sentence(counts: BuildCounts) -> str:
    """Return what is missing for how many images; nothing was filled in."""
    whole = counts.whole
    if not whole.images:
        return ""
    gaps = [("age", whole.without_age)]
    gaps += [
        (title if name == "skin" else title.lower(), whole.missing(name))  # Fitzpatrick is a name
        for name, title, _ in VARIABLES
    ]
    told = [f"{title} for {part(count, whole.images)}" for title, count in gaps if count]
    return f"Not given: {listed(told)}. No value was filled in." if told else "Nothing is missing."


def contributors_sentence(counts: BuildCounts) -> str:
    """Return the contributors, most images first."""
    return _shares(counts, "contributor")


def _shares(counts: BuildCounts, variable: str) -> str:
    known = sorted(counts.whole.known(variable).items(), key=lambda at: (-at[1], at[0]))
    shown = [f"{plain(value)} ({counted(count, 'image')})" for value, count in known[:12]]
    rest = known[12:]
    if rest:
        images = sum(count for _, count in rest)
        shown.append(f"{len(rest):,} others ({counted(images, 'image')})")
    return f"{listed(shown)}." if shown else ""


def _acquisition(counts: BuildCounts) -> str:
    types = _shares(counts, "type")
    rest = "Devices and protocols are not in the archive's metadata."
    return f"Image type: {types} {rest}" if types else ""


def _classes(counts: BuildCounts) -> str:
    told = [
        f"{plain(name)}: {part(one.images, counts.whole.images)}"
        for name, one in counts.classes.items()
        if counts.whole.images
    ]
    return f"{'; '.join(told)}." if told else ""


def _imbalance(counts: BuildCounts) -> str:
    told = _classes(counts)
    return f"{told} Whether it was corrected for: for the authors to say." if told else ""


def _sizes(counts: BuildCounts) -> str:
    told = [
        f"{plain(name)}: {counted(one.images, 'image')} of {counted(len(one.patients), 'patient')}"
        for name, one in (counts.splits or {"all": counts.whole}).items()
    ]
    return f"{'; '.join(told)}. Why these sizes: for the authors to say."


def _level(facts: BuildFacts) -> str:
    if facts.split is None:
        return ""
    names = [code(name) for name in facts.split.group]
    whole = f"Groups of images with the same {listed(names, 'or')}" if names else "Images"
    return f"{whole}; {counted(facts.split.leaks, 'group')} in more than one split."


def _selection(facts: BuildFacts) -> str:
    samples = [one for one in facts.sources if {"sample", "limit", "one_per"} & set(one.filters)]
    if not samples:
        return "All images that the sources gave and no rule left out: no sample was drawn."
    drawn = [
        f"{code(one.name)}: {listed(code(f'{k} = {v}') for k, v in one.filters.items())}"
        for one in samples
    ]
    return f"Samples were drawn: {'; '.join(drawn)}."
