"""The stages of a build in their order: what each depends on, and which files it writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isic_cli import __version__
from isic_cli.config import ArchiveSpec
from isic_cli.curation.labels import load_scheme
from isic_cli.distribution import NAME as DISTRIBUTION
from isic_cli.files.digest import sha256_of
from isic_cli.services.build.challenges import challenge_digests
from isic_cli.services.build.listing import LISTING_FACTS, SettingsOf, archive_for
from isic_cli.services.build.lock import LOCK
from isic_cli.services.build.model import ExportTable, SourceTable
from isic_cli.services.build.named import ids_of, labels_in, scheme_name
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import (
    EXCLUDED,
    PICTURES,
    REFERENCES,
    TABLE,
    BuildState,
    digest_of,
)
from isic_cli.services.plot import can_draw

_STATE = ".isic/build"
PAPER = "paper"
#: What is decided about an image: the inputs of what says it.
_DECISIONS = (
    *("source", "references", "exclude", "pictures", "quality", "dedupe", "labels", "split"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage.

    Attributes
    ----------
    name : str
        `source`, `references`, `exclude`, `pictures`, `quality`, `dedupe`, `labels`, `split`,
        `lock`, `tables`, `export:NAME` or `paper`.
    version : int
        Of its code: raised whenever it gives something else for the same inputs.
    options : dict
        What of the recipe it depends on.
    inputs : tuple of str
        The stages that it depends on.
    products : tuple of str
        The files and folders that it writes, below the build.
    export : ExportTable, optional
        What is exported.
    """

    name: str
    version: int
    options: Mapping[str, Any]
    inputs: tuple[str, ...]
    products: tuple[str, ...]
    export: ExportTable | None = None


def stages_of(file: RecipeFile, settings_of: SettingsOf) -> list[Stage]:
    """Return the stages of a recipe in the order in which they run.

    Raises
    ------
    UsageError, NotFoundError, LocalError
        A file that the recipe names cannot be read.
    """
    found: list[Stage] = []
    for stage in _all(file, settings_of):
        there = {one.name for one in found}
        inputs = tuple(name for name in stage.inputs if name in there)
        found.append(
            Stage(stage.name, stage.version, stage.options, inputs, stage.products, stage.export)
        )
    return found


def _all(file: RecipeFile, settings_of: SettingsOf) -> Iterator[Stage]:
    recipe = file.recipe
    yield Stage(
        "source", 2, _sources(file, recipe.source, settings_of), (), (f"{_STATE}/source.jsonl",)
    )
    references = [one for one in recipe.reference.values() if one.pictures]
    if recipe.reference:
        named = {name: _plain(one) for name, one in recipe.reference.items()}
        options = {**_sources(file, recipe.reference, settings_of), "share": named}
        yield Stage("references", 2, options, (), (f"{_STATE}/references.jsonl",))
    rules = [
        [_plain(rule), digest_of(ids_of(file, rule.ids))]
        for rule in recipe.exclude
        if not rule.quality
    ]
    shares = {name: one.share for name, one in recipe.reference.items()}
    yield Stage(
        "exclude",
        2,
        {"exclude": rules, "share": shares},
        ("source", "references"),
        (f"{_STATE}/exclude.jsonl",),
    )
    folders = [PICTURES, *(f"{REFERENCES}/{n}" for n, r in recipe.reference.items() if r.pictures)]
    yield Stage(
        "pictures",
        2,
        {"folders": folders},
        ("source", "references", "exclude"),
        (*folders, f"{_STATE}/pictures.jsonl"),
    )
    if judged := [_plain(rule) for rule in recipe.exclude if rule.quality]:
        yield Stage("quality", 1, {"rules": judged}, ("pictures",), (f"{_STATE}/quality.jsonl",))
    if recipe.dedupe is not None or references:
        options = {"dedupe": _plain(recipe.dedupe) if recipe.dedupe else None}
        files = (f"{_STATE}/dedupe.jsonl", f"{_STATE}/groups.jsonl")
        yield Stage("dedupe", 5, options, ("pictures", "quality"), files)
    if recipe.labels is not None:
        files = (f"{_STATE}/labels.jsonl", f"{_STATE}/unlabelled.jsonl")
        yield Stage("labels", 1, _labels(file), ("source", "exclude", "quality", "dedupe"), files)
    if recipe.split is not None:
        before = ("source", "exclude", "quality", "dedupe", "labels")
        yield Stage("split", 1, split_options(file), before, (f"{_STATE}/splits.jsonl",))
    yield Stage("lock", 1, {"recipe": recipe_digest(file)}, _DECISIONS, (LOCK,))
    yield Stage("tables", 1, {}, _DECISIONS, (TABLE, EXCLUDED))
    for export in recipe.export:
        name = export.name or export.to
        inputs = ("pictures", "labels", "tables")
        yield Stage(f"export:{name}", 2, _plain(export), inputs, (name,), export)
    if recipe.document.paper:
        exports = [_plain(export) for export in recipe.export]
        options = {**_plain(recipe.document), "exports": exports, "is_drawn": can_draw()}
        yield Stage("paper", 4, options, ("lock", "tables"), (PAPER,))


def _plain(table: Any) -> dict[str, Any]:
    """Return a table of the recipe without what was not given."""
    plain: dict[str, Any] = table.model_dump(mode="json", exclude_defaults=True)
    return plain


def _sources(
    file: RecipeFile, sources: Mapping[str, SourceTable], settings_of: SettingsOf
) -> dict[str, Any]:
    return {
        name: {
            **_plain(one),
            "archive": _identity(file, settings_of(archive_for(file, one)).archive),
            "ids": digest_of(ids_of(file, one.ids)),
        }
        for name, one in sources.items()
    }


def _identity(file: RecipeFile, spec: ArchiveSpec) -> str:
    """Return which archive it is, wherever the command runs, and moved along with its recipe."""
    if spec.folder is None:
        return spec.identity
    folder, home = spec.folder.resolve(), file.path.parent.resolve()
    return folder.relative_to(home).as_posix() if folder.is_relative_to(home) else str(folder)


def _labels(file: RecipeFile) -> dict[str, Any]:
    table = file.recipe.labels
    if table is None:
        return {}
    options = _plain(table)
    if table.scheme:
        scheme = load_scheme(scheme_name(file, table.scheme))
        rules = [[list(rule.prefix), rule.label] for rule in scheme.rules.values()]
        options["rules"] = digest_of([scheme.version, scheme.labels, rules])
    if table.table:
        path = file.near(table.table)
        options["content"] = _content(path, lambda: labels_in(path, table.column))
    return options


def _content(path: Path, read: Callable[[], dict[str, str]]) -> str:
    """Return the SHA-256 of a file, or of what is read of a folder."""
    return sha256_of(path) if path.is_file() else digest_of(read())


def split_options(file: RecipeFile) -> dict[str, Any]:
    """Return what the split depends on beside the images."""
    table = file.recipe.split
    if table is None:
        return {}
    options = _plain(table)
    if table.previous:
        from isic_cli.services.dataset.split import read_splits

        path = file.near(table.previous)
        options["content"] = _content(path, lambda: read_splits(path, "split"))
    action = file.recipe.dedupe.action if file.recipe.dedupe else "drop"
    return {**options, "duplicates": action}


def recipe_digest(file: RecipeFile) -> str:
    """Return the SHA-256 of what a recipe means: comments, order and layout do not matter."""
    return digest_of(file.recipe.model_dump(mode="json", exclude_defaults=True))


def lock_header(file: RecipeFile, state: BuildState, stages: Iterable[Stage]) -> dict[str, Any]:
    """Return the first line of the lock."""
    known = state.stages
    recipe = file.recipe
    header: dict[str, Any] = {
        "name": recipe.name,
        "recipe": recipe_digest(file),
        "tool": f"{DISTRIBUTION} {__version__}",
        "listed": known["source"].facts["listed"],
        "listing": {
            stage: {name: known[stage].facts[name] for name in LISTING_FACTS}
            for stage in ("source", "references")
            if stage in known
        },
        "sources": {
            name: {**one.model_dump(mode="json", exclude_defaults=True)}
            for name, one in recipe.source.items()
        },
        "seeds": {
            **{name: one.seed for name, one in recipe.source.items() if one.sample},
            **({"split": recipe.split.seed} if recipe.split else {}),
        },
        "stages": {stage.name: stage.version for stage in stages},
    }
    if digests := challenge_digests(state.path("challenges")):
        header["challenge_files"] = digests
    if recipe.labels is not None:
        facts = known["labels"].facts
        header["labels"] = {"scheme": recipe.labels.scheme, "version": facts["version"]}
    if recipe.split is not None:
        header["split"] = split_options(file)
    return header
