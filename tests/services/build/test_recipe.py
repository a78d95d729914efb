import json
import subprocess
import sys
from pathlib import Path

import pytest

from isic_cli.files.load import parse_toml
from isic_cli.services.build.check import check_recipe, checked_recipe
from isic_cli.services.build.model import recipe_schema
from isic_cli.services.build.recipe import RecipeError, load_recipe, parse_recipe
from isic_cli.services.build.write import explained_recipe, recipe_text

ROOT = Path(__file__).resolve().parents[3]


def faults(text: str, folder: Path = Path()) -> list[str]:
    """Every mistake as `line:column key message`."""
    try:
        check_recipe(parse_recipe(text, folder / "r.toml"))
    except RecipeError as error:
        return [f"{one.line}:{one.column} {one.key} {one.message}" for one in error.faults]
    return []


HEAD = 'recipe = 1\nname = "set"\n'


def test_every_mistake_of_the_keys_is_told_at_once_with_its_place() -> None:
    text = 'recipe = 1\nname = "my set"\n[source]\nserach = "x"\nlicense = "cc-bx"\ncollections = ["a", 1.5]\nids = 3\nlimit = -1\n[split]\nratio = 70\n[export]\ntoo = "hf"\n'
    assert faults(text) == [
        "2:1 name is not a name",
        "4:1 source.serach is not a key of a recipe",
        '5:1 source.license is "cc-bx", not cc-0, cc-by or cc-by-nc',
        "6:21 source.collections[2] is not text and is not a whole number",
        "7:1 source.ids is not text and is not a list",
        "8:1 source.limit is below 0",
        "10:1 split.ratio is not text",
        "11:1 export.to is missing",
        "12:1 export.too is not a key of a recipe",
    ]


def test_mistakes_of_keys_hide_no_mistake_of_the_rest(tmp_path: Path) -> None:
    text = """recipe = 1
name = "x y"
sorce = 1
[source]
serch = "sex:male"
limit = -1
collections = ["a", true]
[split]
ratio = 70
[dedupe]
method = "phsh"
[labels]
scheme = "isic2099"
[[exclude]]
ids = "nofile.txt"
[[exclude]]
quality = ["gloomy"]
[[export]]
to = "imagefoldr"
size = "big"
"""
    (tmp_path / "set.toml").write_text(text)
    with pytest.raises(RecipeError) as caught:
        checked_recipe(tmp_path / "set.toml")
    # Not that [split] needs a ratio: one is there, and it is wrong.
    assert [(one.line, one.key) for one in caught.value.faults] == [
        (2, "name"),
        (3, "sorce"),
        (5, "source.serch"),
        (6, "source.limit"),
        (7, "source.collections[2]"),
        (9, "split.ratio"),
        (11, "dedupe.method"),
        (13, "labels.scheme"),
        (15, "exclude[1].ids"),
        (17, "exclude[2].quality[1]"),
        (19, "export[1].to"),
        (20, "export[1].size"),
    ]


def test_stages_that_contradict_each_other_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("# nothing\n")
    text = HEAD + (
        "[source.a]\n"
        'search = "diagnosis_1:"\n'
        'by = "sex"\n'
        'ids = "empty.txt"\n'
        "[source.b]\n"
        'ids = ["ISIC_0000001", "ISIC_1"]\n'
        "[[exclude]]\n"
        'reason = "nothing"\n'
        "[[exclude]]\n"
        'missing = ["diagnosys_1"]\n'
        "[dedupe]\n"
        'method = "looks"\n'
        'action = "group"\n'
        "[labels]\n"
        'scheme = "isic2031"\n'
        'table = "labels.csv"\n'
        "[[export]]\n"
        'to = "csv"\n'
        "[[export]]\n"
        'to = "csv"\n'
        'size = "0"\n'
        "[reference.x]\n"
        "share = []\n"
        "pictures = false\n"
    )
    assert faults(text, tmp_path) == [
        "4:1 source.a.search a value is missing after `diagnosis_1:`, at character 13",
        "5:1 source.a.by needs sample = N",
        "6:1 source.a.ids holds no ISIC id",
        "8:1 source.b.ids 'ISIC_1' is not an ISIC id",
        "9:1 exclude[1] has no condition: one of search, missing, smaller_than, ids, quality",
        "12:12 exclude[2].missing[1] diagnosys_1 is not a field of the archive",
        "14:1 dedupe.method 'looks' is not a way to find duplicates",
        "15:1 dedupe.action group has no effect without [split]",
        "17:1 labels.scheme no label scheme is called isic2031",
        "18:1 labels.table does not go with scheme: give one of them",
        f"18:1 labels.table no such table or folder: {tmp_path / 'labels.csv'}",
        "21:1 export[2] is the second export called csv",
        "23:1 export[2].size the size 0 is out of range",
        "25:1 reference.x.share with pictures = false leaves nothing out",
    ]


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("[split]\n", "5:1 split needs either ratio or folds"),
        ('[split]\nratio = "70:30"\nfolds = 3\n', "5:1 split needs either ratio or folds"),
        ('[split]\nratio = "70:20"\n', "6:1 split.ratio the ratio '70:20' adds up to 90, not to 100"),
        ("[split]\nfolds = 1\n", "6:1 split.folds 1 folds cannot be made"),
        ('[split]\nfolds = 2\nstratify = "label"\n', "7:1 split.stratify label needs [labels]"),
        ('[split]\nfolds = 2\nhold_out = ["sex"]\n', "7:13 split.hold_out[1] 'sex' is not field=value"),
        ('[split]\nfolds = 2\nprevious = "s.csv"\n', "7:1 split.previous no such table or folder: s.csv"),
        ("[labels]\n", "5:1 labels needs scheme, column or table"),
        ('[labels]\nscheme = "isic2019"\nonly = ["Nevus"]\n', "7:9 labels.only[1] Nevus is not a label of it"),
        ('[export]\nto = "imagefolder"\n', "6:1 export.to imagefolder needs [labels]: they are folders"),
        ('[export]\nto = "csv"\nname = "paper"\n', "7:1 export.name paper is not a name for an export"),
        ('[export]\nto = "hf"\nlink = "hard"\nsize = "64"\n', "5:1 export --link hard cannot give pictures another size or format"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_is_told(table: str, fault: str) -> None:
    assert faults(f'{HEAD}[source]\nsearch = ""\n{table}') == [fault]


def test_an_archive_that_cannot_be_has_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = faults(
        HEAD + '[source]\narchive = "ftp://x.org"\n[reference.a]\narchive = "gone"\n', tmp_path
    )
    assert [one.partition(" ")[0] for one in found] == ["4:1", "6:1"]


def test_text_that_is_no_toml_and_a_newer_version_have_their_place() -> None:
    assert faults('recipe = 1\nname = "a\n') == ["2:10  Illegal character '\\n'"]
    assert faults("recipe = 2\n") == ["1:1 recipe is of version 2, which is not known here"]
    assert faults("") == ["1:1 recipe is missing", "1:1 name is missing", "1:1 source is missing"]
    assert faults("source = 3\n") != []


def test_a_recipe_that_names_all_it_needs_is_good(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(HEAD + '[source]\nsearch = "sex:male"\n[export]\nto = "csv"\n')
    file = load_recipe(path)
    check_recipe(file)
    assert file.recipe.source["source"].search == "sex:male"
    assert file.recipe.export[0].to == "csv"


def test_the_recipe_that_explains_every_key_is_one() -> None:
    text = explained_recipe()
    assert faults(text) == []
    lines = text.splitlines()
    for key in ("smaller_than", "unmapped", "hold_out", "per_shard", "share", "one_per"):
        assert any(line.startswith(f"# {key} = ") for line in lines), key


def test_a_written_recipe_reads_back() -> None:
    text = recipe_text(
        {"recipe": 1, "name": "a", "source": {"search": 'a:"b\\c" é'}, "split": None}
    )
    assert text == 'recipe = 1\nname = "a"\n\n[source]\nsearch = "a:\\"b\\\\c\\" é"\n'
    assert parse_recipe(text, Path("a")).recipe.source["source"].search == 'a:"b\\c" é'


def test_the_published_schema_is_that_of_the_model() -> None:
    published = json.loads((ROOT / "docs/isic-dataset.schema.json").read_text("utf-8"))
    assert published == recipe_schema()


def test_the_published_schema_takes_recipes_and_refuses_mistakes() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "docs/isic-dataset.schema.json").read_text("utf-8"))
    # Of 2020-12 it uses what draft 7 has too, which older versions of the library read.
    judge = jsonschema.Draft7Validator(schema)
    gallery = sorted((ROOT / "examples/recipes").glob("*.toml"))
    good = {path.name: path.read_text("utf-8") for path in gallery}
    good |= {"explained": explained_recipe(), "named": 'recipe = 1\nname = "a"\n[source.b]\n'}
    for name, text in good.items():
        assert list(judge.iter_errors(parse_toml(text))) == [], name
    assert len(good) == 7
    head = 'recipe = 1\nname = "a"\n[source]\n'
    mistakes = {
        'recipe = 1\nname = "a"\n': "'source' is a required property",
        head.replace("= 1", "= 2"): "",
        head.replace('"a"', '"a b"'): "does not match",
        'recipe = 1\nname = "a"\nsorce = 1\n[source]\n': "'sorce' was unexpected",
        f'{head}serch = "x"\n': "",
        f"{head}limit = -1\n": "",
        f'{head}license = "gpl"\n': "",
        f'{head}[[exclude]]\nquality = ["gloomy"]\n': "'gloomy' is not one of",
        f"{head}[split]\nratio = 70\n": "",
        f'{head}[[export]]\nto = "tar"\n': "",
        f'{head}[dedupe]\nkeep = "newest"\n': "",
    }
    for text, said in mistakes.items():
        found = [error.message for error in judge.iter_errors(parse_toml(text))]
        assert found, text
        assert any(said in message for message in found), (text, found)


def test_a_build_with_nothing_to_do_loads_neither_arrays_nor_the_network() -> None:
    code = (
        "import sys, isic_cli.services.build.build, isic_cli.services.build.check\n"
        "print({'numpy', 'PIL', 'httpx', 'duckdb'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
