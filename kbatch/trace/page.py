"""A page with a slider over frames: one file, from which no request leaves."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape
from string import Template

_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 1rem auto; padding: 0 1rem; max-width: 70rem; }
h1 { font-size: 1.2rem; overflow-wrap: anywhere; }
img { display: block; max-width: 100%; }
form { display: flex; gap: 1rem; align-items: center; margin: 1rem 0; }
input { flex: 1; min-width: 0; }
button { font: inherit; min-width: 5rem; }
</style>
</head>
<body>
<main>
<h1>$title</h1>
<form>
<button type="button" id="play">Play</button>
<input type="range" id="slider" min="0" max="$last" value="0" aria-label="iteration">
</form>
<p id="told" role="status">$first</p>
<img id="frame" alt="$first" src="data:image/png;base64,$image">
</main>
<script>
const frames = $frames;
const [play, slider, told, frame] = ["play", "slider", "told", "frame"].map(
  id => document.getElementById(id));
let timer = 0;
function show() {
  const [text, image] = frames[slider.value];
  told.textContent = frame.alt = text;
  slider.setAttribute("aria-valuetext", text);
  frame.src = "data:image/png;base64," + image;
}
function stop() {
  clearInterval(timer);
  timer = 0;
  play.textContent = "Play";
}
function step() {
  if (+slider.value === +slider.max) return stop();
  slider.value = +slider.value + 1;
  show();
}
slider.addEventListener("input", () => { stop(); show(); });
play.addEventListener("click", () => {
  if (timer) return stop();
  if (+slider.value === +slider.max) { slider.value = 0; show(); }
  play.textContent = "Pause";
  timer = setInterval(step, $time);
});
</script>
</body>
</html>
""")


def page(title: str, frames: Sequence[tuple[str, bytes]], time: int) -> bytes:
    """Returns the page.

    Args:
        title: any text.
        frames: what each shows in words, and a PNG.
        time: milliseconds of each when they are played.
    """
    shown = [(text, base64.b64encode(png).decode()) for text, png in frames]
    # Base64 and our own words have nothing that could end a script, but it costs nothing to see to.
    data = json.dumps(shown).replace("<", "\\u003c")
    first, image = shown[0]
    return _PAGE.substitute(
        title=escape(title),
        last=len(shown) - 1,
        first=escape(first),
        image=image,
        frames=data,
        time=time,
    ).encode()
