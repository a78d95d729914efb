"""Find all that is wrong with a recipe, each with its place, before anything is fetched."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isic_cli.config import parse_archive
from isic_cli.curation.shares import folds, parse_ratio
from isic_cli.errors import IsicError, QueryError
from isic_cli.models.image import FILE_FIELDS, LEADING_COLUMNS
from isic_cli.query import parse
from isic_cli.query.fields import FIELDS, UNSEARCHABLE
from isic_cli.services.build.model import (
    ExcludeTable,
    LabelsTable,
    SourceTable,
    SplitTable,
)
from isic_cli.services.build.named import (
    challenge_files,
    export_options,
    ids_of,
    labels_in,
    scheme_name,
)
from isic_cli.services.build.positions import Path as KeyPath
from isic_cli.services.build.recipe import RecipeError, RecipeFault, RecipeFile, load_recipe
from isic_cli.services.dataset.label import label_scheme
from isic_cli.services.export.options import Encoding, TargetSize

#: Names in the folder of a build of no export.
TAKEN = frozenset(
    {"pictures", "paper", "references", "dataset.csv", "excluded.csv", "build.lock", "changes.md"}
)
#: Which keys of a rule tell whom it is about.
CONDITIONS = ("search", "missing", "smaller_than", "ids", "quality")
_FIELDS = {*FIELDS, *FILE_FIELDS, *LEADING_COLUMNS, *UNSEARCHABLE}


def checked_recipe(path: Path) -> RecipeFile:
    """Read a recipe and check it.

    Raises
    ------
    RecipeError
        With every mistake: of its keys, and of all that can be judged without those.
    NotFoundError, LocalError
        As `load_recipe`.
    """
    try:
        file = load_recipe(path)
    except RecipeError as error:
        if error.rest is None:
            raise
        found = _Checks(error.rest).all()
        more = [one for key, one in found if not any(key == bad[: len(key)] for bad in error.bad)]
        raise RecipeError(path, [*error.faults, *more]) from error
    check_recipe(file)
    return file


def check_recipe(file: RecipeFile) -> None:
    """Refuse a recipe that cannot be built.

    The archive is not asked: whether a source gives images is known when it is built.

    Raises
    ------
    RecipeError
        With every mistake.
    """
    if faults := [one for _, one in _Checks(file).all()]:
        raise RecipeError(file.path, faults)


class _Checks:
    def __init__(self, file: RecipeFile) -> None:
        self._file = file
        self._recipe = file.recipe
        self._faults: list[tuple[KeyPath, RecipeFault]] = []

    def all(self) -> list[tuple[KeyPath, RecipeFault]]:
        """Return every mistake and its key."""
        self.sources()
        self.rules()
        self.stages()
        self.exports()
        return self._faults

    def _add(self, key: KeyPath, message: str, hint: str = "") -> None:
        self._faults.append((key, self._file.fault(key, message, hint)))

    @contextmanager
    def _at(self, *key: str | int) -> Iterator[None]:
        """Take an error of the block as a mistake at a key."""
        try:
            yield
        except QueryError as error:
            self._add(key, f"{error.message}, at character {error.column + 1}", error.hint or "")
        except IsicError as error:
            self._add(key, error.message, error.hint or "")

    def sources(self) -> None:
        """Check what selects images."""
        if not self._recipe.source:
            self._add(("source",), "names no source")
        for name, source in self._recipe.source.items():
            self._selection(("source", name), source)
        for name, reference in self._recipe.reference.items():
            self._selection(("reference", name), reference)
            if not (reference.share or reference.pictures):
                self._add(("reference", name, "share"), "with pictures = false leaves nothing out")
            if name != Path(name).name or name.startswith("."):
                self._add(("reference", name), "is not a name of a folder")

    def _selection(self, at: KeyPath, source: SourceTable) -> None:
        with self._at(*at, "search"):
            parse(source.search)
        with self._at(*at, "archive"):
            if source.archive and not self._file.near(source.archive).is_dir():
                parse_archive(source.archive)
        if not source.sample:
            for key in ("by", "one_per"):
                if getattr(source, key) is not None:
                    self._add((*at, key), "needs sample = N")
        self._ids((*at, "ids"), source.ids)
        if source.challenge:
            with self._at(*at, "challenge"):
                challenge_files(source.challenge)
            if source.ids:
                self._add((*at, "challenge"), "does not go with ids: both name the images")

    def _ids(self, key: KeyPath, ids: str | tuple[str, ...]) -> None:
        with self._at(*key):
            found = ids_of(self._file, ids)
            if ids and not found:
                self._add(key, "holds no ISIC id")

    def rules(self) -> None:
        """Check the exclusions."""
        for number, rule in enumerate(self._recipe.exclude):
            given = [name for name in CONDITIONS if getattr(rule, name)]
            if len(given) != 1:
                said = f"has {' and '.join(given)}: make a rule of each"
                said = said if given else f"has no condition: one of {', '.join(CONDITIONS)}"
                self._add(("exclude", number), said)
            self._rule(("exclude", number), rule)

    def _rule(self, at: KeyPath, rule: ExcludeTable) -> None:
        with self._at(*at, "search"):
            parse(rule.search)
        self._ids((*at, "ids"), rule.ids)
        with self._at(*at, "quality"):
            if rule.quality:
                from isic_cli.services.dataset.audit_pictures import quality_measures

                quality_measures()
        if not rule.quality and "score" in rule.model_fields_set:
            self._add((*at, "score"), "needs quality")
        for number, name in enumerate(rule.missing):
            near = difflib.get_close_matches(name, _FIELDS, n=1) if name not in _FIELDS else []
            if near:
                hint = f"did you mean {near[0]}?"
                self._add((*at, "missing", number), f"{name} is not a field of the archive", hint)

    def stages(self) -> None:
        """Check duplicates, labels and split, and that they do not contradict each other."""
        recipe = self._recipe
        if recipe.dedupe is not None:
            from isic_cli.curation.duplicates import parse_method

            with self._at("dedupe", "method"):
                parse_method(recipe.dedupe.method)
            if recipe.dedupe.action == "group" and recipe.split is None:
                self._add(("dedupe", "action"), "group has no effect without [split]")
        if recipe.labels is not None:
            self._labels(recipe.labels)
        if recipe.split is not None:
            self._split(recipe.split)

    def _labels(self, labels: LabelsTable) -> None:
        if not (labels.scheme or labels.table or labels.column):
            self._add(("labels",), "needs scheme, column or table")
        for name in ("table", "column"):
            if labels.scheme and getattr(labels, name):
                self._add(("labels", name), "does not go with scheme: give one of them")
        if labels.scheme:
            with self._at("labels", "scheme"):
                scheme = label_scheme(scheme_name(self._file, labels.scheme))
                for at, label in enumerate(labels.only):
                    if label not in scheme.labels:
                        hint = f"it has {', '.join(scheme.labels)}"
                        self._add(("labels", "only", at), f"{label} is not a label of it", hint)
        if labels.table:
            with self._at("labels", "table"):
                labels_in(self._file.near(labels.table), labels.column)

    def _split(self, split: SplitTable) -> None:
        if bool(split.ratio) == bool(split.folds):
            self._add(("split",), "needs either ratio or folds", 'such as ratio = "70:10:20"')
        with self._at("split", "ratio"):
            if split.ratio:
                parse_ratio(split.ratio)
        with self._at("split", "folds"):
            if split.folds:
                folds(split.folds)
        if split.stratify == "label" and self._recipe.labels is None:
            self._add(("split", "stratify"), "label needs [labels]")
        for number, text in enumerate(split.hold_out):
            name, equals, value = text.partition("=")
            if not (name and equals and value):
                hint = "a field and a value: attribution=ViDIR"
                self._add(("split", "hold_out", number), f"{text!r} is not field=value", hint)
        with self._at("split", "previous"):
            if split.previous:
                from isic_cli.services.dataset.split import read_splits

                read_splits(self._file.near(split.previous), "split")

    def exports(self) -> None:
        """Check what is written."""
        names: set[str] = set()
        for number, export in enumerate(self._recipe.export):
            name = export.name or export.to
            if name in names:
                self._add(("export", number), f"is the second export called {name}", "give a name")
            if name in TAKEN or name.startswith(".") or name != Path(name).name:
                self._add(("export", number, "name"), f"{name} is not a name for an export")
            names.add(name)
            if export.to == "imagefolder" and self._recipe.labels is None:
                self._add(("export", number, "to"), "imagefolder needs [labels]: they are folders")
                continue
            before = len(self._faults)
            for key, parse_text in (("size", TargetSize.parse), ("encode", Encoding.parse)):
                with self._at("export", number, key):
                    if text := getattr(export, key):
                        parse_text(text)
            with self._at("export", number):
                if len(self._faults) == before:
                    export_options(export, Path(), Path(), is_labelled=True, is_split=False)
