"""A data set from one file, from Python: the recipe, and what was built of it."""

import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from isic_cli.errors import UsageError
from isic_cli.python import html
from isic_cli.python.dataset import Dataset
from isic_cli.python.table import ResultTable
from isic_cli.python.warned import IsicWarning

if TYPE_CHECKING:
    from isic_cli.services.build.build import Build
    from isic_cli.services.build.listing import SettingsOf


@dataclass(frozen=True, repr=False)
class BuildResult:
    """What a build made.

    Attributes
    ----------
    folder : Path
        Has `dataset.csv`, `excluded.csv`, `build.lock`, the pictures and the exports.
    stages : ResultTable
        What was done in each stage; `kept` for one that was as it should be.
    images : ResultTable
        What became of each image of the sources: `ok` or `removed`, why, its label and split.
        Empty after a build that stopped before its tables.
    """

    folder: Path
    stages: ResultTable = field(hash=False)
    images: ResultTable = field(hash=False)

    @property
    def dataset(self) -> Dataset:
        """The data set: the table of the images that are in it."""
        return Dataset.open(self.folder / "dataset.csv")

    def __repr__(self) -> str:
        """Return one line."""
        taken = sum(row["status"] == "ok" for row in self.images)
        left_out = len(self.images) - taken
        return f"<BuildResult {self.folder}: {taken:,} images, {left_out:,} left out>"

    def _repr_html_(self) -> str:
        return f"<p>{html.text(repr(self))}</p>{self.stages._repr_html_()}"


class DatasetRecipe:
    """A file that says how a data set is made. Open it with `DatasetRecipe.open`.

    Attributes
    ----------
    path : Path
        The file.

    Examples
    --------
    >>> from isic_cli import DatasetRecipe
    >>> query = "diagnosis_3:Nevus AND age_approx:[* TO 40]"
    >>> recipe = DatasetRecipe.new("young.toml", archive="demo", search=query, ratio="70:30")
    >>> recipe.build()
    <BuildResult young: 16 images, 0 left out>
    >>> [row["why"] for row in recipe.plan()][:2]
    ['', '']
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a recipe; raises `NotFoundError` where there is none. Mistakes: see `faults`."""
        from isic_cli.services.build.recipe import recipe_in

        recipe_in(Path(path))
        return cls(Path(path))

    @classmethod
    def new(
        cls,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        archive: str | os.PathLike[str] | None = None,
        search: str | None = None,
        collections: Iterable[int | str] = (),
        ids: str | os.PathLike[str] | None = None,
        license: str | None = None,  # noqa: A002 - the option's name
        dedupe: bool = False,
        label: str | None = None,
        ratio: str | None = None,
        to: str | None = None,
    ) -> Self:
        """Write a recipe, as `isic dataset init` does; `explained` has all that one may say.

        Parameters
        ----------
        path : path
            The file to write.
        name : str, optional
            Of the data set and its folder; by default that of the file.
        archive, search, collections, ids, license
            Which images; `ids` is a file of ISIC ids.
        dedupe : bool
            Leave out duplicates.
        label : str, optional
            A challenge such as `isic2019`, or a file of rules.
        ratio : str, optional
            Split it, such as `70:10:20`.
        to : str, optional
            Export it, such as `imagefolder`.

        Raises
        ------
        UsageError
            The file is there already, or `RecipeError` with each mistake.
        """
        from isic_cli.services.build.choice import RecipeChoice
        from isic_cli.services.build.write import choice_text, write_recipe

        if isinstance(collections, str | int):
            raise UsageError("collections is a list: write collections=[…]")
        chosen = RecipeChoice(
            name,
            search,
            tuple(map(str, collections)),
            None if ids is None else os.fspath(ids),
            license,
            dedupe,
            label,
            ratio,
            to,
        )
        source = None if archive is None else os.fspath(archive)
        write_recipe(Path(path), choice_text(chosen, Path(path), source))
        return cls(Path(path))

    @staticmethod
    def explained() -> str:
        """Return a recipe with every table and key, what it means, and its default."""
        from isic_cli.services.build.write import explained_recipe

        return explained_recipe()

    @staticmethod
    def schema() -> dict[str, Any]:
        """Return the JSON schema of recipes, for editors."""
        from isic_cli.services.build.model import recipe_schema

        return recipe_schema()

    @property
    def text(self) -> str:
        """What the file says."""
        from isic_cli.services.build.recipe import recipe_in

        return recipe_in(self.path)

    def faults(self) -> ResultTable:
        """Find every mistake, each with its line and column; no row for a good recipe."""
        from dataclasses import asdict

        from isic_cli.services.build.check import checked_recipe
        from isic_cli.services.build.recipe import RecipeError

        found: tuple[Any, ...] = ()
        try:
            checked_recipe(self.path)
        except RecipeError as error:
            found = error.faults
        columns = ("line", "column", "key", "message", "hint")
        return ResultTable.of(f"mistakes of {self.path}", map(asdict, found), columns)

    def plan(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        update: bool = False,
        stage: str = "",
        archive: str | None = None,
    ) -> ResultTable:
        """Return why each stage would be done; `""` for one that is as it should be.

        The parameters are those of `build`; nothing is touched.
        """
        from isic_cli.services.build.build import Build
        from isic_cli.services.build.check import checked_recipe
        from isic_cli.services.build.events import BuildOptions

        file = checked_recipe(self.path)
        out, options = Path(folder or file.recipe.name), BuildOptions(update, until=stage)
        job = Build(file, out, _settings_of(archive), options)
        rows = ({"stage": name, "why": why} for name, why in job.plan())
        return ResultTable.of(f"plan of {self.path}", rows, ("stage", "why"))

    def build(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        update: bool = False,
        locked: bool | str | os.PathLike[str] = False,
        stage: str = "",
        archive: str | None = None,
        jobs: int | None = None,
        wait: float = 0.0,
    ) -> BuildResult:
        """Build the data set; only what changed is done again.

        Parameters
        ----------
        folder : path, optional
            By default the folder of its name.
        update : bool
            Ask the archive anew.
        locked : bool or path
            Build exactly what `build.lock` of the folder says, or this lock.
        stage : str
            Stop after this stage.
        archive : str, optional
            Of the sources that name none.
        jobs : int, optional
            Threads side by side.
        wait : float
            Seconds to wait for another build of the folder.

        Raises
        ------
        UsageError
            `RecipeError` with each mistake; or the sources select nothing.
        CheckError
            With a lock: the archive gives something else.
        PartialError
            Pictures could not be had.
        LockedError
            Another build has the folder.
        """
        from isic_cli.services.build.build import Build, held
        from isic_cli.services.build.check import checked_recipe
        from isic_cli.services.build.events import BuildOptions
        from isic_cli.services.build.lock import LOCK, BuildLock
        from isic_cli.services.run.workers import ExecutorSpec

        if locked and update:
            raise UsageError("locked and update contradict each other")
        file = checked_recipe(self.path)
        out = Path(folder or file.recipe.name)
        path = out / LOCK if locked is True else locked
        lock = BuildLock.open(Path(path)) if path else None
        options = BuildOptions(update, lock, stage, ExecutorSpec(jobs=jobs or 2))
        with held(out, wait):
            job = Build(file, out, _settings_of(archive), options)
            stages = list(_stages(job))
            fates = [one.line() for one in job.fates()] if job.is_whole else []
        columns = ("isic_id", "status", "reason", "stage", "label", "split")
        return BuildResult(
            out,
            ResultTable.of(f"stages of {self.path}", stages, ("stage", "status", "summary")),
            ResultTable.of(f"images of {self.path}", fates, columns),
        )

    def __repr__(self) -> str:
        """Return one line."""
        return f"<DatasetRecipe {self.path}>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.text(self.text)}</pre>"


def _settings_of(archive: str | None) -> "SettingsOf":
    from isic_cli.settings import resolve

    return lambda name: resolve(archive=name or archive)


def _stages(job: "Build") -> Iterator[dict[str, str]]:
    """Run a build; yield what came of each stage, and warn of what it tells."""
    from isic_cli.services.build import events

    for event in job.run():
        match event:
            case events.StageKept():
                yield {"stage": event.stage, "status": "kept", "summary": ""}
            case events.StageEnded():
                yield {"stage": event.stage, "status": "built", "summary": event.summary}
            case events.BuildWarned():
                warnings.warn(event.text, IsicWarning, stacklevel=4)
