import time
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from isic_cli.errors import DamagedError, NotFoundError, TransferError, UsageError
from isic_cli.services.export.options import Encoding, ExportOptions, TargetSize
from isic_cli.services.export.picture import PictureGeometry, companion, region_of, render
from tests.support.lesions import drawn

ORIENTATION = 274
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def stored(path: Path, image: Image.Image, orientation: int = 1, quality: int = 95) -> Path:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image.save(path, quality=quality, exif=exif)
    return path


def pixels(data: bytes | None) -> Image.Image:
    assert data is not None
    image = Image.open(BytesIO(data))
    assert ORIENTATION not in image.getexif()
    return image


@pytest.mark.parametrize(
    ("size", "width", "height"),
    [
        ("64", 64, 48),
        ("64:fit", 64, 48),
        ("1000", 320, 240),
        ("64x16", 21, 16),
        ("64:crop", 64, 64),
        ("640x100:crop", 640, 100),
        ("64:pad", 64, 64),
        ("400x300:pad", 400, 300),
    ],
)
def test_a_picture_gets_the_size_that_was_asked_for(
    tmp_path: Path, size: str, width: int, height: int
) -> None:
    path = stored(tmp_path / "a.jpg", drawn(1))
    rendered = render(path, TargetSize.parse(size), Encoding())
    assert rendered.size == (width, height)
    assert pixels(rendered.data).size == (width, height)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["fit", "crop", "pad"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_is_stored_turned_comes_out_like_the_upright_one(
    tmp_path: Path, orientation: int, mode: str
) -> None:
    upright = drawn(3, (320, 200))
    turned = upright.transpose(TURNS[orientation]) if orientation > 1 else upright
    path = tmp_path / "a.png"
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    turned.save(path, exif=exif)
    upright.save(tmp_path / "b.png")
    size = TargetSize.parse(f"90x60:{mode}")
    one = pixels(render(path, size, Encoding("png", 0)).data)
    other = pixels(render(tmp_path / "b.png", size, Encoding("png", 0)).data)
    assert one.size == other.size
    difference = np.abs(np.asarray(one, int) - np.asarray(other, int))
    assert difference.max() <= 2


def test_a_crop_is_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    image = Image.new("RGB", (300, 100), "red")
    image.paste("blue", (90, 0, 210, 100))
    image.save(path)
    middle = pixels(render(path, TargetSize.parse("50:crop"), Encoding("png", 0)).data)
    assert middle.getpixel((25, 25)) == (0, 0, 255)
    assert middle.getcolors() == [(2500, (0, 0, 255))]


#: The commonest sizes of the archive's pictures.
SIZES = [
    (600, 450), (1024, 1024), (1872, 1053), (3264, 2448), (640, 480), (1022, 767),
    (6000, 4000), (4288, 2848), (1920, 1080), (5184, 3456), (1024, 768), (2592, 1944),
]  # fmt: skip
TARGETS = [28, 32, 64, 96, 128, 160, 192, 224, 240, 256, 299, 320, 380, 384, 448, 512]


@pytest.mark.parametrize("mode", ["crop", "fit", "pad"])
def test_the_commonest_sizes_go_to_every_usual_target(mode: str) -> None:
    for stored_size in SIZES:
        image = Image.new("L", stored_size, 200)
        for target in TARGETS:
            shape = PictureGeometry.plan(image.size, None, TargetSize.parse(f"{target}:{mode}"))
            shown = shape.apply(image, Image.Resampling.NEAREST)
            assert shown.size == shape.outer
            assert max(shown.size) == target


@pytest.mark.parametrize("mode", ["crop", "fit", "pad"])
@pytest.mark.parametrize("target", [(224, 224), (299, 299), (7, 500)])
def test_no_width_and_height_up_to_2000_is_without_a_plan(
    mode: Literal["crop", "fit", "pad"], target: tuple[int, int]
) -> None:
    size = TargetSize(*target, mode)
    for width in range(1, 2001):
        for height in {1, 2, 223, 767, 1999, width, 2001 - width}:
            shape = PictureGeometry.plan((width, height), None, size)
            assert 1 <= shape.inner[0] <= shape.outer[0] <= target[0]
            assert 1 <= shape.inner[1] <= shape.outer[1] <= target[1]


@pytest.mark.parametrize("target", ["7", "8x5", "33"])
def test_every_small_picture_can_be_cropped(target: str) -> None:
    size = TargetSize.parse(f"{target}:crop")
    for width in range(1, 50):
        for height in range(1, 50):
            shape = PictureGeometry.plan((width, height), None, size)
            shown = shape.apply(Image.new("L", (width, height), 9), Image.Resampling.LANCZOS)
            assert (shown.size, shown.getextrema()) == (shape.outer, (9, 9))


def test_padding_is_black_on_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (100, 50), "white").save(path)
    padded = np.asarray(pixels(render(path, TargetSize.parse("40:pad"), Encoding("png", 0)).data))
    rows = padded.max(axis=(1, 2)) > 0
    assert rows.tolist() == [10 <= row < 30 for row in range(40)]


@pytest.mark.slow
def test_a_large_jpeg_is_decoded_small_and_looks_the_same(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.jpg", drawn(2, (1600, 1200)))
    small = pixels(render(path, TargetSize.parse("200"), Encoding("png", 0)).data)
    whole = drawn(2, (1600, 1200)).resize((200, 150), Image.Resampling.LANCZOS)
    assert np.abs(np.asarray(small, int) - np.asarray(whole, int)).mean() < 1.5


def test_a_picture_that_is_to_stay_as_it_is_keeps_its_bytes(tmp_path: Path) -> None:
    rendered = render(stored(tmp_path / "a.jpg", drawn(1)), None, None)
    assert (rendered.data, rendered.size) == (None, (320, 240))


def test_a_turned_picture_does_not_stay_as_it_is(tmp_path: Path) -> None:
    rendered = render(stored(tmp_path / "a.jpg", drawn(1), orientation=6), None, None)
    assert rendered.size == (240, 320)
    assert pixels(rendered.data).size == (240, 320)


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("L", (128, 128, 128)), ("RGBA", (255, 255, 255)), ("I;16", (0, 0, 0)), ("P", (0, 0, 0))],
)
def test_every_kind_of_picture_becomes_rgb(
    tmp_path: Path, mode: str, colour: tuple[int, int, int]
) -> None:
    path = tmp_path / "a.png"
    image = Image.new(mode, (20, 10), 128 if mode == "L" else 0)
    if mode == "P":
        image.putpalette([0, 0, 0] * 256)
    image.save(path)
    out = pixels(render(path, None, Encoding("png", 0)).data)
    assert (out.mode, out.getpixel((5, 5))) == ("RGB", colour)


@pytest.mark.parametrize("encoding", [None, Encoding()])
def test_a_damaged_picture_is_refused_whether_decoded_or_not(
    tmp_path: Path, encoding: Encoding | None
) -> None:
    path = stored(tmp_path / "a.jpg", drawn(1))
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(TransferError):
        render(path, None, encoding)


def test_a_picture_that_is_too_wide_for_the_format_is_refused(tmp_path: Path) -> None:
    Image.new("L", (17_000, 2)).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"a\.png cannot be saved as webp"):
        render(tmp_path / "a.png", None, Encoding("webp", 80))


def test_a_missing_picture_is_a_local_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no such file: .*a\.jpg"):
        render(tmp_path / "a.jpg", None, None)


def test_a_mask_follows_its_picture(tmp_path: Path) -> None:
    mask = Image.new("L", (300, 100))
    mask.paste(255, (100, 0, 150, 100))
    mask.save(tmp_path / "m.png")
    cropped = region_of(
        tmp_path / "m.png", PictureGeometry.plan((300, 100), None, TargetSize.parse("50:crop"))
    )
    assert (cropped.size, cropped.area, cropped.bbox) == ((50, 50), 1250, (0, 0, 25, 50))
    turned = PictureGeometry.plan((300, 100), Image.Transpose.ROTATE_270, None)
    upright = region_of(tmp_path / "m.png", turned)
    assert (upright.size, upright.bbox) == ((300, 100), (0, 100, 100, 50))


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    Image.new("L", (10, 10)).save(tmp_path / "m.png")
    with pytest.raises(DamagedError, match=r"m.png is 10x10, its picture 20x20"):
        region_of(tmp_path / "m.png", PictureGeometry.plan((20, 20), None, None))


@pytest.mark.parametrize("text", ["", "0", "512:stretch", "-5", "20000", "12x", "a"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        TargetSize.parse(text)


@pytest.mark.parametrize("text", ["gif", "jpg:0", "jpg:101", "png:5", "webp:x"])
def test_an_encoding_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Encoding.parse(text)


def test_options_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="another size or format"):
        ExportOptions(tmp_path, tmp_path, "csv", link="hard", size=TargetSize(5, 5))
    with pytest.raises(UsageError, match="cannot reach into the files of zip"):
        ExportOptions(tmp_path, tmp_path, "zip", link="sym")


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6" '
    b'xmpRights:WebStatement="https://creativecommons.org/licenses/by/4.0/"/></rdf:RDF></x:xmpmeta>'
)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
@pytest.mark.parametrize("stored_as", ["jpg", "png", "webp"])
def test_the_credit_inside_a_picture_is_kept_when_it_is_saved_anew(
    tmp_path: Path, stored_as: str, ending: str
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x8298] = "(c) Klinik Wien, CC BY"
    exif[0x8769] = {0xA002: 40}
    options: dict[str, Any] = {"exif": exif, "icc_profile": PROFILE, "xmp": XMP}
    if stored_as == "png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options = {**options, "pnginfo": info}
        del options["xmp"]
    path = tmp_path / f"a.{stored_as}"
    drawn(1, (40, 30)).save(path, **options)
    rendered = render(path, TargetSize.parse("20"), Encoding(ending, 0 if ending == "png" else 90))
    with Image.open(BytesIO(rendered.data or b"")) as image:
        image.load()
        assert image.size == (15, 20)
        found = image.getexif()
        assert found[0x8298] == "(c) Klinik Wien, CC BY"
        assert ORIENTATION not in found
        assert found.get_ifd(0x8769)[0xA002] == 15
        assert image.info["icc_profile"] == PROFILE
        xmp = image.info.get("xmp", image.info.get("XML:com.adobe.xmp"))
        text = xmp.encode() if isinstance(xmp, str) else xmp
        assert text == XMP.replace(b' tiff:Orientation="6"', b"")


def test_the_padding_of_xmp_is_passed_over_in_one_go(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    drawn(1, (40, 30)).save(path, xmp=XMP + b" " * 60_000)
    began = time.process_time()
    render(path, TargetSize.parse("20"), Encoding("jpg", 90))
    assert time.process_time() - began < 0.5


def test_exif_that_is_too_long_keeps_its_credit(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Clinic A"
    exif[0x8769] = {0x927C: bytes(65_000)}
    exif[0x010F] = "maker" * 100
    path = tmp_path / "a.png"
    drawn(1, (40, 30)).save(path, exif=exif)
    with Image.open(BytesIO(render(path, None, Encoding()).data or b"")) as image:
        assert dict(image.getexif()) == {0x013B: "Clinic A"}


def test_a_superpixel_map_follows_its_picture(tmp_path: Path) -> None:
    labels = np.zeros((2, 4, 3), np.uint8)
    labels[..., 0] = [[1, 1, 2, 2], [3, 3, 4, 4]]
    path = tmp_path / "ISIC_0000001_superpixels.png"
    Image.fromarray(labels).save(path)
    padded = PictureGeometry.plan((4, 2), None, TargetSize.parse("4:pad"))
    read = np.asarray(Image.open(BytesIO(companion("superpixels", path, padded))))
    assert read[1:3].tolist() == labels.tolist()
    assert set(read[[0, 3]].flat) == {255}
    same = PictureGeometry.plan((4, 2), None, None)
    assert companion("superpixels", path, same) == path.read_bytes()


def test_a_mask_goes_along_in_black_and_white(tmp_path: Path) -> None:
    mask = Image.new("L", (4, 2))
    mask.putpixel((3, 0), 1)
    mask.save(tmp_path / "m.png")
    turned = PictureGeometry.plan((4, 2), Image.Transpose.ROTATE_270, None)
    read = np.asarray(Image.open(BytesIO(companion("masks", tmp_path / "m.png", turned))))
    assert read.tolist() == [[0, 0], [0, 0], [0, 0], [0, 255]]


@pytest.mark.parametrize(
    ("mode", "ending", "unusual"),
    [("RGB", "tif", "TIFF"), ("I;16", "png", "16-bit"), ("RGB", "png", ""), ("RGB", "webp", "")],
)
def test_what_few_programs_read_is_told(
    tmp_path: Path, mode: str, ending: str, unusual: str
) -> None:
    Image.new(mode, (4, 3)).save(tmp_path / f"a.{ending}")
    assert render(tmp_path / f"a.{ending}", None, None).unusual == unusual
    assert render(tmp_path / f"a.{ending}", None, Encoding()).unusual == ""
