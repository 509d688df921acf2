"""What the demo set shows: cameras, stylised people, flames, and how they move.

A scene is a pure function of a generator: `random_camera(rng, size)` once a camera, then
`random_scene(rng, camera, label)` once an item; `demo_drawing.render` draws its frames. Lengths
are fractions of the frame's height (x: of its width), so images and videos share one code.

The label fixes which kind of scene is drawn; how strong its cues are (speed, closeness, flame,
smoke, debris) comes from a severity in (0, 1) whose distributions for the two labels overlap.
Nothing else separates the classes: cameras, light and noise are drawn without the label.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

SEVERITY = {"harmful": (4.5, 1.5), "safe": (1.5, 4.5)}  # Beta(a, b): means 0.75 and 0.25
KINDS = {
    "harmful": ("fire", "fight", "fight", "threat"),
    "safe": ("walk", "walk", "embrace", "lights", "play"),
}
LIGHTS = {"lights": (0.0, 1.0), "fight": (0.85, 0.05), "threat": (0.85, 0.05)}  # P(red), P(warm)
SUPERSAMPLING = 2  # shapes are drawn at twice the size, which smooths their edges

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
class Camera:
    """One fixed camera: its view and its optics.

    background: RGB image at SUPERSAMPLING times the frame size. horizon: where the ground begins,
    fraction of the height. gain: (h, w, 3) float32, light, colour cast and vignette together.
    """

    background: Image.Image
    horizon: float
    gain: np.ndarray
    noise: float  # standard deviation in grey levels
    infrared: bool
    quality: int  # JPEG quality, and the x264 rate factor derives from it


@dataclass(frozen=True)
class Actor:
    """A person: joint angles swing around `rest`, the body drifts and lunges."""

    x: float
    y: float
    height: float
    facing: int  # +1 right, -1 left
    rest: np.ndarray
    swing: np.ndarray
    phase: np.ndarray
    freq_hz: float
    snap: float  # 0: sinusoidal; 1: abrupt, nearly a square wave
    drift_per_sec: float
    lunge: float
    colours: tuple
    prop: str
    prop_length: float


@dataclass(frozen=True)
class Scene:
    """One item before its camera, with all its randomness drawn except the sensor's noise."""

    camera: Camera
    background: Image.Image  # the camera's, with this scene's litter on the ground
    actors: tuple[Actor, ...]
    flame: "Flame | None"
    lights: tuple[np.ndarray, ...]  # each (h, w, 3), added to the frame
    smoke: float  # opacity 0..1
    clouds: np.ndarray  # (2h, 2w) smooth noise in 0..1 that flames and smoke scroll through
    grain: np.ndarray  # (2h, 2w) unit noise; each frame takes another window of it
    ball: bool


@dataclass(frozen=True)
class Flame:
    """A fire: the middle of its foot, and its height as a fraction of the frame's."""

    x: float
    y: float
    size: float
    flicker_hz: float


def random_camera(rng: np.random.Generator, size: tuple[int, int]) -> Camera:
    """Draw a camera for frames of `size` (width, height) pixels."""
    width, height = size
    horizon = rng.uniform(0.3, 0.5)
    light = rng.choice([1.0, 0.85, 0.7], p=[0.5, 0.3, 0.2])  # day, dusk, night
    cast = rng.normal(1.0, 0.03, 3)
    yy, xx = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    vignette = 1 - rng.uniform(0.05, 0.3) * (xx**2 + yy**2) / 2
    return Camera(
        background=_background(rng, (width * SUPERSAMPLING, height * SUPERSAMPLING), horizon),
        horizon=horizon,
        gain=(light * vignette[..., None] * cast).astype(np.float32),
        noise=rng.uniform(2, 7),
        infrared=bool(rng.random() < 0.1),
        quality=int(rng.integers(55, 90)),
    )


def _background(rng, size, horizon):
    """A wall or sky over a textured ground, with windows, parked cars or trees on the skyline."""
    width, height = size
    split = int(horizon * height)
    wall, ground = (rng.uniform(*span) + rng.normal(0, 6, 3) for span in ((125, 180), (90, 135)))
    rows = np.arange(height)[:, None, None] / height
    base = np.where(rows < horizon, wall * (0.8 + 0.5 * rows), ground * (0.75 + 0.35 * rows))
    texture = 14 * (smooth_noise(rng, size, 12) - 0.5) + 22 * (smooth_noise(rng, size, 70) - 0.5)
    pixels = np.broadcast_to(base, (height, width, 3)) + texture[..., None]
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image, "RGBA")
    kind = rng.choice(["windows", "cars", "trees"])
    for left in np.arange(rng.uniform(0, 0.1), 1, rng.uniform(0.14, 0.26)) * width:
        shade = tuple(int(v) for v in rng.uniform(40, 120, 3))
        if kind == "windows":
            box = (left, split * 0.25, left + 0.08 * width, split * 0.7)
            draw.rectangle(box, fill=(*shade, 200), outline=(230, 230, 225, 150), width=3)
        elif kind == "cars":
            box = (left, split - 0.07 * height, left + 0.13 * width, split + 0.02 * height)
            draw.rounded_rectangle(box, 0.03 * height, fill=shade)
        else:
            box = (left, split * 0.2, left + 0.12 * width, split * 0.85)
            draw.line(
                (left + 0.06 * width, split * 0.6, left + 0.06 * width, split), (70, 55, 40), 8
            )
            draw.ellipse(box, fill=(40, int(rng.uniform(70, 120)), 45, 235))
    for edge in np.arange(-0.5, 1.6, rng.uniform(0.2, 0.5)):  # lane or floor lines to one far point
        ends = (width * (0.5 + (edge - 0.5) * 0.5), split, width * (0.5 + (edge - 0.5) * 2), height)
        draw.line(ends, fill=(235, 235, 220, 45), width=4)
    return image


def smooth_noise(rng: np.random.Generator, size: tuple[int, int], cells: int) -> np.ndarray:
    """Float32 noise in 0..1 of shape (height, width), with about `cells` bumps across."""
    coarse = rng.random((max(2, cells * size[1] // size[0]), cells)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)).clip(0, 1)


def random_scene(rng: np.random.Generator, camera: Camera, label: str) -> Scene:
    """Draw an item of `label` ("harmful" or "safe") before a camera."""
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


def _actors(rng, camera, kind, severity, x):
    """People of a scene, sorted from far to near."""
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


def _actor(rng, camera, kind, severity, place, facing, leads):
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
        colours=tuple(
            tuple(int(v) for v in rng.uniform(30, 175) + rng.normal(0, 28, 3)) for _ in range(2)
        ),
        prop=str(prop),
        prop_length=rng.uniform(0.2, 0.3) + 0.2 * severity,
    )


def _lights(rng, camera, severity, kind):
    """Warm lamps or a low sun, or red alarms and neon: maps of light to add, each (h, w, 3)."""
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


def _littered(rng, camera, x, n_pieces):
    """The camera's background with shards scattered on the ground around x."""
    image = camera.background.copy()
    draw = ImageDraw.Draw(image)
    for _ in range(n_pieces):
        centre = [x + rng.normal(0, 0.2), rng.uniform(camera.horizon + 0.1, 1)]
        corners = (centre + rng.normal(0, 0.018, (3, 2)) * [0.75, 1]) * image.size
        grey = int(rng.choice([35, 60, 215]) + rng.integers(30))
        draw.polygon([tuple(corner) for corner in corners], fill=(grey,) * 3)
    return image
