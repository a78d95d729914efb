"""What a source of a build is called, and how its images were selected, in words."""

from isic_cli.services.build.facts import SourceFacts
from isic_cli.services.cite.archive import publisher_of
from isic_cli.services.paper.blocks import code, listed, plain


def archive_words(one: SourceFacts) -> str:
    """Return which archive a source is of, in words."""
    publisher = publisher_of(one.came_from)
    known = f"the {plain(publisher)}" if publisher else ""
    if one.origin is not None:
        folder = f"the folder {code(one.archive)}"
        return f"{folder}, downloaded from {known}" if known else folder
    where = known or f"the archive {code(one.archive)}"
    return f"{where} ({plain(one.url)})" if one.url.startswith("http") else where


def selection_words(one: SourceFacts) -> str:
    """Return by what its images were selected, to stand behind the archive."""
    parts = []
    if one.query:
        parts.append(f"by the query {code(one.query)}")
    if one.collections:
        names = [
            f"{plain(name)}{f' (doi:{plain(doi)})' if doi else ''}" for name, doi in one.collections
        ]
        word = "collection" if len(names) == 1 else "collections"
        parts.append(f"within the {word} {listed(names)}")
    for name, value in one.filters.items():
        licence = f"a licence no more restrictive than {plain(value)}"
        parts.append(f"with {licence if name == 'license' else code(f'{name} = {value}')}")
    return (" " if parts else "") + ", ".join(parts)
