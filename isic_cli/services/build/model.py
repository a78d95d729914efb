"""The recipe of a data set: the tables and keys that it may have, and what each means."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from isic_cli.services.export.options import Kind, Link, With

#: Of the format of recipes; a reader refuses a newer one.
VERSION = 1

#: What an image may have in common with a reference.
Shared = Literal["id", "lesion", "patient"]
SHARED: tuple[Shared, ...] = get_args(Shared)

#: What `dataset audit` measures of a picture.
Quality = Literal["blur", "dark", "bright", "empty", "odd_shape", "tiny", "border", "no_skin"]

Positive = Annotated[int, Field(ge=1, le=2**31 - 1)]


class _RecipeTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SourceTable(_RecipeTable):
    """Which images, as the selection options say it: different keys intersect."""

    archive: str = Field("", description="prod, sandbox, demo, a URL or a folder. [--archive]")
    search: str = Field("", description="In the archive's search language.")
    collections: tuple[str | int, ...] = Field(
        (), description="Numbers, names or DOIs: images in any of them."
    )
    challenge: str = Field(
        "", description="Images of a challenge's tables, such as 2019::training; they are fetched."
    )
    ids: str | tuple[str, ...] = Field(
        (), description="ISIC ids, or a file of them: lines, a table, a lock or report of isic."
    )
    license: Literal["cc-0", "cc-by", "cc-by-nc"] | None = Field(
        None, description="At most this restrictive."
    )
    where: str = Field(
        "", description="SQL that must hold too; asks the index (isic cache refresh)."
    )
    limit: int = Field(0, ge=0, description="The first so many; 0 for all.")
    sample: int = Field(0, ge=0, description="Draw so many images; 0 for no sample.")
    by: str | None = Field(None, description="Balance the sample over this field's values.")
    one_per: Literal["lesion", "patient"] | None = Field(
        None, description="At most one image of each in the sample."
    )
    seed: int = Field(0, description="Another seed, another sample.")


class ReferenceTable(SourceTable):
    """A data set that this one must have nothing in common with; it is selected as a source is."""

    share: tuple[Shared, ...] = Field(
        SHARED, description="Leave out images that have one of these in common with it."
    )
    pictures: bool = Field(
        default=True, description="Fetch its pictures too, and leave out near-duplicates of them."
    )


class ExcludeTable(_RecipeTable):
    """Leave out images for one reason; each has exactly one of the conditions."""

    reason: str = Field("", description="As the flow diagram says it; by default the condition.")
    search: str = Field("", description="Images that match this search.")
    missing: tuple[str, ...] = Field((), description="Images without a value in one of these.")
    smaller_than: int = Field(
        0, ge=0, description="Images whose shorter side has fewer pixels, or is not known."
    )
    ids: str | tuple[str, ...] = Field((), description="These ISIC ids, or those of a file.")
    quality: tuple[Quality, ...] = Field(
        (),
        description="Images whose pictures stand out in one of these, as isic dataset audit says.",
    )
    score: float = Field(
        0.5, ge=0.4, lt=1, description="With quality: from which score of the audit on."
    )


class DedupeTable(_RecipeTable):
    """Find pictures that are there twice; of each group one stays."""

    method: str = Field(
        "id,bytes,pixels,phash", description="Tiers, surest first; phash:4 takes 4 of 64 bits."
    )
    keep: Literal["largest", "oldest", "most-metadata"] = Field(
        "largest", description="Which picture of a group stays."
    )
    action: Literal["drop", "group"] = Field(
        "drop", description="Leave the others out (drop), or keep all in one split (group)."
    )


class LabelsTable(_RecipeTable):
    """Give each image a label: by a scheme, a column, or a table; exactly one of them."""

    scheme: str = Field(
        "", description="isic2016 to isic2020, isic2024, ham10000, milk10k, or a CSV of rules."
    )
    column: str = Field("", description="A field of the metadata; of the table, the label's.")
    table: str = Field("", description="A table with ISIC ids and a column label.")
    unmapped: Literal["drop", "keep", "refuse"] = Field(
        "drop", description="Images without a label: leave them out, keep them, or stop (exit 7)."
    )
    only: tuple[str, ...] = Field((), description="Leave out images with any other label.")


class SplitTable(_RecipeTable):
    """Divide the images so that no patient, lesion or duplicate is in two splits."""

    ratio: str = Field("", description="70:10:20 for train, val and test, or 80:20.")
    folds: int = Field(0, ge=0, description="So many equal splits: fold1, fold2 and so on.")
    group: tuple[Literal["patient", "lesion", "rcm"], ...] = Field(
        (), description="What stays together; by default all that the metadata have."
    )
    stratify: str | None = Field(
        None, description="A field that each split has its share of; label where there is one."
    )
    hold_out: tuple[str, ...] = Field(
        (), description='Kept apart with their groups as the split holdout: "field=value".'
    )
    seed: int = Field(0, description="Another seed, another split.")
    stable: bool = Field(default=False, description="By hashes alone, at the price of balance.")
    keep: bool = Field(default=True, description="Images stay where the last build had them.")
    previous: str = Field("", description="An earlier split: a table with a column split.")
    tolerance: float | None = Field(
        None, gt=0, le=100, description="Points of percent by which a share may be missed."
    )


class ExportTable(_RecipeTable):
    """Write the data set for training code, into a folder of its own."""

    to: Kind = Field(description="The layout.")
    name: str = Field("", description="The folder; by default the name of the layout.")
    link: Link | None = Field(None, description="Copy by default.")
    size: str = Field("", description="512, 512x384, 512:crop or 512:pad; never enlarged.")
    encode: str = Field("", description="jpg, png or webp, with a quality: jpg:95.")
    along: tuple[With, ...] = Field((), description="Files that go along with the pictures.")
    per_shard: Positive = Field(1000, description="Images in each file of webdataset and zip.")
    prune_empty: bool = Field(
        default=False, description="No folders for classes without a picture."
    )


class DocumentTable(_RecipeTable):
    """What the documents say that no data tell."""

    title: str = Field("", description="By default the name.")
    description: str = Field("", description="What the data set is for.")
    authors: tuple[str, ...] = Field((), description="Who made it.")
    paper: bool = Field(default=True, description="Write the folder paper.")


class Recipe(_RecipeTable):
    """A data set as code."""

    recipe: Literal[1] = Field(description="The version of this format.")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = Field(
        description="Names the data set and the folder that it is built in."
    )
    source: dict[str, SourceTable] = Field(
        description="[source], or several as [source.NAME]: together they give the images."
    )
    reference: dict[str, ReferenceTable] = Field(
        default_factory=dict, description="[reference.NAME]: what it must share nothing with."
    )
    exclude: tuple[ExcludeTable, ...] = Field((), description="[[exclude]]: one for each reason.")
    dedupe: DedupeTable | None = Field(None, description="[dedupe]: leave out duplicates.")
    labels: LabelsTable | None = Field(None, description="[labels]: give each image a label.")
    split: SplitTable | None = Field(None, description="[split]: divide it.")
    export: tuple[ExportTable, ...] = Field((), description="[[export]], or [export].")
    document: DocumentTable = Field(
        default_factory=lambda: DocumentTable.model_validate({}), description="[document]"
    )


#: The tables of a recipe by their names.
TABLES: dict[str, type[BaseModel]] = {
    "source": SourceTable,
    "reference": ReferenceTable,
    "exclude": ExcludeTable,
    "dedupe": DedupeTable,
    "labels": LabelsTable,
    "split": SplitTable,
    "export": ExportTable,
    "document": DocumentTable,
}


def recipe_schema() -> dict[str, Any]:
    """Return the JSON schema of a recipe, as editors of TOML read it."""
    schema = Recipe.model_json_schema()
    for name, table in (("source", "SourceTable"), ("export", "ExportTable")):
        one = {"$ref": f"#/$defs/{table}"}
        several = schema["properties"][name]
        about = several.pop("description")
        schema["properties"][name] = {"description": about, "anyOf": [one, several]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
