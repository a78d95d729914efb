"""The published truth of a challenge as labels, named `challenge:2019`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from isic_cli.challenge.tasks import TASKS, ChallengeTask, find_task
from isic_cli.curation.labels.scheme import UNMAPPED, Decision, Scheme
from isic_cli.errors import UsageError
from isic_cli.tables.names import is_missing

#: What the name of such labels begins with.
TRUTH = "challenge:"
#: The column of an unpacked challenge folder that holds the class.
_CLASS = "challenge_class"
#: Both names of a class of a task with one class, by what tables call them.
_SIDES = {"0": "benign", "0.0": "benign", "1": "malignant", "1.0": "malignant"}
#: The label of a row without any of the classes of 2017.
_NEITHER = "neither"


@dataclass(frozen=True)
class TruthLabels(Scheme):
    """The class that a task published of each image, whatever the archive says today.

    Attributes
    ----------
    task : ChallengeTask
    """

    task: ChallengeTask

    @classmethod
    def named(cls, name: str) -> "TruthLabels":
        """Return the labels of `challenge:YEAR[:TASK]`.

        Raises
        ------
        NotFoundError
            An unknown year or task.
        UsageError
            A task without classes.
        """
        task = find_task(name.removeprefix(TRUTH))
        if task.kind != "classification":
            known = ", ".join(one.id for one in TASKS if one.kind == "classification")
            raise UsageError(f"{task.id} has {task.kind} and no classes", hint=f"One of {known}.")
        labels = task.classes
        if len(labels) == 1:
            labels = ("benign", "malignant")
        elif task.metric == "mean_auc":
            labels = (*labels, _NEITHER)
        return cls(f"{TRUTH}{task.id}", task.title, "1", labels, {}, task)

    @property
    def _reads(self) -> frozenset[str]:
        sides = {"target", "label", "benign_malignant"} if len(self.task.classes) == 1 else ()
        return frozenset((_CLASS, *self.task.classes, *sides))

    def telling(self, columns: Iterable[str], *, name: str) -> tuple[str, ...]:
        """Return the columns that tell the class.

        Raises
        ------
        UsageError
            There is none.
        """
        found = tuple(column for column in columns if column in self._reads)
        is_whole = len(self.task.classes) == 1 or {*self.task.classes} <= {*found}
        if not found or (_CLASS not in found and not is_whole):
            raise UsageError(
                f"{name} has no truth of {self.task.id}",
                hint=f"Fetch it: isic challenge download {self.task.id} FOLDER --only truth.",
            )
        return found

    def explain(self, row: Mapping[str, Any]) -> Decision:
        """Return the class that a row has in the truth."""
        said = str(row.get(_CLASS) or "") or self._class_of(row)
        if said in self.labels:
            return Decision(said, f"published: {said} of {self.task.id}", None)
        what = f"no class {said} in" if said else "not in the truth of"
        return Decision(UNMAPPED, f"{what} {self.task.id}", None)

    def _class_of(self, row: Mapping[str, Any]) -> str:
        """Return the class by the columns of a truth; `""` where they do not tell."""
        classes = self.task.classes
        if len(classes) == 1:
            for name in (*classes, "benign_malignant", "target", "label"):
                if not is_missing(row.get(name)):
                    said = str(row[name]).strip().lower()
                    return _SIDES.get(said, said)
            return ""
        cells = [str(row.get(name, "")).strip() for name in classes]
        if any(one not in _SIDES for one in cells):
            return ""
        chosen = [at for at, one in enumerate(cells) if _SIDES[one] == "malignant"]
        if len(chosen) == 1:
            return classes[chosen[0]]
        return _NEITHER if _NEITHER in self.labels and not chosen else ""
