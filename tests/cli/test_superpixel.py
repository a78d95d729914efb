"""`isic superpixel info`, `regions` and `compare`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isic_cli.cli.superpixel import INFO
from isic_cli.superpixel.masks import mask_png
from tests.cli.conftest import Isic
from tests.support.maps import lay_out, map_png

ROWS = (
    "label,area,row,column,top,left,bottom,right",
    "0,6,0.5,1.0,0,0,2,3",
    "1,19,2.63,3.47,0,0,6,6",
    "2,10,3.4,1.7,2,0,6,6",
    "3,1,3.0,1.0,3,1,4,2",
)


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    path = tmp_path / "cut_superpixels.png"
    path.write_bytes(map_png()[:-20])
    return path


def test_info_says_what_a_map_holds(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path)
    done = isic("superpixel", "info", str(path), "-f", "jsonl")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {
        "file": str(path),
        "width": 6,
        "height": 6,
        "mode": "RGB 8-bit",
        "count": 4,
        "first": 0,
        "last": 3,
        "dense": True,
        "area_min": 1,
        "area_median": 8.0,
        "area_max": 19,
        "disconnected": 1,
        "approximate": False,
        "integrity": "ok",
    }


def test_info_of_a_damaged_map_is_a_check_that_fails(isic: Isic, cut: Path) -> None:
    done = isic("superpixel", "info", str(cut), "--fields", "file,integrity")
    told = f"{cut}: the file is cut short: it ends before its IEND chunk"
    assert (done.code, done.out) == (7, f"file\tintegrity\n{cut}\t{told}\n")
    assert done.err == f"Error: {told}\nHint: fetch it again\n"


def test_one_damaged_map_among_many_still_fails_the_check(
    isic: Isic, cut: Path, tmp_path: Path
) -> None:
    good = lay_out(tmp_path)
    done = isic("superpixel", "info", str(good), str(cut), "none.png", "--fields", "file,count")
    assert (done.code, done.lines) == (7, ["file\tcount", f"{good}\t4", f"{cut}\t"])
    assert "Failed: no such file: none.png\n" in done.err


def test_each_failure_of_many_names_its_file(isic: Isic, tmp_path: Path) -> None:
    lay_out(tmp_path, "ISIC_0000001")
    lay_out(tmp_path, "ISIC_0000002")
    (tmp_path / "features").mkdir()
    short = {"streaks": [0, 0, 1]}
    for name in ("ISIC_0000001", "ISIC_0000002"):
        (tmp_path / "features" / f"{name}_features.json").write_text(json.dumps(short))
    one, two = (f"ISIC_000000{k}_superpixels.png" for k in (1, 2))
    done = isic("superpixel", "mask", one, two, "--labels", "7", "-o", "masks")
    assert done.code == 2
    assert f"Failed: {one}: no superpixel 7 in this map\n" in done.err
    done = isic("superpixel", "regions", one, two, "--features", "features")
    assert "Failed: features/ISIC_0000001_features.json: 'streaks' has 3 values" in done.err


def test_when_all_fail_for_one_reason_the_code_is_that_of_the_reason(
    isic: Isic, cut: Path, tmp_path: Path
) -> None:
    good = lay_out(tmp_path)
    (tmp_path / "file").touch()
    done = isic("superpixel", "decode", str(good), str(good), "-o", "file", "--report", "r.jsonl")
    assert done.code == 8
    assert done.err.endswith(
        "Error: all 2 files failed\nHint: A file stands where a folder is needed.\n"
    )
    summary = json.loads((tmp_path / "r.jsonl").read_text().splitlines()[-1])["summary"]
    assert summary == {
        "counts": {"failed": 2},
        "exit_code": 8,
        "error": "all 2 files failed",
    }
    assert isic("superpixel", "decode", "none.png", "nor.png", "-o", "out").code == 6
    assert isic("superpixel", "decode", "none.png", str(cut), "-o", "out").code == 3


@pytest.mark.slow
def test_files_are_read_without_loading_a_network_library(isic: Isic, tmp_path: Path) -> None:
    lay_out(tmp_path)
    code = (
        "import sys; from isic_cli.cli.main import run; "
        "code = run(['superpixel', 'regions', 'ISIC_0000001_superpixels.png', '-o', 'r.csv']); "
        "print(code, sorted({'httpx', 'pydantic', 'duckdb', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )  # fmt: skip
    assert done.stdout == "0 []\n"


def test_a_folder_means_the_maps_in_it(isic: Isic, tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    lay_out(folder, "ISIC_0000002")
    lay_out(folder / "below", "ISIC_0000001")
    lay_out(folder / ".hidden", "ISIC_0000003")
    (folder / "ISIC_0000002_attribute_streaks.png").write_bytes(b"not looked at")
    done = isic("superpixel", "info", "maps", "-q")
    assert (done.code, done.lines) == (
        0,
        ["maps/ISIC_0000002_superpixels.png", "maps/below/ISIC_0000001_superpixels.png"],
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such a name cannot be made")
def test_a_name_that_is_no_text_is_written_with_escapes(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / os.fsdecode(b"b\xe9_superpixels.png")).write_bytes(map_png())
    for out in ("out.csv", "out.jsonl"):
        done = isic("superpixel", "regions", "maps", "-o", out, "--report", "report.jsonl")
        assert done.code == 0
        assert "b\\udce9_superpixels.png" in (tmp_path / out).read_text("utf-8")
    first = json.loads((tmp_path / "report.jsonl").read_text("utf-8").splitlines()[0])
    assert os.fsencode(first["isic_id"]) == b"b\xe9_superpixels.png"


def test_a_folder_without_maps_is_not_found(isic: Isic, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = isic("superpixel", "info", "empty")
    assert (done.code, done.err) == (6, "Error: empty: no file of this kind in the folder\n")


def test_an_isic_id_comes_from_the_archive(isic: Isic, folder: Path) -> None:
    (folder / "superpixels").mkdir()
    (folder / "superpixels" / "ISIC_0000001_superpixels.png").write_bytes(map_png())
    done = isic("superpixel", "info", "isic_0000001", "--fields", "file,count,integrity")
    assert (done.code, done.lines[1:]) == (0, ["ISIC_0000001\t4\tok"])


def test_an_id_stands_for_a_photograph_and_for_a_side_of_a_comparison(
    isic: Isic, folder: Path
) -> None:
    labels = np.arange(32 * 24, dtype=np.uint16).reshape(24, 32) // 96
    for place, body in (
        ("superpixels/ISIC_0000001_superpixels.png", map_png(labels)),
        ("masks/ISIC_0000001_segmentation.png", mask_png(labels > 3)),
    ):
        (folder / place).parent.mkdir()
        (folder / place).write_bytes(body)
    done = isic("superpixel", "regions", "ISIC_0000001", "--image", "ISIC_0000001", "-f", "csv")
    assert (done.code, done.lines[0].split(",")[-3:]) == (0, ["red", "green", "blue"])
    drawn = ("superpixel", "outline", "ISIC_0000001", "--image", "ISIC_0000001", "-o", "o.png")
    assert isic(*drawn).code == 0
    done = isic("superpixel", "compare", "ISIC_0000001", "isic_0000001")
    assert (done.code, done.lines[1].split("\t")[1:]) == (0, ["8", "8", "0", "1.0"])
    Path("own.png").write_bytes(mask_png(labels > 5))
    done = isic("superpixel", "compare", "ISIC_0000001_segmentation", "own.png")
    assert (done.code, done.lines[1].split("\t")[1:4]) == (0, ["384", "192", "192"])
    assert isic("superpixel", "compare", "ISIC_0000002", "own.png").code == 6


def test_an_id_without_a_map_is_not_found(isic: Isic, folder: Path) -> None:
    done = isic("superpixel", "info", "ISIC_0000002")
    assert done.code == 6
    assert f"{folder} has no superpixels/ISIC_0000002_superpixels.png" in done.err


def test_the_remote_archive_is_known_to_serve_no_maps(isic: Isic) -> None:
    done = isic("superpixel", "info", "ISIC_0000002", archive="prod")
    assert done.code == 6
    assert done.err == (
        "Error: ISIC_0000002: prod serves no superpixels and no masks\n"
        "Hint: Name a file, or a folder that holds them: isic --archive FOLDER.\n"
    )


@pytest.mark.parametrize(("kind", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_regions_are_a_row_each(isic: Isic, tmp_path: Path, kind: str, delimiter: str) -> None:
    path = lay_out(tmp_path)
    done = isic("superpixel", "regions", path.name, "-f", kind)
    first, *rest = (line.replace(",", delimiter) for line in ROWS)
    assert done.lines == [
        f"file{delimiter}{first}",
        *(f"{path.name}{delimiter}{line}" for line in rest),
    ]


def test_regions_take_colours_and_features_from_folders(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path / "all")
    done = isic(
        "superpixel", "regions", str(path), "--image", "all", "--features", "all",
        "--fields", "label,red,green,blue,globules,streaks", "-f", "csv",
    )  # fmt: skip
    assert done.lines == [
        "label,red,green,blue,globules,streaks",
        "0,5.0,10.0,7.0,0.0,1.0",
        "1,26.32,34.74,7.0,1.0,0.0",
        "2,34.0,17.0,7.0,0.0,0.5",
        "3,30.0,10.0,7.0,0.0,0.0",
    ]


def test_regions_are_the_same_in_every_format(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path)
    rows = [
        json.loads(line) for line in isic("superpixel", "regions", str(path), "-f", "jsonl").lines
    ]
    lines = isic("superpixel", "regions", str(path), "-f", "csv").lines
    assert lines == [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]


@pytest.mark.slow
def test_a_folder_is_measured_side_by_side_in_order(isic: Isic, tmp_path: Path) -> None:
    names = [lay_out(tmp_path / "maps", f"ISIC_00000{n:02d}").name for n in range(9)]
    cut = tmp_path / "maps" / names[4]
    cut.write_bytes(cut.read_bytes()[:-20])
    done = isic(
        "superpixel", "regions", "maps", "-j", "2", "-o", "all.csv", "--report", "run.jsonl",
        "--progress", "none",
    )  # fmt: skip
    told = "maps/ISIC_0000004_superpixels.png: the file is cut short: it ends before its IEND chunk"
    assert (done.code, done.out, done.err) == (3, "", f"Failed: {told}\n")
    header, *rows = (tmp_path / "all.csv").read_text().splitlines()
    assert header == "file," + ROWS[0]
    assert rows == [
        f"maps/{name},{line}" for name in names if name != names[4] for line in ROWS[1:]
    ]
    *items, summary = map(json.loads, (tmp_path / "run.jsonl").read_text().splitlines())
    assert [(item["isic_id"], item["status"]) for item in items] == [
        (name[:12], "failed" if name == names[4] else "done") for name in names
    ]
    assert items[4]["reason"] == told
    assert summary == {"summary": {"counts": {"done": 8, "failed": 1}, "exit_code": 3}}


@pytest.mark.parametrize("command", ["info", "regions"])
def test_a_report_says_which_file_was_read(
    isic: Isic, folder: Path, cut: Path, tmp_path: Path, command: str
) -> None:
    (folder / "superpixels").mkdir()
    (folder / "superpixels" / "ISIC_0000001_superpixels.png").write_bytes(map_png())
    lay_out(tmp_path / "maps", "ISIC_0000002")
    isic(
        "superpixel", command, "maps", str(cut), "none.png", "ISIC_0000001",
        "--report", "r.jsonl", "--progress", "none",
    )  # fmt: skip
    *items, _ = map(json.loads, (tmp_path / "r.jsonl").read_text().splitlines())
    assert [(item["isic_id"], item["status"], item["path"]) for item in items] == [
        ("ISIC_0000002", "done", "maps/ISIC_0000002_superpixels.png"),
        ("cut_superpixels.png", "failed", str(cut)),
        ("none.png", "failed", None),
        ("ISIC_0000001", "done", None),  # what was fetched from the archive is gone again
    ]


def test_a_table_that_cannot_be_made_leaves_the_old_file(
    isic: Isic, cut: Path, tmp_path: Path
) -> None:
    (tmp_path / "old.csv").write_text("precious\n")
    assert isic("superpixel", "regions", str(cut), "-o", "old.csv").code == 7
    both = isic("superpixel", "regions", str(cut), "none.png", "-o", "old.csv")
    assert (both.code, both.err.splitlines()[-1]) == (3, "Error: all 2 files failed")
    assert (tmp_path / "old.csv").read_text() == "precious\n"


def test_maps_whose_features_differ_make_no_single_table(isic: Isic, tmp_path: Path) -> None:
    lay_out(tmp_path / "all", "ISIC_0000001")
    lay_out(tmp_path / "all", "ISIC_0000002")
    (tmp_path / "all" / "ISIC_0000002_features.json").write_text('{"globules": [0, 0, 0, 1]}')
    mixed = isic("superpixel", "regions", "all", "--features", "all", "-o", "out.csv")
    assert (mixed.code, (tmp_path / "out.csv").exists()) == (2, False)
    assert "its features differ from those of the maps before it" in mixed.err
    chosen = isic(
        "superpixel",
        "regions",
        "all",
        "--features",
        "all",
        "--fields",
        "label,streaks",
        "-f",
        "csv",
    )
    assert chosen.lines[4:6] == ["3,0.0", "0,"]


_REGIONS = "file, label, area, row, column, top, left, bottom, right"


@pytest.mark.parametrize(
    ("arguments", "name", "hint"),
    [
        (["regions", "{map}"], "aera", "Did you mean area?"),
        (
            ["regions", "{map}"],
            "streaks",
            f"there are: {_REGIONS}; --image, --neighbors and --features add more",
        ),
        (["regions", "{map}", "--image", "all"], "bleu", "Did you mean blue?"),
        (["regions", "all", "--features", "all"], "dot", "Did you mean dots?"),
        (["regions", "{map}", "--features", "f.json"], "globule", "Did you mean globules?"),
        (["info", "all"], "area", "Did you mean area_min or area_max?"),
        (["info", "{map}"], "x", f"there are: {', '.join(INFO.columns)}"),
        (
            ["compare", "f.json", "f.json"],
            "overlap",
            "there are: file, name, a, b, both, dice, iou",
        ),
        (["compare", "{map}", "{map}"], "overlaps", "Did you mean overlap?"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_column_that_is_not_there_is_refused_before_all_work(
    isic: Isic, tmp_path: Path, arguments: list[str], name: str, hint: str, kind: str
) -> None:
    path = lay_out(tmp_path / "all")
    (tmp_path / "all" / "ISIC_0000002_features.json").write_text('{"dots": [0, 1, 0, 0]}')
    (tmp_path / "f.json").write_text('{"globules": [0, 1, 0, 0]}')
    given = [argument.format(map=path) for argument in arguments]
    done = isic("superpixel", *given, "--fields", f"file,{name}", "-f", kind, "-o", "out")
    assert (done.code, done.out, (tmp_path / "out").exists()) == (2, "", False)
    assert done.err == f"Error: there is no column {name!r}\nHint: {hint}\n"


def test_features_that_cannot_be_read_are_told_before_their_columns(
    isic: Isic, tmp_path: Path
) -> None:
    path = lay_out(tmp_path)
    done = isic("superpixel", "regions", str(path), "--features", "none.json", "--fields", "dots")
    assert (done.code, done.err) == (6, "Error: no such file: none.json\n")
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "ISIC_0000000_features.json").write_text("[1]")
    (tmp_path / "mixed" / "ISIC_0000001_features.json").write_text('{"dots": [0, 1, 0, 0]}')
    done = isic("superpixel", "regions", str(path), "--features", "mixed", "--fields", "dots")
    assert (done.code, done.lines) == (0, ["dots", "0.0", "1.0", "0.0", "0.0"])


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ('{"globules": [0, 1, 0]}', "'globules' has 3 values, the map has labels up to 3"),
        ('{"globules": [0, NaN, 0, 0]}', "'globules'[1] is nan, not between 0 and 1"),
        ("[1]", "an object of arrays"),
    ],
)
def test_features_that_do_not_fit_are_refused(
    isic: Isic, tmp_path: Path, features: str, message: str
) -> None:
    path = lay_out(tmp_path)
    (tmp_path / "f.json").write_text(features)
    done = isic("superpixel", "regions", str(path), "--features", "f.json")
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_unknown_feature_names_are_kept_with_a_warning(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path)
    (tmp_path / "f.json").write_text('{"dots": [0, 1, 0, 0]}')
    done = isic("superpixel", "regions", str(path), "--features", "f.json", "--fields", "dots")
    assert (done.code, done.lines) == (0, ["dots", "0.0", "1.0", "0.0", "0.0"])
    assert done.err == "Warning: f.json: not a challenge's feature: dots\n"


@pytest.mark.parametrize(
    ("name", "size", "hint"),
    [("wide", (6, 5), "each map belongs to one image"), ("turned", (5, 6), "each map belongs")],
)
def test_a_photograph_of_another_size_is_refused(
    isic: Isic, tmp_path: Path, name: str, size: tuple[int, int], hint: str
) -> None:
    path = lay_out(tmp_path)
    Image.new("RGB", size).save(tmp_path / f"{name}.png")
    done = isic("superpixel", "regions", str(path), "--image", f"{name}.png")
    assert done.code == 2
    assert f"the image is {size[0]}x{size[1]}, the superpixel map 6x6" in done.err
    assert hint in done.err


def test_masks_are_compared_by_pixels(isic: Isic, tmp_path: Path) -> None:
    left, top = np.zeros((6, 6), np.uint8), np.zeros((6, 6), np.uint8)
    left[:, :2], top[:3] = 255, 255
    for name, mask in (("a", left), ("b", top)):
        (tmp_path / name).mkdir()
        Image.fromarray(mask).save(tmp_path / name / "ISIC_0000001_attribute_streaks.png")
    one = isic("superpixel", "compare", *(f"{n}/ISIC_0000001_attribute_streaks.png" for n in "ab"))
    assert one.lines == ["name\ta\tb\tboth\tdice\tiou", "streaks\t12\t18\t6\t0.4\t0.25"]
    (tmp_path / "b" / "ISIC_0000002_attribute_streaks.png").write_bytes(b"")
    all_of_them = isic("superpixel", "compare", "a", "b", "--fields", "file,dice")
    assert all_of_them.lines == ["file\tdice", "ISIC_0000001_attribute_streaks.png\t0.4"]
    assert (all_of_them.code, all_of_them.err) == (
        3,
        "Failed: a holds no ISIC_0000002_attribute_streaks.png\n",
    )


@pytest.mark.parametrize("mode", ["0/1", "L", "1", "P", "RGB", "RGBA", "16 bit"])
def test_masks_of_any_kind_pair_by_their_image_and_are_no_maps(
    isic: Isic, tmp_path: Path, mode: str
) -> None:
    left, right = np.zeros((6, 6), np.uint8), np.zeros((6, 6), np.uint8)
    left[:, :2], right[:, 3:] = 1, 1
    for name, mask in (("a/ISIC_0000001_Segmentation", left), ("b/ISIC_0000001_prediction", right)):
        (tmp_path / name).parent.mkdir()
        if mode == "16 bit":
            picture = Image.fromarray(mask.astype(np.uint16) * 65_535)
        else:
            picture = Image.fromarray(mask if mode == "0/1" else mask * 255)
            picture = picture if mode == "0/1" else picture.convert(mode)
        picture.save(tmp_path / f"{name}.png")
    done = isic("superpixel", "compare", "a", "b", "--fields", "a,b,both,dice")
    assert (done.code, done.lines) == (0, ["a\tb\tboth\tdice", "12\t18\t0\t0.0"])


def test_what_may_be_a_map_or_a_mask_is_asked_for(isic: Isic, tmp_path: Path) -> None:
    grey = np.arange(36, dtype=np.uint8).reshape(6, 6) * 3
    Image.fromarray(grey).save(tmp_path / "doubt.png")
    done = isic("superpixel", "compare", "doubt.png", "doubt.png")
    assert (done.code, done.out) == (2, "")
    assert "Error: doubt.png may be a superpixel map or a mask: " in done.err
    assert "Hint: Say which it is: --kind maps or --kind masks.\n" in done.err


def test_features_are_compared_by_superpixels_or_pixels(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path)
    (tmp_path / "a.json").write_text('{"streaks": [1, 1, 0, 0]}')
    (tmp_path / "b.json").write_text('{"streaks": [0, 1, 0, 0], "globules": [0, 0, 0, 0]}')
    plain = isic("superpixel", "compare", "a.json", "b.json")
    assert plain.lines[1:] == ["streaks\t2\t1\t1\t0.666667\t0.5", "globules\t0\t0\t0\t1.0\t1.0"]
    weighed = isic("superpixel", "compare", "a.json", "b.json", "--map", str(path))
    assert weighed.lines[1] == "streaks\t25\t19\t19\t0.863636\t0.76"


def test_maps_are_compared_by_shape_and_label(isic: Isic, tmp_path: Path) -> None:
    path = lay_out(tmp_path)
    (tmp_path / "plus1.png").write_bytes(map_png(np.full((6, 6), 1, np.uint16)))
    done = isic("superpixel", "compare", str(path), "plus1.png")
    assert done.lines == [
        "name\ta\tb\tdifferent_pixels\toverlap",
        "ISIC_0000001_superpixels\t4\t1\t17\t1.0",
    ]


def test_a_folder_is_not_compared_with_a_file(isic: Isic, tmp_path: Path) -> None:
    lay_out(tmp_path / "all")
    done = isic("superpixel", "compare", "all", "all/ISIC_0000001_features.json")
    assert (done.code, done.err) == (
        2,
        "Error: all is a folder and all/ISIC_0000001_features.json is not\n",
    )


def test_neighbours_are_labels_that_touch_at_an_edge_or_a_corner(
    isic: Isic, tmp_path: Path
) -> None:
    path = str(lay_out(tmp_path))
    done = isic(
        "superpixel", "regions", path, "--neighbors", "-f", "csv", "--fields", "label,neighbors"
    )
    assert (done.code, done.lines) == (0, ["label,neighbors", "0,1 2", "1,0 2", "2,0 1 3", "3,2"])
    done = isic("superpixel", "regions", path, "--fields", "label,neighbors")
    assert (done.code, "no column 'neighbors'" in done.err) == (2, True)
