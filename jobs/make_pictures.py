"""Draw the five demonstration pictures of kbatch into `jobs/pictures/`.

    sky.jpg      dusk over a bay: smooth gradients, clouds, the sun and its reflection
    parrots.png  two macaws before blurred foliage: saturated colours, feather by feather
    sphere.png   ray-traced balls with highlights, soft shadows and reflections
    text.png     a small poster: antialiased letters and colour ramps on a gradient
    glow.png     a glass badge with a soft shadow and a glow that fades to transparency

Run `python jobs/make_pictures.py`. It needs NumPy and Pillow only, and draws the same pixels on
each run. Pictures are arrays of floats (0 to 1), drawn at SCALE times their size and then reduced;
positions and lengths are given in pixels of the finished picture.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Array = NDArray[np.float64]
Value = Array | float
Place = Callable[[Array], Array]

FOLDER = Path(__file__).parent / "pictures"
WIDTH, HEIGHT, SCALE = 480, 320, 2
SHEET = (WIDTH * SCALE, HEIGHT * SCALE)


def points(rows: str) -> Array:
    """The numbers of "x,y x,y ...", one row for each point."""
    return np.array([[float(number) for number in row.split(",")] for row in rows.split()])


def grid() -> tuple[Array, Array]:
    """The x and y of every sample of a picture."""
    y, x = (np.mgrid[: SHEET[1], : SHEET[0]] + 0.5) / SCALE
    return x, y


def smoothstep(start: Value, end: Value, value: Value) -> Any:
    """0 before `start`, 1 after `end`, a smooth step between (`start` may exceed `end`)."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def ramp(stops: str, position: Value = 0) -> Array:
    """The colour at `position` (0 to 1) along evenly spaced "rrggbb" stops."""
    table = np.array([list(bytes.fromhex(stop)) for stop in stops.split()]) / 255
    places = np.linspace(0, 1, len(table))
    return np.stack([np.interp(position, places, channel) for channel in table.T], axis=-1)


def mix(below: Array, above: Array, opacity: Value) -> Array:
    """`above` laid over `below`, with an opacity for each sample."""
    return below + (above - below) * np.asarray(opacity)[..., None]


def noise(x: Array, y: Array, seed: int, octaves: int = 5) -> Array:
    """Fractal value noise, about 0 to 1, with features of size 1 and smaller."""
    lattice = np.random.default_rng(seed).random((256, 256))
    total = np.zeros(x.shape)
    for octave in range(octaves):
        u, v = x * 2**octave + 17.3 * octave, y * 2**octave + 9.1 * octave
        left, top = np.floor(u).astype(int), np.floor(v).astype(int)
        for i, j in ((0, 0), (1, 0), (0, 1), (1, 1)):
            nearness = smoothstep(1, 0, abs(u - left - i)) * smoothstep(1, 0, abs(v - top - j))
            total += lattice[(top + j) % 256, (left + i) % 256] * nearness * 0.5 ** (octave + 1)
    return total


def blur(plane: Array, radius: float, drop: int = 0) -> Array:
    """Gaussian blur (it wraps around), moved down by `drop`: the shadow of a shape."""
    rows, columns = (np.fft.fftfreq(size)[:, None] * SCALE for size in plane.shape)
    keep = np.exp(-2 * (np.pi * radius) ** 2 * (rows**2 + columns.T**2))
    return np.roll(np.fft.ifft2(np.fft.fft2(plane) * keep).real, drop * SCALE, axis=0)


def filled(corners: Array) -> Array:
    """The coverage (0 to 1) of the smooth (Catmull-Rom) shape through the corners."""
    before, here, after, beyond = (np.roll(corners, n, axis=0)[:, None] for n in (1, 0, -1, -2))
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    bend, twist = 2 * before - 5 * here + 4 * after - beyond, 3 * (here - after) + beyond - before
    curve = here + ((after - before) * t + bend * t**2 + twist * t**3) / 2
    sheet = Image.new("L", SHEET)
    ImageDraw.Draw(sheet).polygon([tuple(p) for p in curve.reshape(-1, 2) * SCALE], fill=255)
    return np.asarray(sheet.filter(ImageFilter.GaussianBlur(0.35 * SCALE))) / 255


def relief(shape: Array, roundness: float) -> Array:
    """The light (about 0.4 to 1.2) on a shape puffed up like a cushion and lit from above."""
    slope_y, slope_x = np.gradient(blur(shape, roundness) * roundness * SCALE * 2.2)
    facing = (0.25 * slope_x + 0.62 * slope_y + 0.75) / np.sqrt(slope_x**2 + slope_y**2 + 1)
    return 0.45 + 0.75 * np.maximum(facing, 0)


def finish(samples: Array) -> Image.Image:
    """The picture: every square of samples becomes a pixel."""
    return Image.fromarray(np.rint(samples.clip(0, 1) * 255).astype(np.uint8)).reduce(SCALE)


def evening_sky(x: Array, height: Array) -> Array:
    """The air at `height` above the horizon (both as shares of the picture's width)."""
    air = ramp("ffd27a ff9a5c f0697a a2508f 57408c 2b2c6b 171a48", (height / 0.44) ** 0.75)
    to_sun = np.hypot(x - 0.63, height - 0.055)
    air = mix(air, ramp("ffe9a8"), 0.75 * np.exp(-to_sun / 0.085))
    depth = 1 / (height + 0.11)
    across, along = (x - 0.5) * depth * 0.9, depth * 2.1
    density = noise(across, along, 5)
    lit = smoothstep(-0.1, 0.14, density - noise(across + 0.1 * (0.63 - x), along + 0.16, 5))
    warm = ramp("ffe0a0 ff9d6a f2708a b765a0", to_sun / 0.5)
    cloud = mix(ramp("d0607a 8a4a86 4a3a7c 2f3070", height / 0.4), warm, lit)
    return mix(air, cloud, 0.9 * smoothstep(0.46, 0.7, density) * smoothstep(0, 0.09, height))


def sky() -> Image.Image:
    """A bay at dusk: air, sun, hills, and water that mirrors them."""
    x, y = (axis / WIDTH for axis in grid())
    height, depth = 0.43 - y, np.maximum(y - 0.43, 1e-4)
    air = evening_sky(x, np.maximum(height, 0))
    air = mix(air, ramp("fffbe6"), smoothstep(24, 22, np.hypot(x - 0.63, height - 0.055) * 600))
    for rise, spread, seed, tone in ((0.11, 3, 3, "b0628c"), (0.08, 4.5, 8, "6d4380")):
        valley = 0.25 + 1.5 * smoothstep(0, 0.5, abs(x - 0.66) + 0.06)
        ridge = rise * valley * noise(x * spread, x * 0, seed, octaves=6)
        hazy = mix(ramp(tone), ramp("ff9a78"), 0.5 * smoothstep(0.06, 0, height))
        air = mix(air, hazy, smoothstep(-0.001, 0.001, ridge - height))
    nearness = 1 / (depth + 0.025)
    swell = noise((x - 0.5) * 1.3 * nearness, 3.2 * nearness, 12, octaves=4) - 0.5
    mirrored = evening_sky(x + 0.06 * swell, np.clip(depth * 0.9 + 0.2 * swell * depth**0.4, 0, 1))
    water = mix(mirrored * (0.92, 0.8, 0.82), ramp("231f5a"), 0.6 * smoothstep(0, 0.3, depth))
    path = np.exp(-(((x - 0.63) / (0.035 + 0.2 * depth)) ** 2))
    glitter = smoothstep(0.16, 0, abs(swell) + 0.22 * (1 - path) + 0.25 * depth)
    water = mix(water, ramp("ffe2a0"), path * (0.25 * path + 0.75 * glitter))
    grain = np.random.default_rng(1).normal(0, 0.012, x.shape)[..., None]
    return finish(np.where((height > 0)[..., None], air, water) + grain)


def foliage() -> Array:
    """Leaves and spots of light, the nearer the less out of focus."""
    rng = np.random.default_rng(7)
    scene = Image.new("RGB", SHEET, (10, 62, 44))
    for softness, count, size in ((24, 90, 130), (10, 50, 85), (4, 16, 70)):
        pen = ImageDraw.Draw(scene, "RGBA")
        for _ in range(count):
            root, angle = rng.uniform((-40, -40), SHEET), rng.uniform(0.1, 2.4)
            stem = size * rng.uniform(0.8, 1.8) * np.array((np.cos(angle), np.sin(angle)))
            side = 0.25 * stem[::-1] * (1, -1)
            leaf = (
                root
                + np.outer((0, 0.3, 0.6, 1, 0.6, 0.3), stem)
                + np.outer((0, 1, 1, 0, -1, -1), side)
            )
            tone = ramp("06231f 14563a 2f8a45 7cba4c c8dc6a", rng.beta(1.2, 2)) * 255
            pen.polygon([tuple(corner) for corner in leaf], (*tone.astype(int).tolist(), 180))
        scene = scene.filter(ImageFilter.GaussianBlur(softness))
    return np.asarray(scene) / 255


def paint_feather(canvas: Array, root: Array, way: Array, length: float, tone: Array) -> None:
    """Paint a feather that grows from `root`, and the shadow it casts on those below it."""
    centre = root + way * length / 2
    left, top = np.maximum((centre - length - 3) * SCALE, 0).astype(int)
    right, bottom = np.maximum((centre + length + 3) * SCALE, 0).astype(int)
    patch = canvas[top:bottom, left:right]
    rows, columns = np.indices(patch.shape[:2])
    x, y = (columns + left) / SCALE - root[0], (rows + top) / SCALE - root[1]
    along, across = (x * way[0] + y * way[1]) / length, (y * way[0] - x * way[1]) / length**0.5
    taper = np.where(along > 0.55, (along - 0.55) / 0.45, (0.55 - along) / 0.75)
    inside = 1 - (across / 0.9) ** 2 - taper**2.5
    light = 0.74 + 0.34 * along + 0.05 * np.sin(along * length * 1.9 + abs(across) * 4)
    light = light - 0.16 * np.exp(-((across / 0.12) ** 2)) + 0.16 * smoothstep(0.35, 0, inside)
    patch *= 1 - 0.33 * smoothstep(-0.7, 0.3, inside)[..., None]
    patch[:] = mix(patch, tone * light[..., None], smoothstep(0, 0.25, inside))


def paint_plumage(canvas: Array, part: tuple[str, str, int, int], tones: str, place: Place) -> None:
    """Cover a part of a bird with rings of feathers around its origin, the farthest first."""
    outline, origin = place(points(part[0])), place(points(part[1]))[0]
    region, rng = filled(outline), np.random.default_rng(3)
    light = relief(region, 8) * (region > 0.5)
    radius = farthest = np.hypot(*(outline - origin).T).max()
    ring = 0
    while radius > 3:
        length = part[2] + (part[3] - part[2]) * (radius / farthest) ** 1.7
        count = int(5 * radius / length**0.5)
        for angle in (np.arange(count) + ring % 2 / 2) * 2 * np.pi / count:
            way = np.array((np.cos(angle), np.sin(angle)))
            root = origin + way * radius
            column, row = (root * SCALE).astype(int).clip(0, np.array(SHEET) - 1)
            if light[row, column] > 0:
                tone = ramp(tones, radius / farthest + rng.normal(0, 0.012)) * rng.normal(1, 0.05)
                paint_feather(canvas, root, way, length, tone * light[row, column])
        radius -= 0.34 * length
        ring += 1


def paint_smooth(canvas: Array, outline: Array, tones: str, roundness: float) -> None:
    """Paint a smooth rounded part, such as a beak; the tones follow each other downwards."""
    shape, (_, y) = filled(outline), grid()
    light = relief(shape, roundness)
    tone = ramp(tones, (y - outline[:, 1].min()) / np.ptp(outline[:, 1]))
    canvas *= 1 - 0.5 * (blur(shape, 2.5) * (1 - shape))[..., None]
    tone = tone * light[..., None] + 0.3 * smoothstep(1.1, 1.2, light)[..., None]
    canvas[:] = mix(canvas, tone, shape)


# The parts of a bird that looks right: the outline, the point its feathers point away from, and
# the lengths of the nearest and of the farthest feather.
PARTS = {
    "tail": ("96,232 128,236 122,262 100,310 84,345 56,345 70,300 84,262", "150,120", 40, 70),
    "body": (
        "190,62 186,106 196,160 184,206 164,236 136,254 106,250 92,220 112,112",
        "180,70",
        7,
        15,
    ),
    "mantle": ("187,50 178,34 162,27 138,32 122,54 104,118 92,200 140,130 172,60", "186,72", 6, 14),
    "wing": (
        "126,112 152,114 172,140 168,180 122,250 92,290 78,292 82,250 102,148",
        "166,78",
        7,
        74,
    ),
}
FACE = "187,50 170,50 156,60 150,78 158,98 176,110 188,104 188,75"
BEAK = "184,48 198,45 214,54 224,72 224,92 217,112 217,112 211,98 203,89 190,90 183,80"
JAW = "184,90 200,92 208,103 200,115 186,111"
EYE = "7,0 5,5 0,7 -5,5 -7,0 -5,-5 0,-7 5,-5"
BRANCH = "-30,224 110,220 240,228 360,224 510,212 510,230 360,246 240,249 110,243 -30,250"
SCARLET = {
    "tail": "c01818 d01c1c d8242a 3a50b8 2f6fd8",
    "body": "e0281e d81e1c c81420 b01028",
    "mantle": "ea3420 dc2420 cc1a1c c01820",
    "wing": "d01818 d41c18 dc2a18 f2b418 ffd21c 52a83c 1c62c8 1c3fa8 1a2a80",
    "beak": "fff4dc e8d4b0 5a4a44",
    "lines": "c02020",
}
AZURE = {
    "tail": "1560b8 1a78d0 1c66c4 1848a8",
    "body": "f0b010 f8c018 fab410 f09a0c",
    "mantle": "3aa84a 28a078 1a90b8 1878d0 1868c8",
    "wing": "1c8cc0 1f94d8 1c88dc 2aa8d0 1a78d4 1858c0 20409c 1a2c78",
    "beak": "50484c 2a262c 141218",
    "lines": "202020",
}


def paint_parrot(canvas: Array, tones: dict[str, str], place: Place) -> None:
    """Paint a macaw: feathers, toes, face, beak and eye."""
    for name, part in PARTS.items():
        paint_plumage(canvas, part, tones[name], place)
    for toe in (130, 137, 144, 152, 159, 166):
        paint_smooth(canvas, place(points(EYE) * (0.5, 1.3) + (toe, 258)), "8a7e80 3a3438", 2)
    paint_smooth(canvas, place(points(FACE)), "fffaf0 f6e8dc e0c8bc", 5)
    paint_smooth(canvas, place(points(JAW)), "4a4448 1c1a20", 3)
    paint_smooth(canvas, place(points(BEAK)), tones["beak"], 5)
    for size, tone in ((1, "6a5a50"), (0.8, "f4e48a d8b040"), (0.46, "080608"), (0.15, "ffffff")):
        paint_smooth(canvas, place(points(EYE) * size + (169 - size, 67 + size)), tone, 1)


def parrots() -> Image.Image:
    """Two macaws that face each other."""
    canvas, (x, y) = foliage(), grid()
    paint_smooth(canvas, points(BRANCH), "8a6a48 6a4a32 3a2618", 5)
    bark = noise(x / 45, (y + 6 * np.sin(x / 70)) / 3.5, 2)
    canvas *= 1 + (filled(points(BRANCH)) * (1.3 * bark - 0.8))[..., None]
    paint_parrot(canvas, SCARLET, lambda p: p * 0.86 + (26, 0))
    paint_parrot(canvas, AZURE, lambda p: p * (-0.86, 0.86) + (452, 8))
    return finish(canvas)


# The ground and the balls on it: centre (right, up, away) and radius; then their paints.
BALLS = (
    "0,-999,0,999 .1,1.05,.6,1.05 -1.95,.72,.1,.72 1.95,.8,.3,.8 -.85,.36,-1.15,.36"
    " .95,.42,-1.1,.42 2.05,.24,-1.25,.24 -1.95,.24,-1.35,.24 -2.5,1,2.7,1 2.7,1.2,3,1.2"
)
PAINTS = "ffffff e8283c 2478f0 18b070 ffb414 9a3cd8 ff6a1e 20c8d8 f06aa8 6a5cf0"


def trace(origins: Array, rays: Array, bounces: int) -> Array:
    """The light that comes back along each ray."""
    balls, sun = points(BALLS), np.array((-0.52, 0.72, -0.46))
    dusk = ramp("e88c84 a8508c 4a3898 1c2470 0c1240", np.sqrt(np.maximum(rays[:, 1], 0)) * 1.7)
    dusk = dusk**2.2 + 0.7 * np.exp((rays @ sun - 1) * 9)[:, None]
    reach, hit = np.full(len(rays), 60.0), np.zeros(len(rays), int)
    for number, ball in enumerate(balls):
        towards = ball[:3] - origins
        ahead = np.vecdot(towards, rays)
        chord = ball[3] ** 2 - np.vecdot(towards, towards) + ahead**2
        distance = ahead - np.sqrt(np.maximum(chord, 0))
        nearer = (chord > 0) & (distance > 1e-4) & (distance < reach)
        reach[nearer], hit[nearer] = distance[nearer], number
    spots = origins + rays * reach[:, None]
    normals = (spots - balls[hit, :3]) / balls[hit, 3:]
    sunlight, skylight = np.maximum(normals @ sun, 0), np.ones(len(rays))
    for ball in balls[1:]:
        towards = ball[:3] - spots
        ahead, squared = towards @ sun, np.vecdot(towards, towards)
        gap = np.sqrt(np.maximum(squared - ahead**2, 0)) - ball[3]
        softness = 0.03 + 0.16 * np.maximum(ahead, 0)
        sunlight *= np.where(ahead > 0, smoothstep(-softness, softness, gap), 1)
        skylight *= 1 - np.clip(np.vecdot(normals, towards) * ball[3] ** 2 / squared**1.5, 0, 1)
    tiles = smoothstep(-0.02, 0.02, np.sin(spots[:, 0] * 2.6) * np.sin(spots[:, 2] * 2.6))
    paint = ramp(PAINTS, hit / (len(balls) - 1)) * ramp("8f86b8 f2e6dc", tiles + (hit > 0))
    light = np.outer(sunlight, (1.25, 1.12, 0.92)) + np.outer(skylight, (0.2, 0.22, 0.34))
    light *= paint**2.2
    cosine = np.vecdot(rays, normals)
    mirrored = rays - 2 * cosine[:, None] * normals
    light += 1.4 * (np.maximum(mirrored @ sun, 0) ** 90 * sunlight * (hit > 0))[:, None]
    if bounces:
        fresnel = 0.04 + 0.5 * (1 - abs(cosine)) ** 4
        light = mix(light, trace(spots + normals * 1e-3, mirrored, bounces - 1), fresnel)
    return mix(light, dusk, smoothstep(9, 50, reach))


def sphere() -> Image.Image:
    """Glossy balls on a tiled floor at dusk."""
    x, y = grid()
    rays = np.dstack((x / WIDTH - 0.5, 0.1 - y / WIDTH, np.full(x.shape, 1.45))).reshape(-1, 3)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    light = trace(np.array((0, 2.5, -8.8)), rays, bounces=2).reshape(*x.shape, 3)
    return finish((1 - np.exp(-1.75 * light)) ** (1 / 2.2))


def text() -> Image.Image:
    """A poster: the name, and a ramp of colours cut into K steps for each K."""
    x, y = grid()
    poster = ramp("1a1446 4b1f7a b02a82 f2604c ffb347", (x / WIDTH + y / HEIGHT) / 2)
    for left, top, size, tone in ((90, 40, 190, "2f6be0"), (430, 60, 150, "ff5fa2")):
        halo = np.exp(-((x - left) ** 2 + (y - top) ** 2) / size**2)
        poster = mix(poster, ramp(tone), 0.75 * halo)
    sheets = [Image.new("L", SHEET) for _ in range(3)]
    title, caption, tile = (ImageDraw.Draw(sheet) for sheet in sheets)
    large, small = (ImageFont.load_default(size * SCALE) for size in (132, 34))
    title.text((240 * SCALE, 104 * SCALE), "kbatch", 255, large, "mm", stroke_width=3 * SCALE)
    caption.text((52 * SCALE, 216 * SCALE), "K =", 255, small, "mm", stroke_width=1)
    counts = np.array((3, 6, 12, 24, 48))
    for left, count in zip(range(96, 480, 73), counts, strict=False):
        caption.text(
            ((left + 30) * SCALE, 216 * SCALE), str(count), 255, small, "mm", stroke_width=1
        )
        box = (left * SCALE, 248 * SCALE, (left + 60) * SCALE - 1, 276 * SCALE - 1)
        tile.rounded_rectangle(box, 6 * SCALE, fill=255)
    letters, numbers, tiles = (np.asarray(sheet) / 255 for sheet in sheets)
    poster *= 1 - (0.55 * blur(letters, 5, drop=6) + 0.4 * blur(tiles, 4))[..., None]
    poster = mix(poster, ramp("ffffff fff3d8 ffd28a", (y - 50) / 110), letters)
    poster = mix(poster, ramp("ffffff"), numbers)
    steps = counts[np.clip((x - 96) // 73, 0, 4).astype(int)]
    step = np.floor(np.clip((x - 96) % 73 / 60, 0, 0.999) * steps) / (steps - 1)
    return finish(mix(poster, ramp("2440e0 18b8e8 30d068 ffe030 ff7a20 f02860", step), tiles))


def glow() -> Image.Image:
    """A glass badge with a leaf, its shadow and its halo, on nothing."""
    x, y = grid()
    x, y = x - WIDTH / 2, y - HEIGHT / 2
    edge = (x**4 + (y + 8) ** 4) ** 0.25 - 64
    badge = smoothstep(0.6, -0.6, edge)
    spectrum = ramp("2ee6f0 3a86ff 7a3cf0 e83ca8 ff7a3c", (x + y + 128) / 240)
    rim = smoothstep(-3.4, -2.2, edge) * smoothstep(-0.6, -1.8, edge)
    glass = mix(spectrum, ramp("ffffff"), rim * (0.2 + 0.6 * smoothstep(12, -68, y)))
    along, bow = (x - y - 12) / 71, (x + y + 8) / 2**0.5
    bow = abs(bow - 5 * (1 - along**2))
    blade = (1 - along**2) * (34 - 11 * along) - bow
    stem = np.where(abs(along + 1.1) < 0.3, 2.2 - bow, -2)
    leaf = smoothstep(-0.6, 0.6, np.maximum(blade, stem))
    veins = smoothstep(1.4, 0.2, abs((along * 50 - bow * 0.9) % 13 - 6.5))
    rib = smoothstep(0.7, -0.5, bow - 1.3 * (1 - along))
    green = ramp("f4ffd0 b8f56a 3ccf7a 10a080", (y - x + 70) / 150)
    green = green * (1 - 0.08 * veins - 0.3 * rib)[..., None]
    glass = mix(glass * (1 - 0.5 * blur(leaf, 4, drop=4))[..., None], green, leaf)
    dome = smoothstep(1.01, 0.99, np.hypot(x / 100, (y + 76) / 64)) * smoothstep(-3, -5, edge)
    glass = mix(glass, ramp("ffffff"), dome * (0.4 - 0.3 * smoothstep(-68, -12, y)))
    halo, shadow = 0.8 * smoothstep(48, 0, edge) ** 2.2, 0.6 * blur(badge, 8, drop=16)
    opacity = 1 - (1 - badge) * (1 - halo) * (1 - shadow)
    colour = mix(spectrum * (halo / np.maximum(opacity, 1e-6))[..., None], glass, badge)
    return finish(np.dstack((colour, opacity))).crop((112, 32, 368, 288))


def main() -> None:
    """Write every picture."""
    FOLDER.mkdir(exist_ok=True)
    sky().save(FOLDER / "sky.jpg", quality=88, optimize=True)
    for draw in (parrots, sphere, text, glow):
        draw().save(FOLDER / f"{draw.__name__}.png", optimize=True)


if __name__ == "__main__":
    main()
