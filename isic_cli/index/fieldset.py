"""Which metadata fields a selection has."""

from isic_cli.index.condition import Condition
from isic_cli.index.index import Index


def set_fields(index: Index, condition: Condition) -> list[str]:
    """Return the metadata fields that some image has, those unknown to the index included."""
    counts = index.present(condition)
    others = counts.pop("other")
    names = {name for name, count in counts.items() if count}
    if others:
        for group in ("acquisition", "clinical"):
            found = index.table(
                f"SELECT DISTINCT unnest(json_keys(other, '$.{group}')) AS name"
                f" FROM images WHERE other IS NOT NULL AND ({condition.sql})",
                condition,
            )
            names |= {row["name"] for row in found}
    return sorted(names)
