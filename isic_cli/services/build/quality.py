"""Leave out pictures that stand out of the others, by the measures of an audit."""

from collections.abc import Iterator

from isic_cli.errors import PartialError
from isic_cli.services.build.decide import reason_of
from isic_cli.services.build.recipe import RecipeFile
from isic_cli.services.build.state import PICTURES, BuildState, read_rows
from isic_cli.services.dataset.audit import Audit, AuditOptions
from isic_cli.services.dataset.audit_scores import quality_scores
from isic_cli.services.run.workers import Workers


def own_pictures(state: BuildState) -> list[str]:
    """Return the paths of the build's pictures, without those of references."""
    folder = f"{state.out / PICTURES}"
    rows = read_rows(state.path("pictures.jsonl"))
    return [f"{folder}/{row['path']}" for row in rows if "reference" not in row]


def poor_pictures(
    file: RecipeFile, state: BuildState, workers: Workers, leave: dict[str, str]
) -> Iterator[int]:
    """Measure the pictures and yield 1 for each; then note in `leave` who leaves, and why.

    The first rule that fits an image is its reason.

    Raises
    ------
    PartialError
        A picture cannot be read.
    """
    audit = Audit(state.out / PICTURES, AuditOptions())
    pictures = []
    for one in audit.measured(own_pictures(state), workers):
        pictures.append(one)
        yield 1
    if audit.problems:
        raise PartialError(f"{len(audit.problems):,} pictures cannot be read", hint="Run again.")
    scores = dict(quality_scores(pictures))
    reasons: dict[str, str] = {}
    for rule in file.recipe.exclude:
        found = (image for kind in rule.quality for image in scores[kind])
        for image in found:
            if image.score >= rule.score:
                reasons.setdefault(image.isic_id, reason_of(rule))
    leave.update(sorted(reasons.items()))
