"""The paper of a build on the demo: every number in it against a count of pandas."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from isic_cli.cli.main import run
from tests.services.paper.pandas_counts import columns, expected

pandas = pytest.importorskip("pandas")

pytestmark = pytest.mark.slow  # builds, and draws with matplotlib

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

[dedupe]

[labels]
scheme = "isic2019"

[split]
ratio = "60:20:20"

[[export]]
to = "csv"
"""
SPLITS = ("train", "val", "test")
CLASSES = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory, demo_cache: Path) -> Path:
    """The folder of the build, made once."""
    folder = tmp_path_factory.mktemp("paper")
    (folder / "set.toml").write_text(RECIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("ISIC_CACHE_DIR", str(demo_cache))
        assert run(["dataset", "build", "set.toml"]) == 0
    return folder / "lesions"


class Counted:
    """The images of the demo that the recipe selects, counted from the archive's own table."""

    def __init__(self, build: Path, demo: Path) -> None:
        whole = pandas.read_csv(demo / "metadata.csv")
        chosen = (whole.image_type == "dermoscopic") & whole.copyright_license.isin(
            ["CC-0", "CC-BY"]
        )
        self.given = whole[chosen]
        self.out = pandas.read_csv(build / "excluded.csv")
        self.there = pandas.read_csv(build / "dataset.csv", keep_default_na=True)

    def after(self, *stages: str) -> Any:
        gone = self.out[self.out.stage.isin(stages)].isic_id
        return self.given[~self.given.isic_id.isin(gone)]

    def reasons(self, stage: str) -> dict[str, int]:
        counts = self.out[self.out.stage == stage].reason.value_counts()
        return {str(reason): int(count) for reason, count in counts.items()}


@pytest.fixture(scope="module")
def counted(paper: Path, demo: Path) -> Counted:
    return Counted(paper, demo)


def triple(of: Any) -> tuple[int, int, int]:
    return len(of), of.lesion_id.nunique(), of.patient_id.nunique()


def read(paper: Path, name: str) -> str:
    return (paper / "paper" / name).read_text("utf-8").replace("\\", "")


def test_the_tables_of_the_build_are_what_the_archive_gave(counted: Counted) -> None:
    assert len(counted.given) == len(counted.out) + len(counted.there) == 36
    left = counted.after("exclude", "dedupe", "labels")
    assert sorted(left.isic_id) == sorted(counted.there.isic_id)
    no_sex = counted.given[counted.given.sex.isna()].isic_id
    assert set(no_sex) <= set(counted.out.isic_id)


def test_every_cell_of_table_1_is_counted_from_the_data_set(paper: Path, counted: Counted) -> None:
    rows = list(csv.DictReader(io.StringIO(read(paper, "table1.csv"))))
    groups = dict(columns(counted.there, SPLITS, CLASSES))
    assert len(rows) > 30
    for row in rows:
        for name, of in groups.items():
            want = expected(of, row["variable"], row["value"])
            assert row[name] == want, (row["variable"], row["value"], name)


def flow_numbers(counted: Counted) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The lines of flow.md and their numbers."""
    yield "Given by the sources", triple(counted.given)
    for reason, count in counted.reasons("exclude").items():
        yield f"– Excluded: {reason}", (count,)
    yield "After exclusions", triple(counted.after("exclude"))
    for reason, count in counted.reasons("labels").items():
        yield f"– Left out for their label: {reason}", (count,)
    yield "Data set", triple(counted.there)
    for name in SPLITS:
        yield name, triple(counted.there[counted.there.split == name])


def test_every_number_of_the_flow_is_counted_from_the_tables(paper: Path, counted: Counted) -> None:
    lines = [line.strip("| ").split(" | ") for line in read(paper, "flow.md").splitlines()]
    found = {
        line[0]: tuple(int(cell.replace(",", "")) for cell in line[1:] if cell.strip(" |"))
        for line in lines
        if len(line) > 1 and re.search(r"\d", line[1])
    }
    assert found == dict(flow_numbers(counted))
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", read(paper, "flow.svg"))
    drawn = [
        int(number) for text in texts for number in re.findall(r"(\d+) (?:images|lesions)", text)
    ]
    stages = [counted.given, counted.after("exclude"), counted.there]
    splits = [counted.there[counted.there.split == name] for name in SPLITS]
    for of in (*stages, *splits):
        at = drawn.index(len(of))
        assert drawn[at : at + 2] == [len(of), of.lesion_id.nunique()]
    assert f"Excluded: {sum(counted.reasons('exclude').values())} images" in texts


def sentences(counted: Counted) -> Iterator[str]:
    """What methods.md says in numbers."""
    yield f", {len(counted.given)} images were selected"
    for stage in ("exclude", "labels"):
        for reason, count in counted.reasons(stage).items():
            yield f"{count} image{'s' * (count != 1)} ({reason})"
    there = counted.there
    images, lesions, patients = triple(there)
    of_all = (
        f"Of {len(counted.given)} images, {images} with {lesions} lesions of {patients} patients"
    )
    yield f"{of_all} are in the data set."
    for label, count in there.label.value_counts().items():
        yield f"{label} ({count})"
    for way, count in there.diagnosis_confirm_type.value_counts().items():
        yield f"{way} for {count} of {images} images ({100 * count / images:.1f} %)"
    for name in SPLITS:
        yield f"{name} ({(there.split == name).sum()})"
    yield f"({groups_of(there)} groups)"
    yield f"{images} pictures were written"


def groups_of(there: Any) -> int:
    """Images that share a patient or lesion, directly or by way of others."""
    left = {isic_id: {("p", patient), ("l", lesion)} for isic_id, patient, lesion in
            zip(there.isic_id, there.patient_id, there.lesion_id, strict=True)}  # fmt: skip
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
    for sentence in sentences(counted):
        assert sentence in text, sentence
        text = text.replace(sentence, "", 1)
    # What is left is no count: the day, the reference, what the recipe asked for, hashes.
    text = re.sub(r"`[^`]*`|\(13 images of the demonstration[^)]*\)", "", text)
    text = re.sub(r"On \d+ \w+ \d{4}|at most 10 of 64 bits|60:20:20|isic2019|ISIC 2019", "", text)
    text = re.sub(r"version 1\)|seed was 0\.|isic-toolkit \S+|SHA-256", "", text)
    assert re.findall(r"\S*\d\S*", text) == []


def test_every_number_of_the_limitations_is_counted(paper: Path, counted: Counted) -> None:
    there = counted.there
    images = len(there)
    found = read(paper, "limitations.md").partition("\nWhat was looked for")[0]
    skin = int(there.fitzpatrick_skin_type.isna().sum())
    assert f"Fitzpatrick skin type is not given for {skin} of {images} images" in found
    again = int(there.lesion_id.duplicated().sum())
    assert (
        f"{again} image{'s' * (again != 1)} of a lesion that another image shows already" in found
    )
    for name in SPLITS:
        labels = there[there.split == name].label.value_counts()
        few = [f"{label} ({labels.get(label, 0)})" for label in CLASSES
               if label in set(there.label)]  # fmt: skip
        assert f"Few images in {name} are of {', '.join(few[:-1])} and {few[-1]}:" in found
    for label, of in there.groupby("label"):
        alone = f"All images of {label} have one contributor, {of.attribution.iloc[0]}:"
        assert (alone in found) == (of.attribution.nunique() == 1)


#: A count with its thing, as a sentence has it.
_COUNT = re.compile(r"[\d,]+ (?:of [\d,]+ )?(?:image|lesion|patient|group|picture)s?\b")


def test_the_other_documents_count_nothing_else(paper: Path, counted: Counted) -> None:
    known = set(_COUNT.findall(read(paper, "methods.md") + read(paper, "limitations.md")))
    there = counted.there
    by_split = [there[there.split == name] for name in SPLITS]
    for of in (counted.given, there, *by_split):
        for count, thing in zip(triple(of), ("image", "lesion", "patient"), strict=True):
            known |= {f"{count} {thing}s", f"{count} {thing}"}
    for column in ("attribution", "copyright_license", "image_type", "label"):
        for count in there[column].value_counts():
            known |= {f"{count} images", f"{count} image", f"{count} of {len(there)} images"}
    known |= {f"0 of {len(there)} images", "0 groups"}
    for name in ("checklist.md", "datasheet.md", "dataset-card.md", "croissant.json"):
        assert set(_COUNT.findall(read(paper, name))) <= known, name
    card = read(paper, "dataset-card.md")
    for name, of in zip(SPLITS, by_split, strict=True):
        cells = [
            len(of),
            of.patient_id.nunique(),
            *((of.label == label).sum() for label in CLASSES),
        ]
        assert f"| {name} | {' | '.join(map(str, cells))} |" in card


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


def test_a_title_of_its_own_changes_the_paper_alone(
    paper: Path,
    demo_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(paper.parent)
    monkeypatch.setenv("ISIC_CACHE_DIR", str(demo_cache))
    before = (paper / "build.lock").read_bytes()
    Path("set.toml").write_text(RECIPE + '\n[document]\ntitle = "Moles & more"\n')
    assert run(["dataset", "build", "set.toml", "--dry-run"]) == 0
    assert run(["dataset", "build", "set.toml"]) == 0
    assert "# Moles & more" in read(paper, "dataset-card.md")
    Path("set.toml").write_text(RECIPE)
    assert run(["dataset", "build", "set.toml"]) == 0
    assert "# lesions" in read(paper, "dataset-card.md")
    assert (paper / "build.lock").read_bytes() == before
    assert "Traceback" not in capfd.readouterr().err
