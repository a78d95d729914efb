from pathlib import Path

from tests.cli.conftest import Isic


def test_the_table_has_the_official_columns_sorted_by_id(isic: Isic) -> None:
    done = isic("metadata", "download", "-s", "diagnosis_1:Benign")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "isic_id,attribution,copyright_license,age_approx,diagnosis_1,diagnosis_3,lesion_id,"
        "patient_id,pixels_x,pixels_y,sex\n"
        "ISIC_0000002,Clinic A,CC-BY,25,Benign,Nevus,IL_0000002,IP_0000001,32,24,female\n"
        'ISIC_0000003,"Clinic B, Vienna",CC-BY-NC,60,Benign,Nevus,IL_0000002,IP_0000002,32,24,male\n'
    )


def test_serial_gives_the_same_table(isic: Isic) -> None:
    assert isic("metadata", "download", "--serial").out == isic("metadata", "download").out


def test_the_official_spelling_of_the_output_works(isic: Isic, tmp_path: Path) -> None:
    assert isic("metadata", "download", "--outfile", "m.csv").code == 0
    assert len((tmp_path / "m.csv").read_text().splitlines()) == 5


def test_an_empty_selection_writes_a_header_and_says_so(isic: Isic) -> None:
    done = isic("metadata", "download", "-s", "sex:male AND sex:female")
    assert (done.code, done.out) == (0, "isic_id,attribution,copyright_license\n")
    assert "Nothing was selected." in done.err
