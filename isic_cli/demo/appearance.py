"""How each kind of lesion looks: colours and structures, as a drawer needs to know them."""

from dataclasses import dataclass, replace

Colour = tuple[float, float, float]

#: Skin by Fitzpatrick type, as a dermatoscope shows it: a little pinker than it is.
SKIN: dict[str, Colour] = {
    "I": (233, 196, 184),
    "II": (225, 184, 166),
    "III": (208, 162, 138),
    "IV": (182, 132, 106),
    "V": (140, 96, 74),
    "VI": (98, 66, 52),
}


@dataclass(frozen=True, slots=True)
class Look:
    """The look of one kind of lesion.

    Attributes
    ----------
    body, core : Colour
        Outer and inner colour.
    depth : float
        How much of the skin the colour hides, 0 to 1.
    irregular : float
        How far the border strays from an ellipse: 0.05 is round, 0.35 is jagged.
    soft : float
        Width of the border as a part of the radius.
    mottle : float
        How much body and core mix in patches instead of from the outside in.
    network, globules, streaks, veil, cysts, clods, vessels, scale : float
        Strength of a structure, 0 (none) to 1.
    pale : float
        Strength of a white centre.
    """

    body: Colour
    core: Colour
    depth: float = 0.85
    irregular: float = 0.10
    soft: float = 0.18
    mottle: float = 0.5
    network: float = 0.0
    globules: float = 0.0
    streaks: float = 0.0
    veil: float = 0.0
    cysts: float = 0.0
    clods: float = 0.0
    vessels: float = 0.0
    scale: float = 0.0
    pale: float = 0.0


_TAN, _BROWN, _DARK = (168.0, 112.0, 78.0), (122.0, 76.0, 50.0), (70.0, 42.0, 32.0)
_BLUE, _PINK, _RED = (82.0, 90.0, 116.0), (214.0, 138.0, 130.0), (172.0, 42.0, 48.0)

LOOKS: dict[str, Look] = {
    "junctional": Look(_TAN, _BROWN, network=0.8, soft=0.25),
    "compound": Look(_BROWN, _DARK, network=0.4, globules=0.6),
    "dermal": Look((196, 140, 112), (158, 106, 82), depth=0.6, globules=0.3, vessels=0.25),
    "spitz": Look(_DARK, (44, 30, 28), streaks=0.9, soft=0.08, irregular=0.04, mottle=0.2),
    "blue": Look((96, 104, 128), (64, 70, 96), soft=0.22, irregular=0.06, mottle=0.3, depth=0.92),
    "keratosis": Look((150, 106, 76), (112, 78, 58), cysts=0.9, soft=0.06, irregular=0.16),
    "lentigo": Look((178, 126, 92), (160, 108, 76), depth=0.6, network=0.3, irregular=0.22),
    "fibroma": Look((176, 118, 90), (188, 140, 122), depth=0.6, network=0.35, pale=0.8, soft=0.35),
    "angioma": Look((188, 66, 66), _RED, clods=1.0, soft=0.07, irregular=0.08),
    "basal": Look((222, 168, 156), _PINK, depth=0.6, vessels=0.9, globules=0.2, veil=0.35),
    "squamous": Look((216, 150, 136), (206, 120, 110), depth=0.7, vessels=0.45, scale=0.8),
    "actinic": Look(_PINK, (222, 158, 138), depth=0.45, scale=0.6, vessels=0.3, soft=0.4),
    "insitu": Look(_BROWN, _DARK, irregular=0.26, mottle=0.9, network=0.7, streaks=0.2),
    "invasive": Look(
        _BROWN, _DARK, irregular=0.32, mottle=1.0, network=0.5, globules=0.4, streaks=0.4, veil=0.8
    ),
    "nodular": Look(_DARK, _BLUE, irregular=0.14, soft=0.07, veil=0.9, mottle=0.8, vessels=0.2),
    "atypical": Look(_BROWN, _DARK, irregular=0.2, mottle=0.8, network=0.6, globules=0.3),
}


def on_skin(look: Look, tone: str) -> Look:
    """Return a look on skin of a Fitzpatrick type: the darker the skin, the darker the lesion."""
    part = [(dark / light) ** 0.7 for dark, light in zip(SKIN[tone], SKIN["II"], strict=True)]

    def shaded(colour: Colour) -> Colour:
        red, green, blue = (value * by for value, by in zip(colour, part, strict=True))
        return red, green, blue

    return replace(look, body=shaded(look.body), core=shaded(look.core))


def from_afar(look: Look) -> Look:
    """Return a look without what only a dermatoscope shows."""
    return replace(
        look,
        network=look.network * 0.25,
        globules=0.0,
        streaks=0.0,
        veil=look.veil * 0.5,
        clods=look.clods * 0.4,
        vessels=look.vessels * 0.5,
    )
