"""Decide what the demo set shows: stylised people, flames, lights, and how they move.

A scene is a pure function of a generator: `cameras.random_camera` once per camera, then
`random_scene` once per item; `drawing.render` draws its frames. Lengths are fractions of the
frame's height (x: of its width), so images and videos share one code.

The label fixes which kind of scene is drawn; how strong its cues are (speed, closeness, flame,
smoke, debris) comes from a severity in (0, 1) whose distributions for the two labels overlap.
Nothing else separates the classes: cameras, light and noise are drawn without the label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from harmlib.media.demo.cameras import Camera, Pixels, smooth_noise

Floats = npt.NDArray[np.float64]
Colour = tuple[int, ...]  # red, green, blue in 0..255

SEVERITY = {"harmful": (4.5, 1.5), "safe": (1.5, 4.5)}  # Beta(a, b): means 0.75 and 0.25
KINDS = {
    "harmful": ("fire", "fight", "fight", "threat"),
    "safe": ("walk", "walk", "embrace", "lights", "play"),
}
LIGHTS = {"lights": (0.0, 1.0), "fight": (0.85, 0.05), "threat": (0.85, 0.05)}  # P(red), P(warm)

# Joint angles in radians from hanging straight down, positive towards where the person faces:
# lean, then upper and lower segment of the two arms and of the two legs.
STAND = np.array([0.0, 0.2, 0.2, -0.2, -0.1, 0.08, 0.0, -0.08, 0.0])
GUARD = np.array([0.15, 1.2, 2.1, 0.9, 2.2, 0.35, 0.1, -0.35, -0.45])
AIM = np.array([0.1, 1.5, 1.5, 0.3, 0.9, 0.3, 0.1, -0.3, -0.3])
HANDS_UP = np.array([-0.12, 2.5, 2.9, -2.5, -2.9, 0.1, 0.0, -0.1, -0.1])
HUG = np.array([0.12, 1.25, 1.5, 1.05, 1.35, 0.06, 0.0, -0.06, 0.0])
STEP = np.array([0.03, 0.5, 0.6, -0.5, -0.6, -0.5, -0.35, 0.5, 0.35])
STRIKE = np.array([0.3, 1.1, 1.3, 1.0, 1.1, 0.6, 0.5, 0.5, 0.6])
SWAY = np.array([0.06, 0.08, 0.08, 0.08, 0.08, 0.03, 0.03, 0.03, 0.03])


@dataclass(frozen=True)
class Actor:
    """A person: joint angles swing around `rest`, the body drifts and lunges.

    Attributes
    ----------
    x, y : float
        Where the feet stand.
    height : float
        Of the person.
    facing : int
        1 to the right, -1 to the left.
    rest, swing, phase : ndarray of float64, shape (9,)
        Angle of each joint, how far it swings, and when; radians.
    freq_hz : float
        Swings per second.
    snap : float
        0: sinusoidal; 1: abrupt, nearly a square wave.
    drift_per_sec, lunge : float
        How far the body moves steadily, and with each swing.
    colours : tuple of tuple of int
        Of the shirt and of the trousers.
    prop : str
        ``blade``, ``bag``, ``umbrella``, ``cane``, or empty.
    prop_length : float
        In heights of the person.
    """

    x: float
    y: float
    height: float
    facing: int
    rest: Floats
    swing: Floats
    phase: Floats
    freq_hz: float
    snap: float
    drift_per_sec: float
    lunge: float
    colours: tuple[Colour, Colour]
    prop: str
    prop_length: float


@dataclass(frozen=True)
class Flame:
    """A fire.

    Attributes
    ----------
    x, y : float
        The middle of its foot.
    size : float
        Its height.
    flicker_hz : float
        Flickers per second.
    """

    x: float
    y: float
    size: float
    flicker_hz: float


@dataclass(frozen=True)
class Scene:
    """One item before its camera, with all its randomness drawn except the sensor's noise.

    Attributes
    ----------
    camera : Camera
        What films it.
    background : Image
        The camera's, with this scene's litter on the ground.
    actors : tuple of Actor
        From far to near.
    flame : Flame or None
        A fire.
    lights : tuple of ndarray of float32, shape (height, width, 3)
        Added to the frame.
    smoke : float
        Opacity, 0 to 1.
    clouds : ndarray of float32, shape (2 height, 2 width)
        Smooth noise in 0 to 1 that flames and smoke scroll through.
    grain : ndarray of float32, shape (2 height, 2 width)
        Unit noise; each frame takes another window of it.
    ball : bool
        Whether one bounces.
    """

    camera: Camera
    background: Image.Image
    actors: tuple[Actor, ...]
    flame: Flame | None
    lights: tuple[Pixels, ...]
    smoke: float
    clouds: Pixels
    grain: Pixels
    ball: bool


def random_scene(rng: np.random.Generator, camera: Camera, label: str) -> Scene:
    """Draw a scene before a camera at random.

    Parameters
    ----------
    rng : Generator
        Decides everything that the label leaves open.
    camera : Camera
        What films it.
    label : {"harmful", "safe"}
        Decides which kinds of scene there can be, and how severe it is likely to be.

    Returns
    -------
    Scene

    Examples
    --------
    >>> from harmlib.media.demo.cameras import random_camera
    >>> rng = np.random.default_rng(1)
    >>> scene = random_scene(rng, random_camera(rng, (64, 48)), "safe")
    >>> scene.clouds.shape
    (96, 128)
    """
    severity = rng.beta(*SEVERITY[label])
    kind = rng.choice(KINDS[label])
    height, width = camera.gain.shape[:2]
    x = rng.uniform(0.3, 0.7)
    flame = None
    if kind == "fire":
        size = 0.15 + 0.5 * severity
        flame = Flame(x, rng.uniform(0.6, 0.9), size, 2 + 5 * severity)
    elif kind == "lights" and rng.random() < 0.35:  # a brazier: contained and calm
        flame = Flame(x, rng.uniform(0.6, 0.9), 0.08 + 0.25 * severity, 0.8 + severity)
    smoky = kind in ("fire", "fight", "threat") or flame is not None
    n_pieces = rng.poisson((60 if label == "harmful" else 20) * severity)
    return Scene(
        camera=camera,
        background=_littered(rng, camera, x, n_pieces),
        actors=_actors(rng, camera, kind, severity, x),
        flame=flame,
        lights=_lights(rng, camera, severity, kind),
        smoke=severity * rng.uniform(0.2, 0.75) if smoky else 0.25 * severity * rng.random(),
        clouds=smooth_noise(rng, (2 * width, 2 * height), 24),
        grain=rng.standard_normal((2 * height, 2 * width), dtype=np.float32),
        ball=kind == "play",
    )


def _actors(
    rng: np.random.Generator, camera: Camera, kind: str, severity: float, x: float
) -> tuple[Actor, ...]:
    """Draw the people of a scene, sorted from far to near."""
    low, high = {"fire": (0, 3), "fight": (2, 5), "lights": (0, 3), "walk": (1, 5)}.get(
        kind, (2, 4)
    )
    count = int(rng.integers(low, high))
    together = kind in ("fight", "threat", "embrace")
    gap = {"fight": 0.2 - 0.13 * severity, "threat": 0.24 - 0.1 * severity, "embrace": 0.07}
    y = rng.uniform(camera.horizon + 0.3, 0.97)
    actors = []
    for i in range(count):
        if kind in ("fire", "lights"):  # nobody stands in the flames
            facing = int(rng.choice([-1, 1]))
            place = x + facing * rng.uniform(0.22, 0.4), rng.uniform(camera.horizon + 0.2, 0.97)
        elif together:
            place = x + gap[kind] * (i - (count - 1) / 2), y + rng.normal(0, 0.015)
            facing = 1 if i < count / 2 else -1
        else:
            place = (i + rng.uniform(0.2, 0.8)) / count, rng.uniform(camera.horizon + 0.2, 0.97)
            facing = int(rng.choice([-1, 1]))
        actors.append(_actor(rng, camera, kind, severity, place, facing, leads=i == 0))
    return tuple(sorted(actors, key=lambda actor: actor.y))


def _actor(
    rng: np.random.Generator,
    camera: Camera,
    kind: str,
    severity: float,
    place: tuple[float, float],
    facing: int,
    *,
    leads: bool,
) -> Actor:
    calm = rng.uniform(0.6, 1.5)
    violent = kind in ("fight", "threat")
    rest, swing, freq_hz, prop = {
        "fire": (STAND, STEP * 1.4, 1.2 + 1.5 * severity, ""),
        "fight": (GUARD, STRIKE * (0.25 + 0.8 * severity), 0.8 + 1.8 * severity, ""),
        "threat": (AIM, STRIKE * 0.7 * severity, 0.7 + 2 * severity, "blade"),
        "walk": (STAND, STEP, calm, rng.choice(["", "bag", "umbrella", "cane"])),
        "embrace": (HUG, SWAY * (1 + 2 * severity), 0.5 * calm, ""),
        "lights": (STAND, SWAY, 0.4 * calm, rng.choice(["", "bag"])),
        "play": (GUARD * 0.5, STRIKE * (0.3 + severity), 0.9 + 1.8 * severity, ""),
    }[kind]
    if kind == "threat" and not leads:
        rest, swing, prop = HANDS_UP, SWAY * (1 + 4 * severity), ""
    in_step = np.zeros(9) if kind in ("walk", "fire") else rng.uniform(0, 2 * np.pi, 9)
    depth = (place[1] - camera.horizon) / (1 - camera.horizon)
    return Actor(
        *place,
        height=(0.22 + 0.38 * depth) * rng.uniform(0.9, 1.1),
        facing=facing,
        rest=rest + rng.normal(0, 0.12 + 0.25 * severity * violent, 9),
        swing=swing,
        phase=in_step + rng.uniform(0, 2 * np.pi),
        freq_hz=freq_hz * rng.uniform(0.85, 1.15),
        snap=severity if violent else 0.0,
        drift_per_sec={"walk": 0.1 * calm, "fire": 0.05 + 0.2 * severity}.get(kind, 0.0),
        lunge={"fight": 0.07, "threat": 0.04, "play": 0.09}.get(kind, 0.004) * severity,
        colours=(_cloth(rng), _cloth(rng)),
        prop=str(prop),
        prop_length=rng.uniform(0.2, 0.3) + 0.2 * severity,
    )


def _cloth(rng: np.random.Generator) -> Colour:
    return tuple(int(v) for v in rng.uniform(30, 175) + rng.normal(0, 28, 3))


def _lights(
    rng: np.random.Generator, camera: Camera, severity: float, kind: str
) -> tuple[Pixels, ...]:
    """Draw warm lamps or a low sun, or red alarms and neon: maps of light to add to a frame."""
    red, warm = LIGHTS.get(kind, (0.1, 0.1))
    chance = rng.random()
    if chance > red + warm:
        return ()
    colour = np.array([190, 25, 30] if chance < red else [230, 140, 40], np.float32)
    height, width = camera.gain.shape[:2]
    yy, xx = np.mgrid[0:height, 0:width].astype(np.float32) / height
    maps = []
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0, width / height), rng.uniform(0.02, 0.6 * camera.horizon)
        near = ((xx - x) ** 2 + (yy - y) ** 2) / rng.uniform(0.02, 0.03) ** 2
        lamp = 1 / (1 + near) ** 2 + severity * 0.5 / (1 + near / 100)  # its disc and its halo
        maps.append(lamp[..., None] * colour)
    return tuple(maps)


def _littered(rng: np.random.Generator, camera: Camera, x: float, n_pieces: int) -> Image.Image:
    """Draw shards on a copy of the camera's background, scattered on the ground around x."""
    image = camera.background.copy()
    draw = ImageDraw.Draw(image)
    for _ in range(n_pieces):
        centre = [x + rng.normal(0, 0.2), rng.uniform(camera.horizon + 0.1, 1)]
        corners = (centre + rng.normal(0, 0.018, (3, 2)) * [0.75, 1]) * image.size
        grey = int(rng.choice([35, 60, 215]) + rng.integers(30))
        draw.polygon([tuple(corner) for corner in corners], fill=(grey,) * 3)
    return image
