"""What a person chooses of a recipe, before there is one; loads nothing that reads recipes."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class RecipeChoice:
    """What `isic dataset init` asks for; None, `()` and False leave a table out."""

    name: str | None = None
    search: str | None = None
    collections: tuple[str, ...] = ()
    from_file: str | None = None
    license: str | None = None
    dedupe: bool = False
    label: str | None = None
    ratio: str | None = None
    kind: str | None = None

    @property
    def is_silent(self) -> bool:
        """Whether nothing was chosen."""
        return not any(getattr(self, one.name) for one in fields(self))

    def tables(self, path: Path, archive: str | None) -> dict[str, Any]:
        """Return the recipe's tables; a data set without a name has that of the file."""
        return {
            "recipe": 1,
            "name": self.name or path.stem,
            "source": {
                "archive": archive,
                "search": self.search,
                "collections": self.collections,
                "ids": self.from_file,
                "license": self.license,
            },
            "dedupe": {} if self.dedupe else None,
            "labels": {"scheme": self.label} if self.label else None,
            "split": {"ratio": self.ratio} if self.ratio else None,
            "export": {"to": self.kind} if self.kind else None,
        }
