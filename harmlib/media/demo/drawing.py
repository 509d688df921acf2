"""Draw the demo set's scenes: one frame at a time, with Pillow and numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import ImageDraw

from harmlib.media.demo.cameras import SUPERSAMPLING, Pixels
from harmlib.media.demo.scenes import Actor, Colour, Flame, Floats, Scene


def render(scene: Scene, t_sec: float, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw one frame of a scene.

    Parameters
    ----------
    scene : Scene
        What there is to see.
    t_sec : float
        When, in seconds from the scene's beginning.
    rng : Generator
        Draws the sensor's noise.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Examples
    --------
    >>> from harmlib.media.demo.cameras import random_camera
    >>> from harmlib.media.demo.scenes import random_scene
    >>> rng = np.random.default_rng(1)
    >>> scene = random_scene(rng, random_camera(rng, (64, 48)), "safe")
    >>> render(scene, 0.5, rng).shape
    (48, 64, 3)
    """
    camera = scene.camera
    canvas = scene.background.copy()
    draw = ImageDraw.Draw(canvas)
    for actor in scene.actors:
        _draw_actor(draw, canvas.size, actor, t_sec)
    if scene.ball:
        _draw_ball(draw, canvas.size, t_sec)
    frame: Pixels = np.asarray(canvas.reduce(SUPERSAMPLING)).astype(np.float32) * camera.gain
    for light in scene.lights:
        frame += light * (1 + 0.05 * np.sin(3 * t_sec))
    _add_smoke(frame, scene, t_sec)
    if scene.flame:
        _add_flame(frame, scene.flame, scene.clouds, t_sec)
    if camera.infrared:
        frame = np.repeat(frame.mean(2, keepdims=True), 3, axis=2)
    height, width = frame.shape[:2]
    top, left = rng.integers(0, (height, width))
    frame += camera.noise * scene.grain[top : top + height, left : left + width, None]
    return np.clip(frame, 0, 255).astype(np.uint8)


def _draw_actor(
    draw: ImageDraw.ImageDraw, size: tuple[int, int], actor: Actor, t_sec: float
) -> None:
    wave = np.sin(2 * np.pi * actor.freq_hz * t_sec + actor.phase)
    sharp = 1 + 4 * actor.snap
    wave = np.tanh(sharp * wave) / np.tanh(sharp)
    lean, *limbs = actor.rest + actor.swing * wave
    unit = actor.height * size[1]
    shift = actor.facing * (actor.drift_per_sec * t_sec + actor.lunge * wave[0])

    def along(start: Floats, angle: float, length: float) -> Floats:
        # y grows downwards, so hanging down is +y
        return start + unit * length * np.array([actor.facing * np.sin(angle), np.cos(angle)])

    def bone(start: Floats, end: Floats, width: float, colour: Colour) -> None:
        draw.line((*start, *end), colour, max(1, round(width * unit)))
        for joint in (start, end):
            draw.circle(tuple(joint), width * unit / 2, colour)

    feet = np.array([(actor.x + shift) * size[0], actor.y * size[1]])
    shirt, trousers = actor.colours
    shadow = feet - np.array([0.22, 0.03]) * unit, feet + np.array([0.22, 0.04]) * unit
    draw.ellipse((*shadow[0], *shadow[1]), (48,) * 3)
    hip = feet - [0, 0.47 * unit]
    neck = along(hip, np.pi - lean, 0.34)
    for upper, lower in (limbs[4:6], limbs[6:8]):
        knee = along(hip, upper, 0.24)
        bone(hip, knee, 0.09, trousers)
        bone(knee, along(knee, lower, 0.23), 0.075, trousers)
    bone(neck + np.array([0, 0.05 * unit]), hip, 0.16, shirt)
    draw.circle(tuple(along(neck, np.pi - lean, 0.1)), 0.075 * unit, (200, 160, 130))
    for upper, lower in (limbs[2:4], limbs[0:2]):
        elbow = along(neck, upper, 0.18)
        hand = along(elbow, lower, 0.17)
        bone(neck, elbow, 0.07, tuple(int(0.85 * v) for v in shirt))
        bone(elbow, hand, 0.055, (200, 160, 130))
    _draw_prop(draw, actor, unit, hand, along(hand, limbs[1] + 0.3, actor.prop_length), neck)


def _draw_prop(
    draw: ImageDraw.ImageDraw, actor: Actor, unit: float, hand: Floats, tip: Floats, neck: Floats
) -> None:
    if actor.prop == "blade":
        draw.line((*hand, *tip), (30, 30, 34), max(2, round(0.06 * unit)))
        draw.line((*hand, *tip), (225, 228, 235), max(1, round(0.03 * unit)))
    elif actor.prop == "cane":
        draw.line(
            (*hand, hand[0] + 0.05 * unit, hand[1] + 0.4 * unit),
            (70, 50, 35),
            max(1, round(0.03 * unit)),
        )
    elif actor.prop == "bag":
        corner = hand + np.array([-0.08 * unit, 0.0])
        draw.rounded_rectangle((*corner, *(corner + 0.17 * unit)), 0.03 * unit, actor.colours[1])
    elif actor.prop == "umbrella":
        top = neck - [0, 0.3 * unit]
        draw.line((*hand, *top), (50, 50, 50), max(1, round(0.02 * unit)))
        draw.pieslice((*(top - 0.3 * unit), *(top + 0.3 * unit)), 180, 360, actor.colours[0])


def _draw_ball(draw: ImageDraw.ImageDraw, size: tuple[int, int], t_sec: float) -> None:
    x = 0.5 + 0.25 * np.sin(2.5 * t_sec)
    y = 0.85 - 0.3 * abs(np.sin(4 * t_sec))
    draw.circle((x * size[0], y * size[1]), 0.035 * size[1], (235, 120, 30))


def _add_smoke(frame: Pixels, scene: Scene, t_sec: float) -> None:
    """Blend a grey haze that rises slowly and is densest above the scene's middle. In place."""
    if scene.smoke < 0.02:
        return
    height, width = frame.shape[:2]
    top = int(0.25 * height * t_sec) % height
    fade = np.linspace(1, 0.25, height, dtype=np.float32)[:, None]
    alpha = scene.smoke * fade * scene.clouds[top : top + height, :width]
    frame += alpha[..., None] * (scene.camera.gain * 120 - frame)


def _add_flame(frame: Pixels, flame: Flame, clouds: Pixels, t_sec: float) -> None:
    """Blend flames, after scrolling noise shaped to a tongue, and their glow. In place."""
    height, width = frame.shape[:2]
    beat = 2 * np.pi * flame.flicker_hz * t_sec
    flicker = 1 + 0.12 * np.sin(beat) + 0.08 * np.sin(2.7 * beat + 1)
    yy, xx = np.mgrid[0:height, 0:width].astype(np.float32) / height
    across = (xx - flame.x * width / height) / (0.42 * flame.size)
    above = (flame.y - yy) / (flame.size * flicker)
    top = int(0.4 * flame.flicker_hz * height * t_sec) % height
    licks = clouds[top : top + height, width:]
    heat = 1.15 - np.abs(across) * (0.75 + above) - above + 1.1 * (licks - 0.5)
    heat = np.clip(heat - 9 * np.clip(-above, 0, 1), 0, 1)  # a rounded foot
    glow = 0.35 * flicker * flame.size / (1 + (across**2 + (above - 0.4) ** 2) / 2)
    frame += glow[..., None] * np.array([255, 110, 20], np.float32)
    colour = np.clip(heat[..., None] * 3.2 - np.array([-0.4, 0.7, 2.0], np.float32), 0, 1) * 255
    frame += np.clip(2.2 * heat, 0, 1)[..., None] * (colour - frame)
