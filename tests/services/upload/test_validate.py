import tracemalloc
from pathlib import Path

import pytest
from isic_metadata.metadata import MetadataBatch

from isic_cli.errors import LocalError, NotFoundError, UsageError
from isic_cli.services.upload import validate as validation
from isic_cli.services.upload.validate import Finding, row_problems, validate_file

NO_NAME = "There is no column filename, which says what image a row is about."
NAMELESS = "The row does not say which image it is about."


def write(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """Write a table; rows that name no image get a file name each, in front."""
    header, *rows = text.splitlines(keepends=True)
    if not {"filename", "isic_id"} & set(header.strip().split(",")):
        text = "".join([f"filename,{header}", *(f"{n}.jpg,{row}" for n, row in enumerate(rows))])
    path = folder / "metadata.csv"
    path.write_bytes(text.encode(encoding))
    return path


def told(path: Path) -> list[tuple[str, str, str, list[int]]]:
    report = validate_file(path)
    return [(f.kind, f.field, f.message, list(f.rows)) for f in report.findings]


def test_a_good_file_has_no_findings(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "filename,age,sex,diagnosis,patient_id,lesion_id\n"
        "a.jpg,50,male,Nevus,P1,L1\n"
        'b.jpg,85+,Female,"Malignant:Malignant melanocytic proliferations (Melanoma):'
        'Melanoma Invasive",P1,L1\n',
    )

    report = validate_file(path)

    assert (report.rows, report.findings) == (2, [])


def test_problems_are_grouped_by_field_and_message_with_the_rows_of_a_spreadsheet(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, "age,sex\nabc,male\n\n-1,x\nxyz,male\n")

    assert told(path) == [
        ("row", "age", "Number must be greater than or equal to 0.", [4]),
        ("row", "age", "Unable to parse value as an integer.", [2, 5]),
        ("row", "sex", "Input should be 'male' or 'female'", [4]),
    ]


def test_a_rule_between_two_fields_is_told_of_the_first(tmp_path: Path) -> None:
    path = write(tmp_path, "mel_thick_mm,diagnosis\n1.0,Nevus\n")

    message = (
        "Setting mel_thick_mm is incompatible with diagnosis "
        "Benign:Benign melanocytic proliferations:Nevus."
    )
    assert told(path) == [("row", "mel_thick_mm", message, [2])]


def test_a_lesion_of_two_patients_is_found_however_far_apart(tmp_path: Path) -> None:
    rows = [f"P{number},L{number}" for number in range(300)]
    path = write(tmp_path, "patient_id,lesion_id\n" + "\n".join([*rows, "P9,L7", "P1,L2"]) + "\n")

    assert told(path) == [
        ("batch", "lesion_id",
         "One or more lesions belong to multiple patients. (L2, L7)", [4, 9, 302, 303])
    ]  # fmt: skip


def test_a_case_has_one_macroscopic_image_and_one_lesion(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "rcm_case_id,image_type,lesion_id\n"
        "C1,RCM: macroscopic,L1\n"
        "C1,RCM: macroscopic,L1\n"
        "C2,RCM: tile,L1\n"
        "C2,RCM: tile,L2\n"
        "C3,RCM: macroscopic,L3\n",
    )

    assert told(path) == [
        ("batch", "image_type", "One or more RCM cases have multiple macroscopic images. (C1)", [2, 3]),
        ("batch", "rcm_case_id", "One or more RCM cases belong to multiple lesions. (C2)", [4, 5]),
    ]  # fmt: skip


def test_rows_wrong_alone_still_count_together(tmp_path: Path) -> None:
    path = write(
        tmp_path, "rcm_case_id,image_type,lesion_id\nC1,,L1\nC1,nonsense,L2\n"
    )  # neither row has a type that a case may have

    kinds = [(kind, field, rows) for kind, field, _, rows in told(path)]

    assert kinds == [
        ("row", "image_type", [3]),
        ("row", "rcm_case_id", [2]),
        ("batch", "rcm_case_id", [2, 3]),
    ]


def test_the_rules_across_rows_are_all_that_the_archive_has() -> None:
    # A new rule in isic_metadata must fail here rather than be skipped in silence.
    rules = set(MetadataBatch.__pydantic_decorators__.model_validators)

    assert rules == {
        "check_patients_lesions",
        "check_rcm_at_most_one_macroscopic_image",
        "check_rcm_case_at_most_one_lesion",
    }


def test_an_unknown_column_is_told_but_is_no_error(tmp_path: Path) -> None:
    path = write(tmp_path, "filename,isic_id,patientid,diagnosis_1,notes\na.jpg,,P1,Benign,n\n")

    report = validate_file(path)

    known = "The archive does not know this column and keeps it as unstructured data."
    assert report.findings == [
        Finding("column", "notes", known),
        Finding("column", "patientid", f"{known} Did you mean patient_id?"),
    ]
    assert report.errors == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age\n50\n", [("file", "filename", NO_NAME, [])]),
        ("Filename,age\na.jpg,50\n", [("file", "filename", f"{NO_NAME} Did you mean Filename?", [])]),
        ("filename,age\na.jpg,50\n ,50\n,51\n", [("row", "filename", NAMELESS, [3, 4])]),
        (
            "filename,age\nb.jpg,1\na.jpg,50\nb.jpg,2\n a.jpg ,51\nc.jpg,3\n",
            [
                ("batch", "filename", "One file has several rows (b.jpg).", [2, 4]),
                ("batch", "filename", "One file has several rows (a.jpg).", [3, 5]),
            ],
        ),
        ("filename,age\n", [("file", "", "The file has no rows.", [])]),
        ("isic_id,age\nISIC_0000001,50\n", []),
    ],
)  # fmt: skip
def test_which_image_a_row_is_about_is_told_once(
    tmp_path: Path, text: str, expected: list[tuple[str, str, str, list[int]]]
) -> None:
    (tmp_path / "m.csv").write_text(text)
    findings = told(tmp_path / "m.csv")
    assert [one for one in findings if one[0] != "column"] == expected


def test_the_name_of_an_age_in_an_upload_is_told(tmp_path: Path) -> None:
    ((_, field, message, _),) = told(write(tmp_path, "age_approx\n50\n"))
    assert (field, message.endswith("unstructured data. Did you mean age?")) == ("age_approx", True)


def test_a_repeated_column_and_a_surplus_cell_are_errors(tmp_path: Path) -> None:
    path = write(tmp_path, "age,age\n50,50\n50,50,x\n50,50,\n")

    assert told(path) == [
        ("row", "", "The row has more cells than the header has columns.", [3]),
        ("file", "age", "The header has this column more than once.", []),
    ]


def test_a_short_row_and_a_byte_order_mark_are_no_problem(tmp_path: Path) -> None:
    path = write(tmp_path, "age,sex,diagnosis_1,diagnosis_2\r\n50\r\n", encoding="utf-8-sig")

    assert told(path) == []


def test_messages_that_quote_values_are_capped(tmp_path: Path) -> None:
    rows = [f"type {number}" for number in range(validation.MOST_MESSAGES + 50)]
    path = write(tmp_path, "image_type\n" + "\n".join(rows) + "\n")

    found = told(path)

    assert len(found) == validation.MOST_MESSAGES + 1
    assert found[0] == ("row", "image_type", "Other values are wrong too.", list(range(202, 252)))


def test_the_problems_of_one_row_can_be_asked_for() -> None:
    assert row_problems({"age": "old", "sex": "male"}) == [
        ("age", "Unable to parse value as an integer.")
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "has no header"),
        (b"\n\n", "has no header"),
        (b"age;sex\n50;male\n", "The columns are not separated by commas"),
        (b"age,sex\n50,\xfc\n", "is not UTF-8 text"),
        (b'age\n50\n"60\n70\n', "line 3: a quote that begins here is never closed"),
    ],
)
def test_a_broken_file_is_a_finding_beside_the_faults_of_its_rows(
    tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "metadata.csv"
    path.write_bytes(data)
    found = [one for one in validate_file(path).errors if one.kind == "file"]
    assert [one.message for one in found if message in one.message] != []


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_table_with_another_delimiter_is_judged_row_by_row_all_the_same(
    tmp_path: Path, delimiter: str
) -> None:
    path = tmp_path / "metadata.csv"
    path.write_text("filename,sex\na.jpg,alien\n".replace(",", delimiter), "utf-8")
    assert [(one.kind, one.field, list(one.rows)) for one in validate_file(path).errors] == [
        ("row", "sex", [2]),
        ("file", "", []),
    ]


def test_the_rows_before_a_quote_that_is_never_closed_are_judged(tmp_path: Path) -> None:
    path = tmp_path / "metadata.csv"
    path.write_text('filename,sex\na.jpg,alien\nb.jpg,"male\n', "utf-8")
    report = validate_file(path)
    assert report.rows == 1
    assert [(one.kind, one.field, list(one.rows)) for one in report.errors] == [
        ("row", "sex", [2]),
        ("file", "", []),
    ]


def test_all_faults_of_a_row_are_told_also_those_that_hide_behind_another() -> None:
    row = {"sex": "alien", "age": "old", "mel_thick_mm": "thick", "mel_ulcer": "true"}
    assert [column for column, _ in row_problems(row)] == [
        "age",
        "sex",
        "mel_thick_mm",
        "mel_ulcer",
    ]
    row = {"diagnosis": "Nevus", "mel_thick_mm": "0.3 mm", "mel_ulcer": "true"}
    assert [column for column, _ in row_problems(row)] == ["mel_thick_mm", "mel_ulcer"]


def test_a_field_that_needs_a_faulty_one_has_no_fault_of_its_own() -> None:
    row = {"diagnosis": "Nothing known", "mel_thick_mm": "0.3 mm"}
    assert [column for column, _ in row_problems(row)] == ["diagnosis"]
    row = {"diagnosis_1": "Nothing", "diagnosis_2": "known", "mel_ulcer": "true", "sex": "x"}
    assert [column for column, _ in row_problems(row)] == ["sex", "diagnosis"]


@pytest.mark.parametrize("data", [b"PAR1....", b"PK\x03\x04....", b"\xff\xd8\xff\0"])
def test_what_is_no_text_is_a_wrong_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "metadata.csv"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=str(path)):
        validate_file(path)


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no such file: .*gone\.csv"):
        validate_file(tmp_path / "gone.csv")


def test_a_folder_is_a_local_error(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot read"):
        validate_file(tmp_path)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        lines = (f"a{n}.jpg,{n % 90},male,Nevus,P{n // 3},L{n // 2}" for n in range(rows))
        path = write(
            tmp_path, "filename,age,sex,diagnosis,patient_id,lesion_id\n" + "\n".join(lines)
        )
        tracemalloc.start()
        report = validate_file(path)
        reached = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.rows == rows
        return reached

    peak(100)  # what is imported and cached on first use does not count

    assert peak(12_000) < peak(6_000) + 500_000


def test_a_file_that_breaks_at_its_first_row_is_not_said_to_have_none(tmp_path: Path) -> None:
    path = tmp_path / "metadata.csv"
    path.write_text('filename,sex\n"a.jpg,male\n', "utf-8")
    (found,) = validate_file(path).errors
    assert found.message.endswith("line 2: a quote that begins here is never closed.")
