"""Cards of a data set for Hugging Face and for Croissant, and its citations."""

import json
from typing import Any

from isic_cli.curation.cite import written
from isic_cli.curation.credit import license_sentence
from isic_cli.curation.reference import Reference
from isic_cli.models.names import counted
from isic_cli.services.build.facts import BuildFacts
from isic_cli.services.cite.dataset import CitedCollection, Provenance, composed
from isic_cli.services.export import croissant
from isic_cli.services.export.hugging_face import hub_license
from isic_cli.services.paper import methods
from isic_cli.services.paper.blocks import (
    Block,
    Bullets,
    Grid,
    Heading,
    Paragraph,
    bare,
    listed,
    plain,
    to_markdown,
)
from isic_cli.services.paper.checklist import contributors_sentence, missing_sentence
from isic_cli.services.paper.counts import BuildCounts
from isic_cli.services.paper.limitations import biases, limits
from isic_cli.services.paper.sources import archive_words

#: The hub's classes of size: upper bounds and names.
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
_LARGEST = "1M<n<10M"


def reference_of_build(facts: BuildFacts, counts: BuildCounts) -> Reference:
    """Return the reference of exactly these images, with what their licences and terms ask for."""
    collections = {
        name: doi for source in facts.sources for name, doi in source.collections
    } | dict.fromkeys(facts.challenges)
    queries = list(dict.fromkeys(source.query for source in facts.sources))
    several = [f"({query})" for query in queries] if all(queries) else []
    archives = {one.came_from for one in facts.sources}
    known = Provenance(
        archive=archives.pop() if len(archives) == 1 else "",
        query=queries[0] if len(queries) == 1 else " OR ".join(several),
        retrieved=facts.listed,
        sources=tuple(CitedCollection(name, doi) for name, doi in collections.items()),
    )
    return composed(counts.isic_ids, counts.credit_list, known, title=plain(facts.title))


def citations(cited: Reference) -> dict[str, str]:
    """Return the reference in the formats of reference managers."""
    styles = {"citations.bib": "bibtex", "citations.ris": "ris", "citations.csl.json": "csl"}
    return {name: written(cited, style) for name, style in styles.items()}  # type: ignore[arg-type]


def hub_card(facts: BuildFacts, counts: BuildCounts, cited: Reference) -> str:
    """Return the card of a data set on Hugging Face: a head in YAML, and Markdown."""
    images = counts.whole.images
    size = next((name for bound, name in _SIZES if images < bound), _LARGEST)
    head = [
        "---",
        f"license: {hub_license(cited.license)}",
        f"pretty_name: {json.dumps(plain(facts.title), ensure_ascii=False)}",
        "task_categories:",
        "- image-classification",
        "size_categories:",
        f"- {size}",
        "tags:",
        "- medical",
        "- dermatology",
        "---",
    ]
    archives = dict.fromkeys(map(archive_words, facts.sources))
    blocks: list[Block] = [Heading(plain(facts.title), 1)]
    if facts.description:
        blocks.append(Paragraph(plain(facts.description)))
    blocks += [
        Paragraph(f"{counted(images, 'image')} of {listed(archives)}."),
        *_split_table(counts),
        Heading("Source and selection"),
        Paragraph(" ".join(methods.source_sentences(facts, counts))),
        Paragraph(" ".join(methods.exclusion_sentences(facts, counts))),
        Heading("Labels"),
        Paragraph(" ".join(methods.label_sentences(facts, counts)) or "There are none."),
        Heading("Splits"),
        Paragraph(" ".join(methods.split_sentences(facts, counts))),
        Heading("Limitations"),
        Bullets(tuple(limits(facts, counts)) or ("The numbers show none.",)),
        Heading("Licence and credits"),
        Paragraph(f"{license_sentence(counts.credit_list)} {contributors_sentence(counts)}"),
        Heading("Citation"),
    ]
    fence = "```"
    return (
        "\n".join(head)
        + f"\n\n{to_markdown(blocks)}\n{fence}bibtex\n{written(cited, 'bibtex')}{fence}\n"
    )


def _split_table(counts: BuildCounts) -> list[Block]:
    if not (counts.splits or counts.classes):
        return []
    groups = counts.splits or {"all": counts.whole}
    rows = [
        (
            plain(name),
            f"{one.images:,}",
            f"{len(one.patients):,}",
            *(f"{one.labels[label]:,}" for label in counts.classes),
        )
        for name, one in groups.items()
    ]
    return [Grid(("Split", "Images", "Patients", *map(plain, counts.classes)), tuple(rows))]


def croissant_card(facts: BuildFacts, counts: BuildCounts, cited: Reference) -> str:
    """Return the Croissant description of the data set as a whole, with its RAI properties.

    Files are described by the export `croissant`; properties after the specification RAI 1.0.
    """
    about = plain(facts.description) or f"{cited.title}. {cited.note}"
    value = croissant.head(cited, name=plain(facts.name), description=about)
    return croissant.written_out(value | _responsible(facts, counts), cited)


def _responsible(facts: BuildFacts, counts: BuildCounts) -> dict[str, Any]:
    sentences = {
        "rai:dataCollection": " ".join(methods.source_sentences(facts, counts)),
        "rai:dataCollectionMissingData": missing_sentence(counts),
        "rai:dataCollectionRawData": contributors_sentence(counts),
        "rai:dataPreprocessingProtocol": " ".join(
            (*methods.exclusion_sentences(facts, counts), *methods.export_sentences(facts))
        ),
        "rai:dataAnnotationProtocol": " ".join(methods.label_sentences(facts, counts)),
        "rai:dataManipulationProtocol": " ".join(methods.split_sentences(facts, counts)),
        "rai:dataReleaseMaintenancePlan": " ".join(methods.availability_sentences(facts)),
        "rai:dataUseCases": plain(facts.description),
    }
    found: dict[str, Any] = {name: bare(text) for name, text in sentences.items() if text}
    if told := [bare(one) for one in limits(facts, counts)]:
        found["rai:dataLimitations"] = told
    if biased := [bare(one) for one in biases(counts)]:
        found["rai:dataBiases"] = biased
    if personal := croissant.personal_columns(counts.fields):
        found["rai:personalSensitiveInformation"] = [f"column {name}" for name in personal]
    return found
