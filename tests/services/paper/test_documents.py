"""The documents of a build: complete, the same each time, and escaped for their format."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from isic_cli.services.build.facts import (
    BuildFacts,
    ImageFacts,
    LabelFacts,
    Removal,
    SplitFacts,
)
from isic_cli.services.paper import flow
from isic_cli.services.paper.blocks import (
    Block,
    Bullets,
    Paragraph,
    code,
    plain,
    to_markdown,
    to_tex,
)
from isic_cli.services.paper.checklist import AUTHORS
from isic_cli.services.paper.counts import count_build
from isic_cli.services.paper.documents import NAMES, paper_files, write_paper
from isic_cli.services.paper.limitations import limits
from isic_cli.services.paper.methods import methods
from tests.services.paper.made import CLINIC, IMAGES, RULE, made_facts
from tests.support.pages import ROOT


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return {
        name: data.decode("latin-1" if name.endswith("pdf") else "utf-8")
        for name, data in paper_files(made_facts()).items()
    }


class Words(HTMLParser):
    """The text of a page, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags = "", set[str]()
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)


def read(markdown: str) -> Words:
    """What a reader of Markdown sees."""
    return Words(MarkdownIt("commonmark").enable("table").render(markdown))


def methods_text(facts: BuildFacts) -> str:
    return read(to_markdown(methods(facts, count_build(facts)))).text


@pytest.mark.slow
def test_the_folder_holds_every_document_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    write_paper(made_facts(), tmp_path / "paper")
    found = {path.name: path.read_bytes() for path in (tmp_path / "paper").iterdir()}
    assert sorted(found) == sorted(NAMES)
    assert found == paper_files(made_facts())
    assert all(found.values())


def test_the_methods_say_what_was_done_and_nothing_else(files: dict[str, str]) -> None:
    text = read(files["methods.md"]).text
    for sentence in (
        "On 29 November 2026, images were selected from 2 sources.",
        (
            "Source main: 300 images from the ISIC Archive (https://api.isic-archive.com) by the query "
            'diagnosis_3:"Melanoma, NOS" OR a_b:{1 TO 2}, within the collection HAM10000 & Co '
            "(doi:10.34970/576276), with a licence no more restrictive than cc-by, with sample = 300."
        ),
        "12 images that an earlier source had given were taken once, which left 300.",
        f"Excluded were 15 images ({RULE}) and 15 images (smaller than 450 px).",
        (
            "The data set is kept apart from 2019 (25,331 images of the ISIC Archive within the collection ISIC "
            "2019): left out were images that are in it, show a lesion that is in it, are of a patient "
            "who is in it or show a near-duplicate of one of its pictures."
        ),
        (
            "that differ in at most 10 of 64 bits, confirmed by aligning both pictures. 30 groups with "
            "60 images were found; of each group the picture with the most pixels was kept."
        ),
        "Of 300 images, 240 (120 lesions, 95 patients) were included in the data set.",
        (
            "Images were labelled by the scheme isic2019 (ISIC 2019 & more, version 1.0). Images by "
            "class: MEL_x (56) and NV (184). No image is of BCC."
        ),
        (
            "The images were divided into train (140), val (40) and test (60); asked for were shares of "
            "60:20:20. Images with the same patient_id or lesion_id stayed in one split (85 groups)."
        ),
        "The random seed was 7. A check after the split found no group in more than one split.",
        "240 pictures were written to hf (hf), reduced to fit into 512 x 512 pixels and encoded as jpg:95.",
        f"built with isic-toolkit 1.2.3 from a recipe with the SHA-256 {'ab' * 32};",
    ):
        assert sentence in text
    bare = made_facts(
        sources=made_facts().sources[:1], references=(), dedupe=None, labels=None, split=None,
        exports=(), challenges=(), images=[replace(one, label="", split="") for one in IMAGES],
    )  # fmt: skip
    text = methods_text(bare)
    assert "The data set is not divided." in text
    for word in ("Duplicates were looked for", "labelled", "seed", "kept apart", "written"):
        assert word not in text


def test_a_leak_that_the_check_found_is_told() -> None:
    split = made_facts().split
    assert isinstance(split, SplitFacts)
    text = methods_text(made_facts(split=replace(split, leaks=2)))
    assert "A check after the split found 2 groups in more than one split." in text


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".md")])
def test_markdown_shows_names_as_they_are(files: dict[str, str], name: str) -> None:
    page = files[name].partition("\n---\n")[2] if name == "dataset-card.md" else files[name]
    seen = read(page)
    assert not seen.tags & {"b", "em", "strong", "all", "blockquote", "hr", "img"}
    if CLINIC[:8] in seen.text.replace("\\", ""):
        assert CLINIC in seen.text
    if "no diagnosis" in seen.text:
        assert RULE in seen.text


def test_every_row_of_a_table_has_its_columns(files: dict[str, str]) -> None:
    for name in ("table1.md", "flow.md", "checklist.md", "dataset-card.md"):
        html = MarkdownIt("commonmark").enable("table").render(files[name])
        tables = re.findall(r"<table>.*?</table>", html, re.DOTALL)
        assert tables, name
        for table in tables:
            rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
            assert len({len(re.findall(r"<t[hd]", row)) for row in rows}) == 1
            assert len(rows) > 1


def test_html_shows_names_as_they_are(files: dict[str, str]) -> None:
    seen = Words(files["table1.html"])
    assert CLINIC in seen.text
    assert "b" not in seen.tags


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".tex")])
def test_latex_has_no_bare_character_of_its_own(files: dict[str, str], name: str) -> None:
    text = files[name]
    commands = re.sub(r"\\[\\&%$#_{}]", "", text)
    assert commands.count("{") == commands.count("}")
    body = re.sub(r"\\begin\{longtable\}.*", "", commands)
    assert not re.search(r"[%$#_^~|<>\"]", body), re.findall(r".*[%$#_^~|<>\"].*", body)
    cells = [line for line in text.splitlines() if line.endswith(r"\\") and " & " in line]
    for block in text.split(r"\begin{longtable}")[1:]:
        columns = 1 + len(block.splitlines()[0].partition("linewidth}")[2].rstrip("}"))
        rows = [line for line in block.splitlines() if line in cells]
        assert rows
        assert all(len(re.split(r"(?<!\\)&", row)) == columns for row in rows)


@pytest.mark.slow  # runs LaTeX
def test_latex_prints_every_document_inside_of_its_page(tmp_path: Path) -> None:
    latex = shutil.which("pdflatex") or pytest.skip("no LaTeX here")
    there = [one for one in IMAGES if one.is_in]
    names = tuple(f"fold{at}" for at in range(1, 6))
    split = made_facts().split
    assert split is not None
    classes = tuple(f"class {at}" for at in range(12))
    folds = [
        replace(one, split=names[at % 5], label=classes[at % 12]) for at, one in enumerate(there)
    ]
    labels = replace(made_labels(), kind="table", scheme="labels_1.csv", version="0123abcd" * 8)
    facts = made_facts(
        images=folds,
        split=replace(split, names=names, shares=(0.2,) * 5),
        labels=replace(labels, labels=classes),
        removals=(
            Removal("exclude", 'size ≤ 3 & ≥ µ − “é” more → 50 % ~ ^ \\ "q" {x} #1 $x_1$', 0),
        ),
    )
    texts = {name: data for name, data in paper_files(facts).items() if name.endswith(".tex")}
    for name, data in texts.items():
        (tmp_path / name).write_bytes(data)
    lines = [
        r"\documentclass[11pt]{article}\usepackage[T1]{fontenc}\usepackage[margin=2.5cm]{geometry}",
        r"\usepackage{booktabs,longtable}\begin{document}",
        *(rf"\input{{{name}}}" for name in texts),
        r"\end{document}",
    ]
    (tmp_path / "all.tex").write_text("\n".join(lines))
    command = [latex, "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    runs = [  # tables take their widths from the run before
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        for _ in range(2)
    ]
    assert all(run.returncode == 0 for run in runs), runs[0].stdout[-2000:]
    assert len(texts) == 3
    assert "Overfull" not in runs[1].stdout


def made_labels() -> LabelFacts:
    labels = made_facts().labels
    assert labels is not None
    return labels


def test_copies_of_a_reference_are_told_apart_from_duplicates() -> None:
    found = made_facts().dedupe
    assert found is not None
    alone = replace(found, action="", groups=0, images=0, shared_groups=1, shared_images=2)
    text = methods_text(made_facts(dedupe=alone))
    assert "Copies of the pictures of references were looked for by the same ISIC id," in text
    assert (
        "1 group with 2 images had a picture of a reference among the copies: no image of them was "
        "kept." in text
    )
    assert "of each group" not in text
    both = methods_text(made_facts(dedupe=replace(alone, action="drop", groups=3, images=7)))
    assert "Duplicates were looked for by" in both
    assert "3 groups with 7 images were found; of each group the picture with the most" in both


@pytest.mark.parametrize(
    ("pictures", "tiers", "is_said"),
    [
        (2000, ("bytes", "phash"), False),
        (2001, ("bytes", "phash"), True),
        (2001, ("bytes", "pixels"), False),
    ],
)
def test_a_search_that_did_not_compare_all_pictures_is_a_limitation(
    pictures: int, tiers: tuple[str, ...], is_said: bool
) -> None:
    found = made_facts().dedupe
    assert found is not None
    facts = made_facts(dedupe=replace(found, pictures=pictures, tiers=tiers))
    counts = count_build(facts)
    said = [
        "More than 2,000 pictures are not all compared: of a hundred copies that were changed, "
        "one to four are not found." in methods_text(facts),
        any("near-duplicates, more than 2,000" in text for text in limits(facts, counts)),
    ]
    assert said == [is_said, is_said]


def test_text_that_begins_like_a_list_stays_text() -> None:
    blocks: list[Block] = [
        Paragraph("- not a list"),
        Bullets(("1. not one", "+ x")),
        Paragraph("12) y"),
    ]
    seen = read(to_markdown(blocks))
    assert seen.tags == {"p", "ul", "li"}
    assert seen.text.split() == ["-", "not", "a", "list", "1.", "not", "one", "+", "x", "12)", "y"]
    shown = read(to_markdown([Paragraph(f"a {code('x`|`y')} b {code('` ')}c")]))
    assert shown.text.strip() == "a x`|`y b `c"
    assert "\na \\texttt{b\\_c} d\n" in to_tex([Paragraph(f"a {code('b_c')} d")])
    assert plain("a\x02b\u2028\n c\x07") == "a b c"


def test_the_diagram_says_the_numbers_of_the_table(files: dict[str, str]) -> None:
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", files["flow.svg"])
    numbers = [
        int(n.replace(",", "")) for line in texts for n in re.findall(r"[\d,]+(?= images)", line)
    ]
    assert numbers == [312, 12, 300, 30, 270, 30, 240, 140, 40, 60]
    assert "  no diagnosis_1 | a_b &amp; 5 % of &lt;all&gt; {x} (15)" in texts
    assert "150 lesions, 100 patients" in texts
    assert files["flow.pdf"].startswith("%PDF")


@pytest.mark.slow
def test_a_long_reason_and_many_splits_stay_inside_of_the_diagram() -> None:
    images = [
        replace(one, reason=f"{'very long reason ' * 9}{number}" if one.stage else "",
                split=f"fold{number % 9}" if one.is_in else "")
        for number, one in enumerate(IMAGES)
    ]  # fmt: skip
    split = made_facts().split
    assert split is not None
    names = tuple(f"fold{at}" for at in range(9))
    facts = made_facts(images=images, split=replace(split, names=names, shares=(1 / 9,) * 9))
    svg = flow.draw_flow(facts, count_build(facts))["flow.svg"].decode()
    match = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert match
    width, height = map(float, match.groups())
    places = [tuple(map(float, at)) for at in re.findall(r'<text [^>]* x="(\S+)" y="(\S+)"', svg)]
    assert len(places) > 60
    assert all(0 < x < width and 0 < y < height for x, y in places)
    assert "other reasons" in svg


def test_checklists_have_every_item_once_and_say_what_only_authors_know(
    files: dict[str, str],
) -> None:
    sections = files["checklist.md"].split("\n## ")[1:]
    found = {}
    for section in sections:
        items = re.findall(r"^\| ([^|]+) \| ([^|]+) \| (.*) \|$", section, re.MULTILINE)[2:]
        numbers = [number for number, _, _ in items]
        assert len({*numbers}) == len(numbers)
        known = sum(answer != AUTHORS for *_, answer in items)
        assert f"Answered from the build: {known} of {len(items)} items." in section
        found[section.partition("\n")[0]] = (len(items), known)
    assert found == {"CLAIM 2024": (44, 17), "TRIPOD+AI": (52, 19), "STARD-AI": (48, 20)}


def test_citations_are_read_by_what_reads_citations(files: dict[str, str]) -> None:
    rispy = pytest.importorskip("rispy")
    pybtex = pytest.importorskip("pybtex.database")
    items = json.loads(files["citations.csl.json"])
    entries = pybtex.parse_string(files["citations.bib"], "bibtex").entries
    records = rispy.loads(files["citations.ris"])
    assert len(items) == len(entries) == len(records) >= 4
    assert items[0]["title"] == records[0]["title"] == "Melanoma & naevi_40"
    assert {"10.34970/576276", "10.1038/sdata.2018.161"} <= {one.get("DOI") for one in items}
    assert items[0]["accessed"] == {"date-parts": [[2026, 11, 29]]}
    assert "HAM10000 & Co" in items[0]["note"]


def test_cards_are_read_by_what_reads_cards(files: dict[str, str]) -> None:
    yaml = pytest.importorskip("yaml")
    head = yaml.safe_load(files["dataset-card.md"].split("---\n")[1])
    assert head["license"] == "cc-by-4.0"
    assert head["pretty_name"] == "Melanoma & naevi_40"
    assert head["size_categories"] == ["n<1K"]
    described = json.loads(files["croissant.json"])
    assert described["name"] == "mel-40"
    assert described["license"] == "https://creativecommons.org/licenses/by/4.0/"
    limitations = read(files["limitations.md"]).text
    for told in described["rai:dataLimitations"]:
        assert told in limitations
    assert set(described["rai:dataBiases"]) < set(described["rai:dataLimitations"])
    assert described["rai:personalSensitiveInformation"] == [
        f"column {name}"
        for name in ("age_approx", "sex", "fitzpatrick_skin_type", "patient_id", "anatom_site_1")
    ]
    assert all(described[name] for name in described if name.startswith("rai:"))


def images(count: int, **metadata: Any) -> list[ImageFacts]:
    """Images of one patient and lesion each, all the same but for the ids."""
    whole = {"age_approx": 50, "sex": "male", "fitzpatrick_skin_type": "V", **metadata}
    return [
        ImageFacts(
            f"ISIC_{at:07}",
            "main",
            {"patient_id": f"IP_{at}", "lesion_id": f"IL_{at}", **whole},
        )
        for at in range(count)
    ]


def told(found: Iterable[ImageFacts]) -> str:
    facts = made_facts(images=list(found), split=None, labels=None)
    return "\n".join(limits(facts, count_build(facts)))


def test_a_limitation_is_told_from_its_threshold_on() -> None:
    nine, ten = images(91) + images(9, sex=None), images(90) + images(10, sex="")
    assert "Sex is not given" not in told(nine)
    assert "Sex is not given for 10 of 100 images (10.0 %)." in told(ten)
    half = images(50, anatom_site_1="Trunk") + images(50, anatom_site_1="Head")
    assert "Anatomic site is Trunk" not in told(half)
    more = images(51, anatom_site_1="Trunk") + images(49, anatom_site_1="Head")
    assert "Anatomic site is Trunk for 51 of 100 images of which it is known (51.0 %)." in told(
        more
    )
    pale = images(96, fitzpatrick_skin_type="II") + images(4)
    assert "4 of 100 images with a skin type (4.0 %) are of types V and VI" in told(pale)
    assert "types V and VI" not in told(images(95, fitzpatrick_skin_type="II") + images(5))
    assert "0 of 100 images with an age (0.0 %) are of people below 20 years." in told(images(100))
    young = images(5, age_approx=15) + images(5, age_approx=85) + images(90)
    assert "with an age" not in told(young)
    assert "The licence of 3 of 3 images (100.0 %) excludes commercial use." in told(
        images(3, copyright_license="CC-BY-NC")
    )


def test_a_class_of_one_contributor_is_told() -> None:
    a = [replace(one, label="MEL") for one in images(30, attribution="A")]
    b = [
        replace(one, label="NV")
        for one in images(30, attribution="B") + images(30, attribution="A")
    ]
    labels = made_facts().labels
    assert labels is not None
    facts = made_facts(images=a + b, split=None, labels=replace(labels, labels=("MEL", "NV")))
    found = "\n".join(limits(facts, count_build(facts)))
    assert "All images of MEL have one contributor, A:" in found
    assert "All images of NV" not in found


@pytest.mark.slow
def test_many_classes_of_strange_names_stay_readable() -> None:
    names = tuple(f"class {number}\n\u202e|&_{number}" for number in range(60))
    there = [one for one in IMAGES if one.is_in]
    ours = [replace(one, label=names[at % 60]) for at, one in enumerate(there)]
    labels = made_facts().labels
    assert labels is not None
    files = paper_files(made_facts(images=ours, labels=replace(labels, labels=names)))
    assert all("\u202e" not in data.decode() for name, data in files.items() if name != "flow.pdf")
    table, csv = files["table1.md"].decode(), files["table1.csv"].decode()
    assert "Characteristics of 12 of 60 classes." in table
    assert csv.splitlines()[0].count("class: ") == 60
    assert "48 other classes: figures for them are uncertain." in files["limitations.md"].decode()
    seen = read(table)
    assert "class 0 |&_0" in seen.text


def test_a_build_without_an_image_has_documents_too() -> None:
    files = paper_files(made_facts(images=(), sources=(), references=(), challenges=()))
    assert b"The data set has no image." in files["limitations.md"]
    assert b"| Images | 0 | 0 | 0 | 0 |" in files["table1.md"]


@pytest.mark.slow  # starts Python twice
def test_no_byte_depends_on_the_order_of_hashes() -> None:
    code = (
        "from hashlib import sha256\n"
        "from isic_cli.services.paper.documents import paper_files\n"
        "from tests.services.paper.made import made_facts\n"
        "print([sha256(data).hexdigest() for data in paper_files(made_facts()).values()])"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "77")
    }
    assert len(seen) == 1


@pytest.mark.slow  # mlcroissant imports pandas
def test_mlcroissant_finds_no_fault_in_the_description(tmp_path: Path) -> None:
    pytest.importorskip("mlcroissant")
    write_paper(made_facts(), tmp_path)
    code = (
        "import json, sys, mlcroissant as m\n"
        "found = m.Dataset(jsonld=sys.argv[1]).metadata\n"
        "print(json.dumps([sorted(found.ctx.issues.errors), sorted(found.ctx.issues.warnings),"
        " len(found.data_limitations)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "croissant.json")],
        capture_output=True,
        text=True,
        check=True,
    )
    limitations = json.loads((tmp_path / "croissant.json").read_text("utf-8"))[
        "rai:dataLimitations"
    ]
    assert json.loads(done.stdout) == [[], [], len(limitations)]


def test_without_matplotlib_there_are_all_documents_but_the_diagram(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("isic_cli.services.plot.find_spec", lambda _name: None)
    assert set(NAMES) - set(paper_files(made_facts())) == {"flow.svg", "flow.pdf"}
