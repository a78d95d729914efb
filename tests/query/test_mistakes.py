import pytest

from isic_cli.errors import ExitCode, QueryError
from isic_cli.query import FIELDS, parse
from isic_cli.query.fields import REMOVED

FIELD_COLON = "write field:value"
JOIN = "join terms by AND or OR"
BETWEEN = "write AND or OR between them"
EXCLUDE = "write -field:value to exclude"
AGES = "write age_approx:[20 TO 40]"

MISTAKES: list[tuple[str, int, str, str | None]] = [
    # names
    ("diagnosis_33:x", 0, "there is no field `diagnosis_33`", "did you mean diagnosis_3?"),
    ("sex:male Sex:female", 9, "there is no field `Sex`", "did you mean sex?"),
    ("diagnosis:nevus", 0, "`diagnosis` is gone: use diagnosis_1 … diagnosis_5", None),
    ("sex:male diagnosis nevus", 9, REMOVED["diagnosis"], None),
    ("-age:5", 1, "`age` is not searchable: use age_approx, in steps of 5 years", None),
    ("melanoma", 0, "`melanoma` stands without a field", "name one, such as diagnosis_3:Nevus"),
    ("sex", 3, "a colon is missing after `sex`", 'write sex:"male"'),
    ("public:true public", 18, "a colon is missing after `public`", "write public:true"),
    ("lesion_id IL_1", 9, "a colon is missing after `lesion_id`", 'write lesion_id:"value"'),
    ("age_approx > 5", 11, "`>` is not understood", "write age_approx:{5 TO *]"),
    ("sex=male", 3, "a field is compared by a colon", 'write sex:"male"'),
    # words and signs of other languages
    ("sex:male and public:true", 9, "`and` is not understood", "write AND in capitals"),
    ("(sex:male) or public:true", 11, "`or` is not understood", "write OR in capitals"),
    ("NOT (sex:male)", 0, "NOT is not understood", EXCLUDE),
    ("sex:male not public:true", 9, "not is not understood", EXCLUDE),
    ("!sex:male", 0, "`!` is not understood", EXCLUDE),
    ("sex:male && public:true", 9, "`&&` is not understood", "write AND"),
    ("(sex:male) || public:true", 11, "`||` is not understood", "write OR"),
    (
        "sex:male,female",
        8,
        "`,` is not understood",
        "join terms by AND or OR, and quote a value that holds a comma",
    ),
    ("'male'", 0, "`'` is not understood", 'quote with "double quotes"'),
    ("*:*", 0, "`*:*` is not understood", "leave the query empty for everything"),
    ("@", 0, "`@` where a term is expected", FIELD_COLON),
    ("age_approx:5 @", 13, "`@` after the value of `age_approx`", JOIN),
    ("(sex:male) @", 11, "`@` after a bracket", BETWEEN),
    ("age_approx:5 `", 13, "'`' after the value of `age_approx`", JOIN),
    (
        "sex:male\xa0AND public:true",
        8,
        r"'\xa0' is not a space to the archive",
        "use a plain space",
    ),
    ('"male"', 0, "a value stands without a field", 'write field:"value"'),
    # operators and brackets
    ("sex:male OR", 11, "the query ends where a term is expected", FIELD_COLON),
    ("OR sex:male", 0, "OR needs a term on both sides", FIELD_COLON),
    ("age_approx:30AND sex:male", 13, "AND sticks to what stands before it", "put a space between"),
    ("age_approx:30sex:male", 13, "`sex` sticks to the value before it", "put a space between"),
    ("()", 1, "the brackets are empty", "write field:value"),
    ("(sex:male OR)", 12, "a term is missing before `)`", "write field:value"),
    ("(sex:male", 0, "this bracket is never closed", "add a `)`"),
    ("(sex:male public", 16, "a colon is missing after `public`", "write public:true"),
    ("sex:male)", 8, "a closing bracket without an opening one", "remove it"),
    (
        "sex:male -(public:true)",
        9,
        "the minus has no field",
        "put the minus before a field: -field:value, not -(…)",
    ),
    (
        "-(sex:male)",
        0,
        "the minus has no field",
        "put the minus before a field: -field:value, not -(…)",
    ),
    ("(sex:male) public:true", 11, "a bracket and its neighbour are not joined", BETWEEN),
    ("(sex:male) -public:true", 11, "a bracket and its neighbour are not joined", BETWEEN),
    ("sex:male (public:true)", 9, "a bracket and its neighbour are not joined", BETWEEN),
    # text
    ("sex:", 4, "a value is missing after `sex:`", 'write sex:"male"'),
    ('sex:"male', 4, "this quote is never closed on its line", 'add a `"`'),
    ('sex:male "x"', 9, '`"` after the value of `sex`', JOIN),
    ('sex:"male" x', 11, "`x` after the value of `sex`", JOIN),
    ("sex:'male'", 4, "' is not a quote to the archive: only \" is", 'write sex:"male"'),
    ("sex:'male", 4, "' is not a quote to the archive: only \" is", 'write sex:"value"'),
    (
        "sex:(male OR female)",
        4,
        "a term takes one value, not a bracket",
        "repeat the field: (sex:… OR sex:…)",
    ),
    ("sex:[a TO b]", 4, "`sex` holds text and has no ranges", 'write sex:"male"'),
    (
        "diagnosis_3:Melanoma Invasive AND sex:male",
        21,
        "a value with spaces or signs needs quotes",
        'write diagnosis_3:"Melanoma Invasive"',
    ),
    (
        "image_type:clinical: overview -sex:male",
        19,
        "a value with spaces or signs needs quotes",
        'write image_type:"clinical: overview"',
    ),
    (
        "(mel_mitotic_index:>4/mm^2)",
        19,
        "a value with spaces or signs needs quotes",
        'write mel_mitotic_index:">4/mm^2"',
    ),
    ("sex:é (x)", 4, "a value with spaces or signs needs quotes", 'write sex:"é"'),
    # booleans
    ("public:", 7, "a value is missing after `public:`", "write public:true"),
    (
        "public:True",
        7,
        "`public` is either true or false, in lower case",
        "write public:true",
    ),
    (
        'public:"no"',
        7,
        "`public` is either true or false, in lower case",
        "write public:false",
    ),
    (
        "public:@",
        7,
        "`public` is either true or false, in lower case",
        "write true, false or *",
    ),
    (
        "public:(true)",
        7,
        "a term takes one value, not a bracket",
        "repeat the field: (public:… OR public:…)",
    ),
    # numbers
    ("(age_approx:)", 12, "a value is missing after `age_approx:`", AGES),
    ('age_approx:"30"', 11, "a number stands without quotes", "write age_approx:30"),
    ("age_approx:old", 11, "`age_approx` holds numbers", AGES),
    ("age_approx:>5", 11, "`>` is not understood", "write age_approx:{5 TO *]"),
    ("age_approx:>= 5", 11, "`>=` is not understood", "write age_approx:[5 TO *]"),
    ("age_approx:<5", 11, "`<` is not understood", "write age_approx:[* TO 5}"),
    ("age_approx:<=5", 11, "`<=` is not understood", "write age_approx:[* TO 5]"),
    ("age_approx=5", 10, "`=` is not understood", "write age_approx:5"),
    (
        "age_approx:(1 OR 2)",
        11,
        "a term takes one value, not a bracket",
        "repeat the field: (age_approx:… OR age_approx:…)",
    ),
    ("age_approx:20 TO 40", 14, "a range stands in brackets", AGES),
    ("age_approx:[20 to 40]", 15, "`to` is not understood", "write TO in capitals"),
    ("age_approx:[20,40]", 14, "`,` does not fit in a range", AGES),
    ("age_approx:[20 TO 40)", 20, "`)` does not fit in a range", AGES),
    ("age_approx:[20 TO 40", 11, "this range is never closed", AGES),
    ('age_approx:["20" TO 40]', 12, "a number stands without quotes", AGES),
    (
        "age_approx:[0 TO 1e400]",
        17,
        "the number for `age_approx` is too large: the archive's server fails on it",
        "use * for an open end",
    ),
    # what the server fails on
    (
        "sex:male hairy:true",
        9,
        "the archive accepts the field `hairy`, but its server fails on it (error 500)",
        "leave the field out",
    ),
    (
        'sex:"a\0b"',
        6,
        "a query cannot hold a NUL character",
        "remove it: the archive's server fails on it (error 500)",
    ),
    (
        'sex:"\udcff"',
        5,
        "the query holds a byte that is not text",
        "the terminal or the file may use another encoding than UTF-8",
    ),
]


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"), MISTAKES, ids=[ascii(case[0]) for case in MISTAKES]
)
def test_a_mistake_is_named_with_its_column_and_what_to_write(
    text: str, column: int, message: str, hint: str | None
) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    error = caught.value
    assert (error.column, error.message, error.hint) == (column, message, hint)
    assert (error.query, error.exit_code) == (text, ExitCode.USAGE)


def test_a_name_like_no_other_gets_the_list_of_fields_that_work() -> None:
    with pytest.raises(QueryError, match="there is no field `zzzz`") as caught:
        parse("zzzz:1")
    names = [name for name, field in FIELDS.items() if not field.crashes]
    assert caught.value.hint == f"the fields are {', '.join(names)}"


def test_every_removed_field_says_what_became_of_it() -> None:
    messages = {}
    for name in REMOVED:
        with pytest.raises(QueryError) as caught:
            parse(f"{name}:1")
        messages[name] = caught.value.message
    assert messages == dict(REMOVED)
    assert REMOVED.keys() & FIELDS.keys() == set()


def test_every_field_that_crashes_the_server_is_refused_beforehand() -> None:
    refused = set()
    for name in FIELDS:
        try:
            parse(f"{name}:*")
        except QueryError:
            refused.add(name)
    assert refused == {"hairy", "blurry", "marker_pen", "color_tint"}
