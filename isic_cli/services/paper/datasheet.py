"""A data sheet: the questions of Datasheets for Datasets, answered as far as a build knows.

Gebru et al., Communications of the ACM 2021, 64(12):86-92. The questions are in our own words.
"""

from isic_cli.curation.credit import license_sentence
from isic_cli.models.names import counted
from isic_cli.services.build.facts import BuildFacts
from isic_cli.services.paper.blocks import Block, Heading, Paragraph, code, listed, plain
from isic_cli.services.paper.checklist import (
    AUTHORS,
    answers_of,
    contributors_sentence,
    missing_sentence,
)
from isic_cli.services.paper.counts import BuildCounts
from isic_cli.services.paper.limitations import limits

Questions = list[tuple[str, str]]


def datasheet(facts: BuildFacts, counts: BuildCounts) -> list[Block]:
    """Return the questions by section, each with its answer."""
    answers = answers_of(facts, counts)
    sections: list[tuple[str, Questions]] = [
        ("Motivation", _motivation(facts)),
        ("Composition", _composition(facts, counts)),
        ("Collection", _collection(counts, answers["source"])),
        (
            "Preprocessing, cleaning and labelling",
            [
                ("What was cleaned or left out?", answers["exclusion"]),
                ("How were labels given?", answers["labels"]),
                ("How were pictures changed?", answers["preprocessing"]),
                ("Are the raw data kept, and is the software available?", answers["availability"]),
            ],
        ),
        (
            "Uses",
            [
                ("What has it been used for?", AUTHORS),
                ("What about its composition may affect uses?", " ".join(limits(facts, counts))),
                ("What should it not be used for?", AUTHORS),
            ],
        ),
        ("Distribution", _distribution(counts)),
        (
            "Maintenance",
            [
                ("Who maintains it, and how are they reached?", AUTHORS),
                (
                    "Will it be updated?",
                    (
                        f"{code('isic dataset build --update')} asks the archive again "
                        "and tells what has changed for which split."
                    ),
                ),
                (
                    "What becomes of images that are withdrawn?",
                    (
                        "The archive may withdraw images: "
                        f"{code('isic dataset build --locked')} names those that are gone."
                    ),
                ),
            ],
        ),
    ]
    blocks: list[Block] = [Heading(f"Data sheet: {plain(facts.title)}", 1)]
    for title, questions in sections:
        blocks.append(Heading(title))
        for question, answer in questions:
            blocks += [Heading(question, 3), Paragraph(answer or AUTHORS)]
    return blocks


def _motivation(facts: BuildFacts) -> Questions:
    return [
        ("For what was it made?", plain(facts.description)),
        ("Who made it?", listed(map(plain, facts.authors))),
        ("Who paid for it?", AUTHORS),
    ]


def _composition(facts: BuildFacts, counts: BuildCounts) -> Questions:
    whole, first = counts.whole, counts.remaining[0]
    fields = [code(name) for name in sorted(counts.fields)]
    splits = [f"{plain(name)}: {one.images:,}" for name, one in counts.splits.items()]
    return [
        ("What is an instance?", "An image of skin with its metadata."),
        (
            "How many are there?",
            (
                f"{counted(whole.images, 'image')} of {counted(len(whole.lesions), 'lesion')} "
                f"and {counted(len(whole.patients), 'patient')}."
            ),
        ),
        (
            "Is it all there is, or a sample?",
            (
                f"{whole.images:,} of the {counted(first.images, 'image')} that the sources gave: "
                f"see {code('flow.md')}."
            ),
        ),
        (
            "What does each instance hold?",
            f"A picture and the fields {listed(fields)}." if fields else "",
        ),
        (
            "Is there a label?",
            f"By the {facts.labels.kind} {code(facts.labels.scheme)}: "
            f"{listed(map(plain, counts.classes))}."
            if facts.labels
            else "No.",
        ),
        ("Is information missing?", missing_sentence(counts)),
        (
            "Are relations between instances made explicit?",
            (
                f"Images of one lesion or patient have "
                f"the same {code('lesion_id')} or {code('patient_id')}."
            ),
        ),
        ("Are there recommended splits?", f"{'; '.join(splits)}." if splits else "No."),
        (
            "Are there errors or redundancies?",
            f"{counted(facts.dedupe.groups, 'group')} of duplicates were found."
            if facts.dedupe and facts.dedupe.action
            else "Duplicates were not looked for.",
        ),
        ("Is it self-contained?", "The pictures are copies; their source is the archive."),
        (
            "Does it identify people?",
            (
                "Ids are pseudonyms of the archive; pictures of skin may show "
                "marks by which a person is known."
            ),
        ),
        ("Are subgroups identified?", f"By age, sex, site and skin type: see {code('table1.md')}."),
    ]


def _collection(counts: BuildCounts, source: str) -> Questions:
    return [
        ("How was it collected?", source),
        ("Who collected the images?", contributors_sentence(counts)),
        ("Over what time were they taken?", "The archive does not say."),
        ("Was there an ethical review, and did people consent?", AUTHORS),
    ]


def _distribution(counts: BuildCounts) -> Questions:
    told = [
        f"{plain(name)}: {counted(count, 'image')}"
        for name, count in sorted(counts.whole.known("licence").items())
    ]
    return [
        (
            "Under which licence?",
            f"{'; '.join(told)}. {license_sentence(counts.credit_list)}" if told else "",
        ),
        ("How and when is it distributed?", AUTHORS),
        ("Who has to be credited?", f"See {code('citations.bib')}."),
    ]
