"""Each of these files meets each command that reads such files: malformed PNGs, tables, logins."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from isic_cli.credentials.stores import file_name
from tests.fuzz.cases import Case
from tests.fuzz.pngs import BROKEN, ODD

Draw = Callable[[Path], Case]

#: Where the picture lies, and the command that reads it.
PICTURE_READERS: tuple[tuple[str, str], ...] = (
    ("x.png", "superpixel info x.png"),
    ("x.png", "superpixel decode x.png --to npy -o new/"),
    ("x.png", "superpixel regions x.png -o new.csv"),
    ("x.png", "superpixel outline x.png -o new/"),
    ("x.png", "superpixel overlay out/ISIC_9000002.jpg x.png -o new.png"),
    ("x.png", "superpixel overlay x.png maps/ISIC_9000002.png -o new.png"),
    ("x.png", "superpixel mask x.png --labels 1 -o new.png"),
    ("x.png", "superpixel tiles out/ISIC_9000002.jpg x.png new/"),
    ("x.png", "superpixel features maps/ISIC_9000002.png --mask streaks=x.png -o new.json"),
    ("x.png", "superpixel features x.png --mask streaks=mask.png -o new.json"),
    ("x.png", "superpixel compare x.png maps/ISIC_9000002.png"),
    ("x.png", "superpixel compare mask.png x.png"),
    ("x.png", "superpixel generate x.png -o new/"),
    ("photos/ISIC_9000002.jpg", "accession upload 1 photos/ --metadata upload.csv --dry-run"),
    ("out/ISIC_9000002.jpg", "dataset verify out --deep"),
    ("out/ISIC_9000002.jpg", "dataset audit out -o new.csv"),
    ("out/ISIC_9000002.jpg", "dataset dedupe out"),
    ("out/ISIC_9000002.jpg", "dataset export out new/ --to imagefolder --label isic2019 --size 64"),
    ("out/ISIC_9000002.jpg", "dataset merge out old --into new/"),
    ("out/ISIC_9000002.jpg", "dataset check-leak out old"),
    ("out/ISIC_9000002.jpg", "--archive out image sheet -o new.png"),
    ("out/ISIC_9000002.jpg", "--archive out image download --all new/"),
)


#: Rows that cannot be taken as they stand; a reader that ends well has lost or shifted one.
RAGGED: dict[str, bytes] = {
    "a cell too many": b"isic_id,sex\nISIC_9000002,male\nISIC_9000004,male,left\n",
    "a cell too few": b"isic_id,age_approx,sex\nISIC_9000002,5,male\nISIC_9000004,5\n",
    "a quote never closed": b'isic_id,sex\nISIC_9000002,"male\nISIC_9000004,male\n',
    "text behind a quote": b'isic_id,sex\n"ISIC_9000002"x,male\nISIC_9000004,male\n',
    "a column twice": b"isic_id,sex,sex\nISIC_9000002,male,female\n",
    "Latin-1": "isic_id,sex\nISIC_9000002,m\xe4nnlich\n".encode("latin-1"),
    "a NUL": b"isic_id,sex\nISIC_9000002,ma\0le\n",
    "UTF-16 without a mark": "isic_id,sex\nISIC_9000002,male\n".encode("utf-16-le"),
    "JSON that is torn": b'{"isic_id": "ISIC_9000002", "sex": "male"}\n{"isic_id": "ISIC_90',
    "JSON too deep": b"[" * 100_000,
    "a picture": BROKEN["filter 9"],
}

TABLE_READERS = (
    "image list --from {}",
    "image list -c 1 --exclude {}",
    "image download --from {} new/",
    "image sheet --from {} -o new.png",
    "collection add 3 --from {}",
    "collection remove-images 3 --from-isic-ids {}",
    "metadata download --from {} -o new.csv",
    "metadata labels {} --scheme isic2019",
    "metadata diff {} out/",
    "metadata diff out/ {}",
    "metadata validate {}",
    "dataset stats {}",
    "dataset audit {}",
    "dataset cite {}",
    "dataset split {} --ratio 70:30",
    "dataset split out/ --ratio 70:30 --previous {}",
    "dataset split out/ --ratio 70:30 --pairs {}",
    "dataset export out/ new/ --to csv --split {}",
    "challenge validate 2018:3 {}",
    "challenge score 2018:3 truth.csv {}",
    "challenge score 2018:3 {} predictions.csv",
    "challenge truth 2018:3 {} -o new.csv",
    "accession upload 1 photos/ --metadata {} --dry-run",
    "study responses {}",
    "study agreement {}",
)

#: An archive that does not answer: whoever is asked has not got as far as the login.
_AWAY = "http://127.0.0.1:9"
LOGINS: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"access_token": "ab',
    "no UTF-8": b"\xff\xfe\x00",
    "null": b"null",
    "a list": b"[]",
    "no token": b"{}",
    "token 5": b'{"access_token": 5}',
    "token of no text": b'{"access_token": ""}',
    "token of two lines": b'{"access_token": "a\\nb"}',
    "token of other letters": '{"access_token": "\u00e9"}'.encode(),
    "expiry NaN": b'{"access_token": "a", "expires_at": NaN}',
    "expiry without end": b'{"access_token": "a", "expires_at": Infinity}',
    "expiry too late": b'{"access_token": "a", "expires_at": 1e300}',
    "expiry a text": b'{"access_token": "a", "expires_at": "soon"}',
    "expiry true": b'{"access_token": "a", "expires_at": true}',
    "scope 5": b'{"access_token": "a", "scope": 5}',
    "scope of numbers": b'{"access_token": "a", "scope": [1]}',
    "refresh a list": b'{"access_token": "a", "refresh_token": []}',
    "too deep": b"[" * 100_000,
    "a number of 5,000 digits": b'{"access_token": "a", "expires_at": ' + b"9" * 5000 + b"}",
}

LOGIN_READERS = (
    *("user show", "user token", "doctor", "image list -l 1", "collection list", "study list"),
    *("collection add 3 ISIC_9000002", "image download -c 1 new/", "api users/me/"),
    "user logout",
)


def _pngs() -> Iterator[Draw]:
    for name, data in (BROKEN | ODD).items():
        for place, line in PICTURE_READERS:
            # What is handed one picture cannot be well without it.
            fails = name in BROKEN and line.startswith(("superpixel ", "dataset verify "))
            yield _draw(place, data, line, f"{place} ({name});", fails=fails)


def _tables() -> Iterator[Draw]:
    for name, data in RAGGED.items():
        for line in TABLE_READERS:
            # The archive takes a row that is short, and a cell that it lacks for empty.
            fails = (name, line) != ("a cell too few", "metadata validate {}")
            yield _draw("x.csv", data, line.format("x.csv"), f"x.csv ({name});", fails=fails)


def _logins() -> Iterator[Draw]:
    place = f"isic/logins/{file_name(_AWAY)}.json"
    for name, data in LOGINS.items():
        for line in LOGIN_READERS:
            fails = line != "user logout"
            words = f"--archive {_AWAY} {line}"
            yield _draw(place, data, words, f"login ({name});", fails=fails)


def _draw(place: str, data: bytes, line: str, damaged: str, *, fails: bool) -> Draw:
    def draw(folder: Path) -> Case:
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return Case(0, tuple(shlex.split(line)), damaged, fails=fails)

    return draw


PRODUCTS: Mapping[str, Callable[[], Iterator[Draw]]] = {
    "pngs": _pngs,
    "tables": _tables,
    "logins": _logins,
}
