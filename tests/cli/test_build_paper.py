"""The papers of builds on the demo: every number in them against a count of pandas."""

import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from isic_cli.cli.main import run
from tests.services.paper.pandas_counts import (
    FIELDS,
    classes_told,
    columns,
    expected,
    people_told,
)

pandas = pytest.importorskip("pandas")

# They build, and draw with matplotlib.
pytestmark = pytest.mark.slow

RECIPE = """
recipe = 1
name = "lesions"

[source]
archive = "demo"
search = "image_type:dermoscopic"
license = "cc-by"

[reference.studies]
archive = "demo"
collections = ["Collection of the demo studies"]

[[exclude]]
reason = "no sex"
missing = ["sex"]

[[exclude]]
reason = "on head & neck"
search = 'anatom_site_1:"Head and neck"'

[[exclude]]
smaller_than = 2

[dedupe]

[labels]
scheme = "isic2019"

[split]
ratio = "60:20:20"

[[export]]
to = "csv"
"""
BARE = """
recipe = 1
name = "bare"
[source]
archive = "demo"
search = "sex:female"
"""
SEVERAL = """
recipe = 1
name = "several"
[source.men]
archive = "demo"
search = "sex:male AND age_approx:[40 TO 60]"
[source.moles]
archive = "demo"
collections = ["Drawn nevi"]
[reference.theirs]
archive = "demo"
search = "sex:male AND age_approx:[50 TO 55]"
[[exclude]]
reason = "50 % & <b>skin</b> of $x_1$ #1 {a} ~ ^ ≥ III"
search = "fitzpatrick_skin_type:III"
[labels]
table = "labels.csv"
unmapped = "keep"
[split]
folds = 5
stable = true
[export]
to = "csv"
"""
HELD = """
recipe = 1
name = "held"
[source]
archive = "demo"
[dedupe]
action = "group"
[labels]
column = "diagnosis_1"
only = ["Benign"]
[split]
ratio = "80:20"
group = ["lesion"]
stratify = "sex"
hold_out = ["sex=male"]
[[export]]
to = "csv"
"""
COPIES = """
recipe = 1
name = "copies"
[source]
archive = "demo"
[reference.moles]
archive = "demo"
collections = ["Drawn nevi"]
share = []
[labels]
scheme = "isic2019"
"""


def of_recipe(whole: Any) -> list[Any]:
    free = whole.copyright_license.isin(["CC-0", "CC-BY"])
    return [whole[(whole.image_type == "dermoscopic") & free]]


def of_several(whole: Any) -> list[Any]:
    men = (whole.sex == "male") & whole.age_approx.between(40, 60)
    return [whole[men], whole[whole.diagnosis_3 == "Nevus"]]


@dataclass(frozen=True)
class PaperShape:
    """A recipe, and what it must give.

    Attributes
    ----------
    given : callable
        The images of each source, of the archive's table.
    splits, classes : tuple of str
        In order.
    tied : tuple of str
        Fields whose equal values stay in one split.
    """

    recipe: str
    given: Callable[[Any], list[Any]]
    splits: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    tied: tuple[str, ...] = ("patient_id", "lesion_id")


THREE = ("train", "val", "test")
NINE = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")
SHAPES = {
    "lesions": PaperShape(RECIPE, of_recipe, THREE, NINE),
    "bare": PaperShape(BARE, lambda whole: [whole[whole.sex == "female"]]),
    "several": PaperShape(
        SEVERAL, of_several, tuple(f"fold{at}" for at in range(1, 6)), ("a_b", "c & d%", "unmapped")
    ),
    "held": PaperShape(
        HELD, lambda whole: [whole], ("train", "test", "holdout"), ("Benign",), ("lesion_id",)
    ),
    "copies": PaperShape(COPIES, lambda whole: [whole], (), NINE),
}


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> PaperShape:
    return SHAPES[request.param]


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory, demo: Path, demo_cache: Path) -> Path:
    """A folder with the builds of all recipes."""
    folder = tmp_path_factory.mktemp("papers")
    ids = pandas.read_csv(demo / "metadata.csv").isic_id
    rows = [f"{one},{('a_b', 'c & d%')[at % 2]}" for at, one in enumerate(ids) if at % 3]
    (folder / "labels.csv").write_text("\n".join(["isic_id,label", *rows]))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("ISIC_CACHE_DIR", str(demo_cache))
        for name, shape in SHAPES.items():
            (folder / f"{name}.toml").write_text(shape.recipe)
            assert run(["dataset", "build", f"{name}.toml"]) == 0
    return folder


@pytest.fixture
def paper(shape: PaperShape, papers: Path) -> Path:
    """The folder of the build of a recipe."""
    return papers / next(name for name, one in SHAPES.items() if one is shape)


class Counted:
    """The images of the demo that the recipe selects, counted from the archive's own table."""

    def __init__(self, build: Path, demo: Path, shape: PaperShape) -> None:
        whole = pandas.read_csv(demo / "metadata.csv")
        self.shape = shape
        self.sources = shape.given(whole)
        self.given = pandas.concat(self.sources).drop_duplicates("isic_id")
        self.out = pandas.read_csv(build / "excluded.csv")
        self.there = pandas.read_csv(build / "dataset.csv", keep_default_na=True)

    def after(self, *stages: str) -> Any:
        gone = self.out[self.out.stage.isin(stages)].isic_id
        return self.given[~self.given.isic_id.isin(gone)]

    def reasons(self, stage: str) -> dict[str, int]:
        counts = self.out[self.out.stage == stage].reason.value_counts()
        return {str(reason): int(count) for reason, count in counts.items()}


@pytest.fixture
def counted(paper: Path, demo: Path, shape: PaperShape) -> Counted:
    return Counted(paper, demo, shape)


def triple(of: Any) -> tuple[int, int, int]:
    return len(of), of.lesion_id.nunique(), of.patient_id.nunique()


def read(paper: Path, name: str) -> str:
    return (paper / "paper" / name).read_text("utf-8").replace("\\", "")


def test_the_tables_of_the_build_are_what_the_archive_gave(counted: Counted) -> None:
    assert len(counted.given) == len(counted.out) + len(counted.there) > 25
    left = counted.after("exclude", "dedupe", "labels")
    assert sorted(left.isic_id) == sorted(counted.there.isic_id)


def test_every_cell_of_table_1_is_counted_from_the_data_set(paper: Path, counted: Counted) -> None:
    rows = list(csv.DictReader(io.StringIO(read(paper, "table1.csv"))))
    groups = dict(columns(counted.there, counted.shape.splits, counted.shape.classes))
    assert len(rows) > 25
    for row in rows:
        for name, of in groups.items():
            want = expected(of, row["variable"], row["value"])
            assert row[name] == want, (row["variable"], row["value"], name)


#: What a stage left out, and what then remains.
STAGES = {
    "exclude": ("Excluded", "After exclusions"),
    "dedupe": ("Duplicates left out", "After removal of duplicates"),
    "labels": ("Left out for their label", ""),
}


def flow_numbers(counted: Counted) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The lines of flow.md and their numbers."""
    title, total = "Given by the sources", sum(map(len, counted.sources))
    if again := total - len(counted.given):
        yield title, (total,)
        yield "– Given again: given by an earlier source", (again,)
        title = "Different images"
    done: list[str] = []
    for stage, (lost, after) in STAGES.items():
        if reasons := counted.reasons(stage):
            yield title, triple(counted.after(*done))
            yield from ((f"– {lost}: {reason}", (count,)) for reason, count in reasons.items())
            title = after
        done.append(stage)
    yield "Data set", triple(counted.there)
    for name in counted.shape.splits:
        yield name, triple(counted.there[counted.there.split == name])


def test_every_number_of_the_flow_is_counted_from_the_tables(paper: Path, counted: Counted) -> None:
    lines = [line.strip("| ").split(" | ") for line in read(paper, "flow.md").splitlines()]
    found = {
        line[0]: tuple(int(cell.replace(",", "")) for cell in line[1:] if cell.strip(" |"))
        for line in lines
        if len(line) > 1 and re.search(r"\d", line[1])
    }
    wanted = dict(flow_numbers(counted))
    assert found == wanted
    texts = " ".join(
        html.unescape(text)
        for text in re.findall(r"<text[^>]*>([^<]*)</text>", (paper / "paper/flow.svg").read_text())
    )
    texts = " ".join(texts.split())
    for title, numbers in wanted.items():
        if title.startswith("–"):
            assert f"{title.partition(': ')[2]} ({numbers[0]})" in texts
        else:
            things = zip(numbers, ("image", "lesion", "patient"), strict=False)
            images, *ids = (f"{count} {thing}{'s' * (count != 1)}" for count, thing in things)
            assert " ".join([title, images, ", ".join(ids)]).strip() in texts


def sentences(paper: Path, counted: Counted) -> Iterator[str]:
    """What methods.md says in numbers."""
    if counted.sources[1:]:
        yield from (f": {len(one)} images from the isic demo archive" for one in counted.sources)
        again = sum(map(len, counted.sources)) - len(counted.given)
        yield f"{again} image{'s' * (again != 1)} that an earlier source had given"
        yield f"which left {len(counted.given)}."
    else:
        yield f", {len(counted.given)} images were selected"
    for stage in STAGES:
        for reason, count in counted.reasons(stage).items():
            yield f"{count} image{'s' * (count != 1)} ({reason})"
    there = counted.there
    images, lesions, patients = triple(there)
    yield f"Of {len(counted.given)} images, {images} ({lesions} lesions, {patients} patients) were"
    for label in counted.shape.classes:
        if count := (there.label == label).sum():
            yield f"{label} ({count})"
    for way, count in there.diagnosis_confirm_type.value_counts().items():
        yield f"{way} for {count} of {images} images ({100 * count / images:.1f} %)"
    for name in counted.shape.splits:
        yield f"{name} ({(there.split == name).sum()})"
    copies = duplicates(paper)
    for is_shared, said in ((True, "had a picture of a reference"), (False, "were found")):
        if found := [one for one in copies if bool(one["reference"]) == is_shared]:
            ours = sum(len(one["isic_ids"]) for one in found)
            yield f"{len(found)} groups with {ours} images {said}"
    if counted.shape.splits:
        yield f"({groups_of(there, counted.shape.tied, copies)} groups)"
    if "csv" in counted.shape.recipe.partition("[export]")[2]:
        yield f"{images} pictures were written"


def duplicates(paper: Path) -> list[dict[str, Any]]:
    """The groups of duplicates that the build found."""
    path = paper / ".isic/build/groups.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def groups_of(there: Any, tied: tuple[str, ...], copies: list[dict[str, Any]]) -> int:
    """Images that share an id or are duplicates, directly or by way of others."""
    copied = {one: ("copy", at) for at, group in enumerate(copies) for one in group["isic_ids"]}
    left: dict[str, set[tuple[str, Any]]] = {}
    for row in there.to_dict("records"):
        ids = {(name, row[name]) for name in tied if not pandas.isna(row[name])}
        alone = copied.get(row["isic_id"], ("self", row["isic_id"]))
        left[row["isic_id"]] = ids | {alone}
    count = 0
    while left:
        ids = left.pop(next(iter(left)))
        while joined := [one for one, own in left.items() if own & ids]:
            for one in joined:
                ids |= left.pop(one)
        count += 1
    return count


def test_every_number_of_the_methods_is_counted(paper: Path, counted: Counted) -> None:
    text = read(paper, "methods.md")
    for sentence in sentences(paper, counted):
        assert sentence in text, sentence
        text = text.replace(sentence, "", 1)
    # What is left is no count: the day, the reference, what the recipe asked for, hashes.
    text = re.sub(r"`[^`]*`|\(\d+ images of the isic demo archive \([^)]*\)[^)]*\)", "", text)
    text = re.sub(r"On \d+ \w+ \d{4}|at most 10 of 64 bits|\d\d:\d\d(:\d\d)?|ISIC 2019", "", text)
    text = re.sub(r"version 1\)|seed was 0\.|isic-toolkit \S+|SHA-256|from 2 sources", "", text)
    text = text.replace("criterion smaller than 2 px", "")
    assert re.findall(r"\S*\d\S*", text) == []


def test_every_reference_is_told_with_its_images(paper: Path, counted: Counted, demo: Path) -> None:
    whole = pandas.read_csv(demo / "metadata.csv")
    men = ((whole.sex == "male") & whole.age_approx.between(50, 55)).sum()
    collections = json.loads((demo / "collections.json").read_text())
    of = {one["name"]: len(one.get("isic_ids", ())) for one in collections}
    of["Drawn nevi"] = (whole.diagnosis_3 == "Nevus").sum()  # a collection by a query
    wanted = {
        "studies": of["Collection of the demo studies"],
        "theirs": men,
        "moles": of["Drawn nevi"],
    }
    text = read(paper, "methods.md")
    found = dict(re.findall(r"kept apart from `(\w+)` \((\d+) images", text))
    names = re.findall(r"\[reference\.(\w+)\]", counted.shape.recipe)
    assert found == {name: str(wanted[name]) for name in names}


def test_every_number_of_the_limitations_is_counted(paper: Path, counted: Counted) -> None:
    there = counted.there
    found = read(paper, "limitations.md").partition("\nWhat was looked for")[0]
    left = found
    told = [*people_told(there), *classes_told(there, counted.shape.splits, counted.shape.classes)]
    for sentence in told:
        assert sentence in left, sentence
        left = left.replace(sentence, "", 1)
    apart = re.search(r"\* Splits differ in .*", left)
    if apart is not None:  # the differences of Table 1, which another test compares
        left = left.replace(apart[0], "")
        table = read(paper, "table1.md").partition("Characteristics by split.")[0]
        far = [row.strip(" |").split(" | ")[-1] for row in table.splitlines()]
        known = [float(one) for one in far if re.fullmatch(r"\d\.\d{3}", one)]
        differences = re.findall(r"\(([\d.]+),", apart[0])
        assert differences
        for one in differences:  # rounded to fewer digits
            assert min(abs(float(one) - number) for number in known) < 0.0056, one
    assert re.findall(r"\S*\d\S*", left) == []
    for label, of in there.groupby("label") if counted.shape.classes else ():
        alone = f"All images of {label} have one contributor, {of.attribution.iloc[0]}:"
        assert (alone in found) == (of.attribution.nunique() == 1)


#: A count with its thing, as a sentence has it.
_COUNT = re.compile(r"[\d,]+ (?:of [\d,]+ )?(?:image|lesion|patient|group|picture)s?\b")


def test_the_other_documents_count_nothing_else(paper: Path, counted: Counted) -> None:
    shape = counted.shape
    known = set(_COUNT.findall(read(paper, "methods.md") + read(paper, "limitations.md")))
    there = counted.there
    by_split = [there[there.split == name] for name in shape.splits]
    for of in (counted.given, there, *by_split):
        for count, thing in zip(triple(of), ("image", "lesion", "patient"), strict=True):
            known |= {f"{count} {thing}s", f"{count} {thing}"}
    columns = ("attribution", "copyright_license", "image_type", "label")
    for column in columns if shape.classes else columns[:-1]:
        for count in there[column].value_counts():
            known |= {f"{count} images", f"{count} image", f"{count} of {len(there)} images"}
    known |= {f"0 of {len(there)} images", "0 groups"}
    gaps = (
        there[column].isna().sum() for column in ("age_approx", *FIELDS.values()) if column in there
    )
    known |= {f"{count} of {len(there)} images" for count in gaps}
    known |= {f"{sum(not one['reference'] for one in duplicates(paper))} groups"}
    for name in ("checklist.md", "datasheet.md", "dataset-card.md", "croissant.json"):
        assert set(_COUNT.findall(read(paper, name))) <= known, name
    card = read(paper, "dataset-card.md")
    for name, of in zip(shape.splits, by_split, strict=True):
        cells = [
            len(of),
            of.patient_id.nunique(),
            *((of.label == label).sum() for label in shape.classes),
        ]
        assert f"| {name} | {' | '.join(map(str, cells))} |" in card


only_lesions = pytest.mark.parametrize("shape", [SHAPES["lesions"]], ids=["lesions"])


@only_lesions
def test_a_build_is_checked_for_leaks_by_its_own_table(
    paper: Path, counted: Counted, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What it left out, its references and its exports are no part of it."""
    out = counted.out[counted.out.stage == "labels"].isic_id.tolist()
    (tmp_path / "out.txt").write_text("\n".join(out))
    assert (paper / "pictures" / f"{out[0]}.jpg").is_file()
    assert run(["dataset", "check-leak", str(paper), str(tmp_path / "out.txt"), "-q"]) in {0, 7}
    said = capfd.readouterr()
    assert not set(out) & set(said.out.split())
    there = len(counted.there)
    assert f"lesions: {there:,} ids, {there:,} pictures;" in said.err
    (tmp_path / "in.txt").write_text(counted.there.isic_id.iloc[0])
    assert run(["dataset", "check-leak", str(paper), str(tmp_path / "in.txt"), "-q"]) == 7
    assert capfd.readouterr().out.split()[0] == counted.there.isic_id.iloc[0]


@only_lesions
def test_a_title_of_its_own_changes_the_paper_alone(
    paper: Path,
    demo_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(paper.parent)
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    before = (paper / "build.lock").read_bytes()
    Path("lesions.toml").write_text(RECIPE + '\n[document]\ntitle = "Moles & more"\n')
    assert run(["dataset", "build", "lesions.toml", "--dry-run"]) == 0
    assert run(["dataset", "build", "lesions.toml"]) == 0
    assert "# Moles & more" in read(paper, "dataset-card.md")
    Path("lesions.toml").write_text(RECIPE)
    assert run(["dataset", "build", "lesions.toml"]) == 0
    assert "# lesions" in read(paper, "dataset-card.md")
    assert (paper / "build.lock").read_bytes() == before
    assert "Traceback" not in capfd.readouterr().err
