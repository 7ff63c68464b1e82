"""Draw the demonstration pictures: sky.jpg, parrots.png, sphere.png, text.png, glow.png.

Run `python jobs/make_pictures.py`: it writes the same pixels into `jobs/pictures/` on each run. A
picture is drawn in floats (0 to 1) at SCALE times its size; lengths are in pixels of the result.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Array = NDArray[np.float64]
WIDTH, HEIGHT, SCALE = 480, 320, 2
SHEET = (WIDTH * SCALE, HEIGHT * SCALE)


def points(rows: str) -> Array:
    """The numbers of "x,y x,y ...", one row for each point."""
    return np.array([[float(number) for number in row.split(",")] for row in rows.split()])


def smoothstep(start: Array | float, end: Array | float, value: Array | float) -> Any:
    """0 before `start`, 1 after `end`, a smooth step between (`start` may exceed `end`)."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return t * t * (3 - 2 * t)


def ramp(stops: str, position: Array | float = 0) -> Array:
    """The colour at `position` (0 to 1) along evenly spaced "rrggbb" stops."""
    table = np.array([list(bytes.fromhex(stop)) for stop in stops.split()]) / 255
    places = np.linspace(0, 1, len(table))
    return np.stack([np.interp(position, places, channel) for channel in table.T], axis=-1)


def mix(below: Array, above: Array, opacity: Array) -> Array:
    """`above` laid over `below`, with an opacity for each sample."""
    return np.asarray(below + (above - below) * opacity[..., None])


def noise(x: Array, y: Array, seed: int) -> Array:
    """Fractal value noise, about 0 to 1, with features of size 1 and smaller."""
    lattice, total = np.random.default_rng(seed).random((256, 256)), np.zeros(x.shape)
    for octave in range(5):
        u, v = x * 2**octave + 17.3 * octave, y * 2**octave + 9.1 * octave
        left, top = np.floor(u).astype(int), np.floor(v).astype(int)
        for i, j in ((0, 0), (1, 0), (0, 1), (1, 1)):
            weight = smoothstep(1, 0, abs(u - left - i)) * smoothstep(1, 0, abs(v - top - j))
            total += lattice[(top + j) % 256, (left + i) % 256] * weight / 2 ** (octave + 1)
    return total


def blur(plane: Array, radius: float, drop: int = 0) -> Array:
    """Gaussian blur (it wraps around), moved down by `drop` as the shadow of a shape is."""
    rows, columns = (np.fft.fftfreq(size)[:, None] * SCALE for size in plane.shape)
    keep = np.exp(-2 * (np.pi * radius) ** 2 * (rows**2 + columns.T**2))
    return np.roll(np.fft.ifft2(np.fft.fft2(plane) * keep).real, drop * SCALE, axis=0)


def cushion(corners: Array, roundness: float) -> tuple[Array, Array]:
    """The smooth shape through the corners: its coverage, and the light on it if puffed up."""
    before, here, after, beyond = (np.roll(corners, n, axis=0)[:, None] for n in (1, 0, -1, -2))
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]  # along each Catmull-Rom piece
    bend, twist = 2 * before - 5 * here + 4 * after - beyond, 3 * (here - after) + beyond - before
    curve = here + ((after - before) * t + bend * t**2 + twist * t**3) / 2
    sheet = Image.new("L", SHEET)
    ImageDraw.Draw(sheet).polygon([tuple(p) for p in curve.reshape(-1, 2) * SCALE], fill=255)
    shape = np.asarray(sheet.filter(ImageFilter.GaussianBlur(0.35 * SCALE))) / 255
    slope_y, slope_x = np.gradient(blur(shape, roundness) * roundness * SCALE * 2.2)
    facing = (0.66 * slope_y + 0.75) / np.sqrt(slope_x**2 + slope_y**2 + 1)
    return shape, 0.45 + 0.75 * np.maximum(facing, 0) + 0.3 * smoothstep(0.87, 1, facing)


def finish(samples: Array) -> Image.Image:
    """The picture: every square of samples becomes a pixel."""
    return Image.fromarray(np.rint(samples.clip(0, 1) * 255).astype(np.uint8)).reduce(SCALE)


def evening_air(x: Array, height: Array) -> Array:
    """The sky and its clouds at `height` above the horizon, in shares of the picture's width."""
    to_sun, depth = np.hypot(x - 0.63, height - 0.055), 1 / (height + 0.11)
    air = ramp("ffd27a ff9a5c f0697a a2508f 57408c 2b2c6b 171a48", (height / 0.44) ** 0.75)
    air = mix(air, ramp("ffe9a8"), 0.75 * np.exp(-to_sun / 0.085))
    across, along = (x - 0.5) * depth * 0.9, depth * 2.1
    density = noise(across, along, 5)
    lit = smoothstep(-0.1, 0.14, density - noise(across + 0.1 * (0.63 - x), along + 0.16, 5))
    cloud = mix(ramp("c4607e 3a3478", height * 3), ramp("ffdc98 f2708a b765a0", to_sun * 2), lit)
    return mix(air, cloud, 0.9 * smoothstep(0.46, 0.7, density) * smoothstep(0, 0.09, height))


def sky(x: Array, y: Array) -> Image.Image:
    """A bay at dusk: air, sun, hills, and water that mirrors them."""
    x, height, depth = x / WIDTH, 0.43 - y / WIDTH, np.maximum(y / WIDTH - 0.43, 1e-4)
    air = evening_air(x, np.maximum(height, 0))
    air = mix(air, ramp("fffbe6"), smoothstep(0.039, 0.036, np.hypot(x - 0.63, height - 0.055)))
    for rise, spread, seed, tone in ((0.12, 3, 11, "b0628c"), (0.08, 4.5, 19, "6d4380")):
        ridge = rise * (0.2 + 3 * abs(x - 0.66)) * noise(x * spread, x * 0, seed)
        hazy = ramp(f"{tone} ff9a78", 0.5 * smoothstep(0.06, 0, height))
        air = mix(air, hazy, smoothstep(-0.001, 0.001, ridge - height))
    swell = noise((x - 0.5) * 1.3 / (depth + 0.025), 3.2 / (depth + 0.025), 12) - 0.5
    water = evening_air(x + 0.06 * swell, np.clip(depth * 0.9 + 0.2 * swell * depth**0.4, 0, 1))
    water = mix(water * (0.92, 0.8, 0.82), ramp("231f5a"), 0.6 * smoothstep(0, 0.3, depth))
    path = np.exp(-(((x - 0.63) / (0.035 + 0.2 * depth)) ** 2))
    glitter = smoothstep(0.16, 0, abs(swell) + 0.22 * (1 - path) + 0.25 * depth)
    water = mix(water, ramp("ffe2a0"), path * (0.25 * path + 0.75 * glitter))
    return finish(np.where(height[..., None] > 0, air, water))


def paint_feather(canvas: Array, root: Array, way: Array, length: float, tone: Array) -> None:
    """Paint a feather that grows from `root`, and the shadow it casts on those below it."""
    left, top = np.maximum((root + way * length / 2 - length - 3) * SCALE, 0).astype(int)
    size = int((length + 3) * 2 * SCALE)
    patch = canvas[top : top + size, left : left + size]
    rows, columns = np.indices(patch.shape[:2])
    x, y = (columns + left) / SCALE - root[0], (rows + top) / SCALE - root[1]
    along, across = (x * way[0] + y * way[1]) / length, (y * way[0] - x * way[1]) / length**0.5
    taper = abs(along - 0.55) / np.where(along > 0.55, 0.45, 0.75)
    inside = 1 - (across / 0.9) ** 2 - taper**2.5
    light = 0.74 + 0.34 * along + 0.05 * np.sin(along * length * 1.9 + abs(across) * 4)
    light = light - 0.16 * np.exp(-((across / 0.12) ** 2)) + 0.16 * smoothstep(0.35, 0, inside)
    patch *= 1 - 0.33 * smoothstep(-0.7, 0.3, inside)[..., None]
    patch[:] = mix(patch, tone * light[..., None], smoothstep(0, 0.25, inside))


def foliage() -> Array:
    """Long leaves, the nearer the less out of focus."""
    canvas, rng = np.full((*SHEET[::-1], 3), ramp("0a3e2c")), np.random.default_rng(7)
    for softness, count, size in ((11, 90, 110), (5, 50, 90), (2.2, 14, 70)):
        for _ in range(count):
            root, angle = rng.uniform((-40, -40), (WIDTH, HEIGHT)), rng.uniform(0.1, 2.4)
            way, length = np.array((np.cos(angle), np.sin(angle))), size * rng.uniform(0.6, 1.3)
            paint_feather(canvas, root, way, length, ramp("06231f 2f7a45 b8dc6a", rng.random()))
        canvas = np.dstack([blur(channel, softness) for channel in np.moveaxis(canvas, 2, 0)])
    return canvas


def paint_plumage(canvas: Array, part: tuple[str, str, int, int], tones: str) -> None:
    """Cover a part of a bird with feathers, the farthest first, spread as a sunflower's seeds."""
    outline, (origin,), rng = points(part[0]), points(part[1]), np.random.default_rng(3)
    shape, light = cushion(outline, 8)
    farthest = np.linalg.norm(outline - origin, axis=1).max()
    radius, angle = farthest, 0.0
    while radius > 3:
        length = part[2] + (part[3] - part[2]) * (radius / farthest) ** 1.7
        way = np.array((np.cos(angle), np.sin(angle)))
        root = origin + way * radius
        column, row = (root * SCALE).astype(int).clip(0, np.array(SHEET) - 1)
        if shape[row, column] > 0.5:
            tone = ramp(tones, radius / farthest + rng.normal(0, 0.012)) * rng.normal(1, 0.05)
            paint_feather(canvas, root, way, length, tone * light[row, column])
        radius, angle = radius - 0.068 * length**1.5 / radius, angle + 2.399963


def paint_smooth(canvas: Array, outline: Array, tones: str, roundness: float) -> None:
    """Paint a smooth rounded part, such as a beak; the tones follow each other downwards."""
    shape, light = cushion(outline, roundness)
    down = (np.arange(SHEET[1]) / SCALE - outline[:, 1].min()) / np.ptp(outline[:, 1])
    canvas *= 1 - 0.5 * (blur(shape, 2.5) * (1 - shape))[..., None]
    canvas[:] = mix(canvas, ramp(tones, down)[:, None] * light[..., None], shape)


# Each feathered part of a bird: its outline, the point its feathers point away from, and the
# lengths of the nearest and of the farthest feather. Then the tones of each part of each bird.
TAIL = "109,204 136,207 131,229 112,271 98,301 74,301 86,262 98,229", "155,107", 40, 70
BODY = "189,57 186,95 195,142 184,181 167,207 143,222 117,219 105,193 122,100", "181,64", 7, 15
MANTLE = "187,47 179,33 165,27 145,32 131,50 115,105 105,176 146,116 174,56", "186,66", 6, 14
WING = "134,100 157,102 174,124 170,159 131,219 105,253 93,255 97,219 114,131", "169,71", 7, 74
FACE = "187,47 172,47 160,56 155,71 162,88 177,99 188,93 188,68"
JAW = "184,81 198,83 205,93 198,103 186,99"
BEAK = "184,45 196,43 210,50 219,66 219,83 213,100 213,100 207,88 201,81 189,81 183,73"
DISC = "6,0 4.2,4.2 0,6 -4.2,4.2 -6,0 -4.2,-4.2 0,-6 4.2,-4.2"
BRANCH = "-30,224 110,220 240,228 360,224 510,212 510,230 360,246 240,249 110,243 -30,250"
SCARLET = "d02020", "e0281e b01028", "ea3420 c01820", "d41c18 dc2418 ffc81c 48a848 1c50c0 1a2a80"
AZURE = "1a78d0 1848a8", "f8c018 f09a0c", "30a05c 1868c8", "1c8cd0 1c84dc 2aa8d0 1860c8 1a2c78"


def paint_macaw(canvas: Array, plumage: tuple[str, ...], beak: str) -> None:
    """Paint a macaw that looks right: feathers, toes, face, beak and eye."""
    for part, tones in zip((TAIL, BODY, MANTLE, WING), plumage, strict=True):
        paint_plumage(canvas, part, tones)
    for toe in (136, 142, 148, 158, 164, 170):
        paint_smooth(canvas, points(DISC) * (0.5, 1.3) + (toe, 226), "8a7e80 3a3438", 2)
    for outline, tones in ((FACE, "fffaf0 f6e8dc e0c8bc"), (JAW, "4a4448 1c1a20"), (BEAK, beak)):
        paint_smooth(canvas, points(outline), tones, 4)
    for size, tone in ((1, "6a5a50"), (0.8, "f4e48a d8b040"), (0.46, "080608"), (0.15, "ffffff")):
        paint_smooth(canvas, points(DISC) * size + (171 - size, 61 + size), tone, 1)


def parrots(x: Array, y: Array) -> Image.Image:
    """Two macaws on a branch, face to face."""
    canvas = foliage()
    paint_smooth(canvas, points(BRANCH), "8a6a48 6a4a32 3a2618", 5)
    bark = cushion(points(BRANCH), 1)[0] * (1.3 * noise(x / 45, y / 3.5, 2) - 0.8)
    canvas *= 1 + bark[..., None]
    paint_macaw(canvas, SCARLET, "fff4dc e8d4b0 5a4a44")
    paint_macaw(canvas[:, ::-1], AZURE, "50484c 2a262c 141218")
    return finish(canvas)


# Centre (right, up, away) and radius of the ground and of the balls on it; then their paints.
BALLS = """0,-999,0,999 .1,1.05,.6,1.05 -1.95,.72,.1,.72 1.95,.8,.3,.8 -.85,.36,-1.15,.36
.95,.42,-1.1,.42 2.05,.24,-1.25,.24 -1.95,.24,-1.35,.24 -2.5,1,2.7,1 2.7,1.2,3,1.2"""
PAINTS = "ffffff e8283c 2478f0 18b070 ffb414 9a3cd8 ff6a1e 20c8d8 f06aa8 6a5cf0"


def trace(origins: Array, rays: Array, bounces: int) -> Array:
    """The light that comes back along each ray."""
    balls, sun, reach = points(BALLS), np.array((-0.52, 0.72, -0.46)), np.full(len(rays), 60.0)
    hit = np.zeros(len(rays), int)
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
        ahead, squared = np.maximum(towards @ sun, 0), np.vecdot(towards, towards)
        gap, soft = np.sqrt(np.maximum(squared - ahead**2, 0)) - ball[3], 0.03 + 0.16 * ahead
        sunlight *= smoothstep(-soft, soft, gap + (ahead == 0))
        skylight *= 1 - np.clip(np.vecdot(normals, towards) * ball[3] ** 2 / squared**1.5, 0, 1)
    tiles = smoothstep(-0.02, 0.02, np.sin(spots[:, 0] * 2.6) * np.sin(spots[:, 2] * 2.6))
    paint = np.where(hit[:, None] > 0, ramp(PAINTS, hit / 9), ramp("8f86b8 f2e6dc", tiles)) ** 2.2
    light = paint * (np.outer(sunlight, (1.2, 1.1, 0.9)) + np.outer(skylight, (0.2, 0.22, 0.34)))
    mirrored = rays - 2 * np.vecdot(rays, normals)[:, None] * normals
    light += (1.4 * np.clip(mirrored @ sun, 0, 1) ** 90 * sunlight * (hit > 0))[:, None]
    if bounces:
        fresnel = 0.04 + 0.5 * (1 - abs(np.vecdot(rays, normals)).clip(0, 1)) ** 4
        light = mix(light, trace(spots + normals * 1e-3, mirrored, bounces - 1), fresnel)
    dusk = ramp("e88c84 a8508c 4a3898 1c2470 0c1240", rays[:, 1] * 2.5 + 0.18) ** 2.2
    return mix(light, dusk, smoothstep(9, 50, reach))


def sphere(x: Array, y: Array) -> Image.Image:
    """Glossy balls on a tiled floor at dusk."""
    rays = np.dstack((x / WIDTH - 0.5, 0.1 - y / WIDTH, np.full(x.shape, 1.45))).reshape(-1, 3)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    light = trace(np.array((0, 2.5, -8.8)), rays, bounces=2).reshape(*x.shape, 3)
    return finish((1 - np.exp(-1.75 * light)) ** (1 / 2.2))


def text(x: Array, y: Array) -> Image.Image:
    """A poster: the name, and a ramp of colours cut into K steps for each K."""
    poster = ramp("1a1446 4b1f7a b02a82 f2604c ffb347", (x / WIDTH + y / HEIGHT) / 2)
    poster = mix(poster, ramp("2f6be0"), 0.75 * np.exp(-((x - 90) ** 2 + (y - 40) ** 2) / 36000))
    poster = mix(poster, ramp("ff5fa2"), 0.75 * np.exp(-((x - 430) ** 2 + (y - 60) ** 2) / 22500))
    sheet = Image.new("L", SHEET)
    pen, rows = ImageDraw.Draw(sheet), slice(248 * SCALE, 276 * SCALE)
    large, small = (ImageFont.load_default(size * SCALE) for size in (132, 34))
    pen.text((240 * SCALE, 104 * SCALE), "kbatch", 255, large, "mm", stroke_width=6)
    pen.text((52 * SCALE, 216 * SCALE), "K =", 255, small, "mm", stroke_width=1)
    for number, count in enumerate((3, 6, 12, 24, 48)):
        left, right = (96 + 73 * number) * SCALE, (156 + 73 * number) * SCALE
        pen.text(((left + right) / 2, 216 * SCALE), str(count), 255, small, "mm", stroke_width=1)
        steps = np.arange(right - left) * count // (right - left) / (count - 1)
        poster[rows, left:right] = ramp("2440e0 18b8e8 30d068 ffe030 f02860", steps)
    letters = np.asarray(sheet) / 255
    poster *= 1 - 0.55 * blur(letters, 5, drop=6)[..., None]
    return finish(mix(poster, ramp("ffffff fff3d8 ffe6b8", (y - 50) / 110), letters))


def glow(x: Array, y: Array) -> Image.Image:
    """A glass badge with a leaf, its shadow and its halo, on nothing."""
    x, y = x - WIDTH / 2, y - HEIGHT / 2
    edge = (x**4 + (y + 8) ** 4) ** 0.25 - 64
    badge, halo = smoothstep(0.6, -0.6, edge), 0.8 * smoothstep(48, 0, edge) ** 2.2
    spectrum = ramp("2ee6f0 3a86ff 7a3cf0 e83ca8 ff7a3c", (x + y + 128) / 240)
    rim = smoothstep(1.5, 0.4, abs(edge + 2)) * smoothstep(110, -90, y)
    glass = mix(spectrum, ramp("ffffff"), rim)
    along, across = (x - y - 12) / 71, (x + y + 8) / 2**0.5
    bow = abs(across - 5 * (1 - along**2))
    stem = np.where(abs(along + 1.1) < 0.3, 2.2 - bow, -2)
    leaf = smoothstep(-0.6, 0.6, np.maximum((1 - along**2) * (34 - 11 * along) - bow, stem))
    rib = 0.3 * smoothstep(0.7, -0.5, bow - 1.3 * (1 - along))
    green = ramp("f4ffd0 b8f56a 3ccf7a 10a080", (y - x + 70) / 150) * (1 - rib)[..., None]
    glass = mix(glass * (1 - 0.5 * blur(leaf, 4, drop=4))[..., None], green, leaf)
    dome = smoothstep(1.01, 0.99, np.hypot(x / 100, (y + 76) / 64)) * smoothstep(-3, -5, edge)
    glass = mix(glass, ramp("ffffff"), dome * (0.4 - 0.3 * smoothstep(-68, -12, y)))
    opacity = 1 - (1 - badge) * (1 - halo) * (1 - 0.6 * blur(badge, 8, drop=16))
    colour = mix(spectrum * (halo / np.maximum(opacity, 1e-6))[..., None], glass, badge)
    return finish(np.dstack((colour, opacity))).crop((112, 32, 368, 288))


def main() -> None:
    """Write every picture."""
    y, x = (np.indices(SHEET[::-1]) + 0.5) / SCALE
    folder = Path(__file__).parent / "pictures"
    folder.mkdir(exist_ok=True)
    sky(x, y).save(folder / "sky.jpg", quality=88, optimize=True)
    for draw in (parrots, sphere, text, glow):
        draw(x, y).save(folder / f"{draw.__name__}.png", optimize=True)


if __name__ == "__main__":
    main()
