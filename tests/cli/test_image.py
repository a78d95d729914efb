import json
from pathlib import Path

import pytest

from tests.cli.conftest import Isic

ALL = ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003", "ISIC_0000004"]


def test_a_listing_in_a_pipe_is_tsv_with_a_header(isic: Isic) -> None:
    done = isic("image", "list", "-s", "sex:male AND age_approx:[* TO 50]")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "isic_id\tdiagnosis_1\tdiagnosis_3\tage_approx\tsex\tanatom_site_1\timage_type\tcopyright_license\n"
        "ISIC_0000001\tMalignant\tMelanoma Invasive\t40\tmale\t\t\tCC-0\n"
    )


def test_quiet_prints_ids_only(isic: Isic) -> None:
    assert isic("image", "list", "-q").lines == ALL


def test_jsonl_has_typed_values(isic: Isic) -> None:
    first = json.loads(isic("image", "list", "-f", "jsonl").lines[0])
    assert first == {
        "isic_id": "ISIC_0000001",
        "attribution": "Clinic A",
        "copyright_license": "CC-0",
        "age_approx": 40,
        "diagnosis_1": "Malignant",
        "diagnosis_3": "Melanoma Invasive",
        "lesion_id": "IL_0000001",
        "patient_id": "IP_0000001",
        "pixels_x": 32,
        "pixels_y": 24,
        "sex": "male",
    }


def test_csv_with_fields_goes_to_a_file_by_its_suffix(isic: Isic, tmp_path: Path) -> None:
    done = isic("image", "list", "-c", "7", "--fields", "isic_id,sex,age_approx", "-o", "nevi.csv")
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "nevi.csv").read_text() == (
        "isic_id,sex,age_approx\nISIC_0000002,female,25\nISIC_0000003,male,60\n"
    )


def test_full_csv_has_the_official_column_order(isic: Isic) -> None:
    header = isic("image", "list", "-f", "csv").lines[0].split(",")
    assert header[:3] == ["isic_id", "attribution", "copyright_license"]
    assert header[3:] == sorted(header[3:])


def test_file_fields_can_be_asked_for(isic: Isic) -> None:
    done = isic("image", "list", "-l", "1", "-f", "jsonl", "--fields", "isic_id,size,public")
    row = json.loads(done.out)
    assert (row["isic_id"], row["public"], row["size"] > 0) == ("ISIC_0000001", True, True)


def test_a_misspelt_field_is_a_usage_error_and_leaves_the_file_as_it_was(isic: Isic) -> None:
    Path("rows.csv").write_text("before")
    done = isic("image", "list", "--fields", "isic_id,diagnosis3", "-o", "rows.csv")
    assert done.code == 2
    assert done.err == "Error: there is no field diagnosis3\nHint: Did you mean diagnosis_3?\n"
    assert Path("rows.csv").read_text() == "before"


def test_a_field_that_only_the_archive_knows_is_shown(isic: Isic, folder: Path) -> None:
    table = folder / "metadata.csv"
    header, *rows = table.read_text().splitlines()
    table.write_text("\n".join([f"{header},new_field", *(f"{row},7" for row in rows)]) + "\n")
    done = isic("image", "list", "--fields", "new_field", "-f", "csv")
    assert (done.code, done.err, done.lines[:2]) == (0, "", ["new_field", "7"])


def test_count_prints_a_number(isic: Isic) -> None:
    assert isic("image", "list", "--count", "-s", "sex:male").out == "2\n"
    assert isic("image", "list", "--count", "-l", "3").out == "3\n"


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--license", "cc-0"], ["ISIC_0000001", "ISIC_0000004"]),
        (["--license", "CC-BY"], ["ISIC_0000001", "ISIC_0000002", "ISIC_0000004"]),
        (["--license", "cc-by-nc"], ALL),
        (["-c", "7", "-c", "9"], ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003"]),
        (["--collections", "7,9"], ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003"]),
        (["-c", "7, 9", "-s", "sex:male"], ["ISIC_0000001", "ISIC_0000003"]),
        (["-c", "Nevi"], ["ISIC_0000002", "ISIC_0000003"]),
        (["-c", "nevi"], ["ISIC_0000002", "ISIC_0000003"]),
        (["-c", "melanoma"], ["ISIC_0000001"]),
        (["-c", "10.34970/123456"], ["ISIC_0000001"]),
        (["-c", "https://doi.org/10.34970/123456"], ["ISIC_0000001"]),
        (["-l", "2"], ["ISIC_0000001", "ISIC_0000002"]),
        (["-l", "0"], ALL),
        (["--unordered"], ALL),
    ],
)
def test_selections_union_within_a_kind_and_intersect_across(
    isic: Isic, options: list[str], ids: list[str]
) -> None:
    done = isic("image", "list", "-q", *options)
    assert (done.code, done.lines) == (0, ids)


def test_ids_from_standard_input_keep_their_order(isic: Isic) -> None:
    done = isic("image", "list", "-q", "--from", "-", stdin="ISIC_0000003\nISIC_0000001\n")
    assert (done.code, done.lines) == (0, ["ISIC_0000003", "ISIC_0000001"])


def test_ids_query_collection_and_licence_intersect(isic: Isic) -> None:
    stdin = "\n".join(reversed(ALL))
    narrowed = isic("image", "list", "-q", "--from", "-", "-c", "7", "-s", "sex:male", stdin=stdin)
    assert (narrowed.code, narrowed.lines) == (0, ["ISIC_0000003"])
    free = isic("image", "list", "-q", "--from", "-", "--license", "cc-0", stdin=stdin)
    assert (free.code, free.lines) == (0, ["ISIC_0000004", "ISIC_0000001"])


def test_unknown_ids_and_bad_lines_are_reported_and_make_the_run_partial(isic: Isic) -> None:
    done = isic("image", "list", "-q", "--from", "-", stdin="ISIC_0000001\nrubbish\nISIC_9999999\n")
    assert (done.code, done.lines) == (3, ["ISIC_0000001"])
    assert done.err == (
        "Warning: standard input, line 2: no ISIC id in 'rubbish'\n"
        "Warning: ISIC_9999999: not in the archive, or not visible to this user\n"
    )


def test_a_bad_query_is_told_before_a_file_is_read(isic: Isic) -> None:
    done = isic("image", "list", "-s", "foo:1", "--from", "missing.txt")
    assert (done.code, done.out) == (2, "")
    assert "there is no field `foo`" in done.err
    assert "missing.txt" not in done.err


def test_what_the_archive_reads_in_its_own_way_is_said_once(isic: Isic) -> None:
    done = isic("image", "list", "-q", "-s", "sex:Male")
    assert (done.code, done.out) == (0, "")
    assert done.err.count("values are case sensitive: did you mean sex:male?") == 1


def test_strict_stops_at_a_bad_line(isic: Isic) -> None:
    done = isic("image", "list", "-q", "--strict", "--from", "-", stdin="ISIC_0000001\nrubbish\n")
    assert (done.code, done.out) == (2, "")


def test_excluded_ids_are_left_out_before_the_limit(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "not.txt").write_text("ISIC_0000001\n")
    done = isic("image", "list", "-q", "--exclude", "not.txt", "-l", "2")
    assert (done.code, done.lines) == (0, ["ISIC_0000002", "ISIC_0000003"])


def test_a_report_selects_what_failed(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text(
        '{"isic_id": "ISIC_0000001", "status": "downloaded"}\n'
        '{"isic_id": "ISIC_0000002", "status": "failed"}\n{"summary": {}}\n'
    )
    done = isic("image", "list", "-q", "--from", "run.jsonl", "--status", "failed")
    assert (done.code, done.lines) == (0, ["ISIC_0000002"])


@pytest.mark.parametrize("words", ["bogus", "failed,bogus", "", ","])
def test_a_status_that_no_report_has_is_a_usage_error(
    words: str, isic: Isic, tmp_path: Path
) -> None:
    (tmp_path / "run.jsonl").write_text('{"isic_id": "ISIC_0000001", "status": "failed"}\n')
    done = isic("image", "list", "--from", "run.jsonl", "--status", words)
    assert done.code == 2
    assert "no report has the status" in done.err


def test_status_without_a_report_is_a_usage_error(isic: Isic) -> None:
    assert isic("image", "list", "--status", "failed").code == 2


def test_nothing_selected_is_fine_unless_fail_empty(isic: Isic) -> None:
    assert isic("image", "list", "-q", "-s", "sex:Male").code == 0
    done = isic("image", "list", "-q", "-s", "sex:male AND sex:female", "--fail-empty")
    assert (done.code, done.out) == (9, "")


def test_an_empty_id_file_is_named(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("")
    done = isic("image", "list", "-q", "--from", "none.txt")
    assert done.code == 0
    assert "none.txt holds no ISIC id" in done.err


def test_show_prints_the_record_as_the_api_has_it(isic: Isic) -> None:
    (record,) = json.loads(isic("image", "show", "ISIC_0000002", "-f", "json").out)
    assert record["files"]["full"]["url"].endswith("ISIC_0000002.jpg")
    assert record["metadata"]["clinical"]["lesion_id"] == "IL_0000002"


def test_show_as_a_table_is_a_field_a_line(isic: Isic) -> None:
    done = isic("image", "show", "isic_0000003.jpg", "-f", "table")
    assert "attribution        Clinic B, Vienna\n" in done.out
    assert "public             True\n" in done.out


def test_show_of_several_with_one_missing_is_partial(isic: Isic) -> None:
    done = isic("image", "show", "ISIC_0000001", "ISIC_9999999", "-q")
    assert (done.code, done.lines) == (3, ["ISIC_0000001"])
    assert "no image ISIC_9999999" in done.err


def test_show_of_a_missing_image_is_not_found(isic: Isic) -> None:
    done = isic("image", "show", "ISIC_9999999")
    assert (done.code, done.out) == (6, "")
    assert "no image ISIC_9999999" in done.err


def test_shards_are_disjoint_stable_and_together_everything(isic: Isic) -> None:
    parts = [isic("image", "list", "-q", "--shard", f"{number}/3").lines for number in (1, 2, 3)]
    assert sorted(isic_id for part in parts for isic_id in part) == ALL
    again = isic("image", "list", "-q", "--from", "-", "--shard", "2/3", stdin="\n".join(ALL))
    assert (again.code, again.lines) == (0, parts[1])


def test_an_array_job_knows_its_shard(isic: Isic, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = isic("image", "list", "-q", "--shard", "2/3").lines
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "1")
    monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "3")
    assert isic("image", "list", "-q", "--shard", "auto").lines == expected


def test_a_sample_is_balanced_and_the_same_each_time(isic: Isic) -> None:
    drawn = isic("image", "list", "-q", "--sample", "2", "--by", "diagnosis_1", "--seed", "4")
    assert (drawn.code, len(drawn.lines)) == (0, 2)
    benign = isic("image", "list", "-q", "-s", "diagnosis_1:Benign").lines
    assert len(set(drawn.lines) & set(benign)) == 1
    again = isic("image", "list", "-q", "--sample", "2", "--by", "diagnosis_1", "--seed", "4")
    assert again.lines == drawn.lines
    alone = isic("image", "list", "--count", "--sample", "4", "--one-per", "patient")
    assert alone.out == "3\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shard", "4/3"], "part 4 of 3"),
        (["--shard", "auto"], "outside of an array job"),
        (["--by", "sex"], "--by needs --sample N"),
        (["--one-per", "lesion"], "--one-per needs --sample N"),
        (["--seed", "1"], "--seed needs --sample N"),
    ],
)
def test_a_shard_or_sample_that_cannot_be_is_a_usage_error(
    isic: Isic, options: list[str], message: str
) -> None:
    done = isic("image", "list", *options)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_web_prints_the_address_of_the_page_of_an_image(isic: Isic) -> None:
    done = isic("image", "show", "isic_0024306", "--web", archive="https://isic.example")
    assert (done.code, done.out) == (0, "https://isic.example/images/ISIC_0024306/\n")
    refused = isic("image", "show", "ISIC_0024306", "--web")
    assert (refused.code, refused.out) == (2, "")
    assert "has no pages" in refused.err
