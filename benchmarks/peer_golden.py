"""Write what isicarchive finds in superpixel maps, as digests: `peer_golden.py CACHE MAPS OUT`.

Runs itself again in the peer's environment. The digests are facts about its results; the tests
compare ours with them.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from peer import mend, python_of_peer, strings_of  # a script beside this one


def sha(data) -> str:
    return hashlib.sha256(data).hexdigest()


def lines(values) -> str:
    return sha("\n".join(values).encode())


def vertices(pixels, k, shape) -> int:
    """Count the vertices of a contour, from the path along the same edges."""
    from isicarchive import imfunc

    path = imfunc.superpixel_outlines(pixels, shape, "osvgp", [k])[k]
    return sum(path.split(' d="')[1].split('"')[0].count(letter) for letter in "hv")


def digests(path: Path) -> dict[str, object]:
    import imageio
    import numpy as np
    from isicarchive import imfunc, jitfunc

    for name in ("svg_coord_list", "svg_path_from_list"):
        found = getattr(jitfunc, name)
        if not hasattr(found, "__wrapped_once__"):
            wrapped = strings_of(found)
            wrapped.__wrapped_once__ = True
            setattr(jitfunc, name, wrapped)
    rgb = np.array(imageio.v2.imread(path))
    index = jitfunc.superpixel_decode(rgb)
    pixels = jitfunc.superpixel_map(index)
    count = pixels.shape[0]
    near = imfunc.superpixel_neighbors(index, pixels.copy(), 2)
    outlines = {
        kind: imfunc.superpixel_outlines(pixels, index.shape, kind)
        for kind in ("cjson", "coords", "image", "osvgp")
    }
    painted = np.zeros((*index.shape, 3), np.uint8) + np.uint8(101)
    chosen = list(range(0, count, 7))
    imfunc.color_superpixels(painted, chosen, pixels, [[230, 159, 0]] * len(chosen), 0.3)
    yy, xx = np.mgrid[: index.shape[0], : index.shape[1]]
    image = np.stack([yy % 256, xx % 256, (yy * 7 + xx * 3) % 256], 2).astype(np.uint8)
    values = imfunc.superpixel_values(image, pixels, list(range(count)))
    means = np.array([value.mean(axis=0) for value in values])
    coords = outlines["coords"]
    texts = [item["geometry"]["coordinates"] for item in outlines["cjson"]]
    # Its buffer has nine bytes per vertex: where coordinates of four digits need ten, it cuts.
    cut = [k for k in range(count) if texts[k].count(" ") + 1 < vertices(pixels, k, index.shape)]
    mask = imfunc.superpixel_mask(index.shape, chosen, pixels)
    return {
        "count": count,
        "labels": sha(index.astype("<i4").tobytes()),
        "areas": sha(pixels[:, -1].astype("<i8").tobytes()),
        "pixels": sha(b"".join(row[: row[-1]].astype("<i4").tobytes() for row in pixels)),
        "neighbours": lines(" ".join(map(str, row)) for row in near[0]),
        "neighbours_of_neighbours": lines(" ".join(map(str, row)) for row in near[1]),
        "boundaries": sha((outlines["image"] > 0).tobytes()),
        "border_pixels": sha(b"".join(coords[k].astype("<i4").tobytes() for k in range(count))),
        "coordinates": lines(text for k, text in enumerate(texts) if k not in cut),
        "coordinates_cut_by_isicarchive": cut,
        "paths": lines(outlines["osvgp"][k].split(' d="')[1].split('"')[0] for k in range(count)),
        "painted": sha(painted.tobytes()),
        "means": sha(np.round(means, 6).astype("<f8").tobytes()),
        "mask": sha(mask.tobytes()),
        "dice": imfunc.superpixel_dice(list(range(0, count, 2)), list(range(0, count, 3))),
    }


def main() -> None:
    cache, maps, out = map(Path, sys.argv[1:4])
    if "--inside" not in sys.argv:
        python = python_of_peer(cache)
        subprocess.run([python, __file__, *sys.argv[1:4], "--inside"], check=True)
        return
    mend()
    found = {path.name: digests(path) for path in sorted(maps.glob("*.png"))}
    out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
