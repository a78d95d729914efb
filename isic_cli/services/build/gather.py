"""Gather what a finished build knows of itself, from the recipe and what its stages noted."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from isic_cli import __version__
from isic_cli.curation.duplicates import ALL_TIERS, parse_method
from isic_cli.distribution import NAME as DISTRIBUTION
from isic_cli.services.build.duplicates import DEDUPE_COUNTS
from isic_cli.services.build.facts import (
    STAGES,
    BuildFacts,
    DedupeFacts,
    ExportFacts,
    LabelFacts,
    ReferenceFacts,
    Removal,
    SourceFacts,
    SplitFacts,
)
from isic_cli.services.build.graph import recipe_digest
from isic_cli.services.build.model import SourceTable
from isic_cli.services.build.outputs import BuiltImages
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import BuildState

#: Keys of a source that are facts of their own.
_OWN = frozenset({"archive", "search", "collections", "share", "pictures"})


def build_facts(file: RecipeFile, state: BuildState) -> BuildFacts:
    """Return the facts of a build whose tables are written."""
    recipe, known = file.recipe, state.stages
    source = known["source"].facts
    references = known["references"].facts if "references" in known else {}
    return BuildFacts(
        name=recipe.name,
        title=recipe.document.title or recipe.name,
        description=recipe.document.description,
        authors=recipe.document.authors,
        listed=date.fromisoformat(source["listed"]),
        tool=f"{DISTRIBUTION} {__version__}",
        recipe=recipe_digest(file),
        sources=tuple(_source(name, one, source) for name, one in recipe.source.items()),
        references=tuple(
            ReferenceFacts(_source(name, one, references), one.share, one.pictures)
            for name, one in recipe.reference.items()
        ),
        removals=tuple(_removals(state)),
        images=BuiltImages(state),
        dedupe=_dedupe(file, state),
        labels=_labels(file, state),
        split=_split(file, state),
        exports=tuple(
            ExportFacts(
                name=one.name or one.to,
                kind=one.to,
                size=one.size,
                encode=one.encode,
                images=known["tables"].facts["images"],
            )
            for one in recipe.export
        ),
        challenges=tuple(sorted({*source["challenges"].values()})),
    )


def _source(name: str, source: SourceTable, facts: Mapping[str, Any]) -> SourceFacts:
    given = source.model_dump(mode="json", exclude_defaults=True)
    archive, url, *origin = facts["archives"][name]
    return SourceFacts(
        name=name,
        archive=archive,
        url=url,
        query=source.search,
        collections=tuple((str(title), doi) for title, doi in facts["collections"][name]),
        filters={key: _in_words(value) for key, value in given.items() if key not in _OWN},
        images=facts["counts"][name],
        origin=origin[0] if origin else None,
    )


def _in_words(value: object) -> str:
    """Return a value of a recipe as a sentence has it; a list of ids by its length."""
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    return str(value)


def _removals(state: BuildState) -> list[Removal]:
    found = []
    for stage in STAGES:
        counts = state.stages[stage].facts["removed"] if stage in state.stages else {}
        in_order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        found += [Removal(stage, reason, count) for reason, count in in_order]
    return found


def _dedupe(file: RecipeFile, state: BuildState) -> DedupeFacts | None:
    table = file.recipe.dedupe
    known = state.stages.get("dedupe")
    if known is None:
        return None
    method = parse_method(table.method if table else ALL_TIERS)
    return DedupeFacts(
        tiers=method.tiers,
        distance=method.distance,
        keep=table.keep if table else "largest",
        action=table.action if table else "",
        **{name: known.facts[name] for name in DEDUPE_COUNTS},
    )


def _labels(file: RecipeFile, state: BuildState) -> LabelFacts | None:
    table = file.recipe.labels
    if table is None:
        return None
    facts, options = state.stages["labels"].facts, state.stages["labels"].options
    return LabelFacts(
        kind="scheme" if table.scheme else "table" if table.table else "field",
        scheme=table.scheme or table.table or table.column,
        title=facts["title"],
        version=options["content"] if table.table else facts["version"],
        labels=tuple(facts["labels"]),
        unmapped=table.unmapped,
    )


def _split(file: RecipeFile, state: BuildState) -> SplitFacts | None:
    table = file.recipe.split
    if table is None:
        return None
    facts = state.stages["split"].facts
    cut = [text.partition("=") for text in table.hold_out]
    return SplitFacts(
        names=tuple(facts["names"]),
        shares=tuple(facts["shares"]),
        seed=table.seed,
        group=tuple(facts["group"]),
        duplicates=file.recipe.dedupe is not None and file.recipe.dedupe.action == "group",
        stratify=facts["stratify"],
        stable=table.stable,
        hold_out=tuple((name, value) for name, _, value in cut),
        groups=facts["groups"],
        ungrouped=facts["ungrouped"],
        leaks=facts["leaks"],
    )
