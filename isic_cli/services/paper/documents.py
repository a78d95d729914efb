"""The folder `paper` of a build: every document, from its facts alone."""

from collections.abc import Iterator
from pathlib import Path

from isic_cli.files.atomic import write_bytes
from isic_cli.services.build.facts import BuildFacts
from isic_cli.services.paper import card, flow
from isic_cli.services.paper.blocks import to_html, to_markdown, to_tex
from isic_cli.services.paper.checklist import checklist
from isic_cli.services.paper.counts import BuildCounts, count_build
from isic_cli.services.paper.datasheet import datasheet
from isic_cli.services.paper.limitations import limitations
from isic_cli.services.paper.methods import methods
from isic_cli.services.paper.table_one import table_csv, table_one
from isic_cli.services.plot import can_draw

#: Every file of the folder; those of `can_draw` among them.
NAMES = (
    *("checklist.md", "citations.bib", "citations.csl.json", "citations.ris", "croissant.json"),
    *("dataset-card.md", "datasheet.md", "flow.md", "flow.pdf", "flow.svg", "limitations.md"),
    *("limitations.tex", "methods.md", "methods.tex", "table1.csv", "table1.html", "table1.md"),
    "table1.tex",
)


def paper_files(facts: BuildFacts) -> dict[str, bytes]:
    """Return the documents by name: the same bytes for the same facts.

    Where matplotlib is not installed there is no diagram.
    """
    counts = count_build(facts)
    texts = dict(_texts(facts, counts)) | {
        "table1.csv": table_csv(counts),
        "table1.html": to_html(table_one(counts), "Table 1"),
    }
    found = {name: text.encode() for name, text in texts.items()}
    if can_draw():
        found |= flow.draw_flow(facts, counts)
    return dict(sorted(found.items()))


def _texts(facts: BuildFacts, counts: BuildCounts) -> Iterator[tuple[str, str]]:
    for name, blocks in (
        ("methods", methods(facts, counts)),
        ("limitations", limitations(facts, counts)),
    ):
        yield f"{name}.md", to_markdown(blocks)
        yield f"{name}.tex", to_tex(blocks)
    tables = table_one(counts)
    yield "table1.md", to_markdown(tables)
    yield "table1.tex", to_tex(tables)
    yield "flow.md", to_markdown(flow.flow_blocks(facts, counts))
    yield "checklist.md", to_markdown(checklist(facts, counts))
    yield "datasheet.md", to_markdown(datasheet(facts, counts))
    cited = card.reference_of_build(facts, counts)
    yield "dataset-card.md", card.hub_card(facts, counts, cited)
    yield "croissant.json", card.croissant_card(facts, counts, cited)
    yield from card.citations(cited).items()


def write_paper(facts: BuildFacts, folder: Path) -> list[str]:
    """Write the documents into a folder, each whole, and return their names.

    Raises
    ------
    LocalError
        One cannot be written.
    """
    files = paper_files(facts)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_bytes(folder / name, data)
    return list(files)
