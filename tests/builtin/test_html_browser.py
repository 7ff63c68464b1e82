"""The page of a job in a browser, as a person has it: from disk, without a network."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pages
import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
AXE = os.environ.get("KBATCH_AXE")
DRIVER = shutil.which("chromedriver")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are missing"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "window-size=1400,1000"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out with #")
    results = pages.Made(count=25)
    pages.write_outputs(folder, results)
    pages.make(folder, results)
    return folder / "report.html"


@pytest.fixture
def page(browser: Chrome, report: Path) -> Iterator[Chrome]:
    """The page, opened anew; at its end nothing was complained of and nothing left the disk."""
    logged(browser, "browser")
    logged(browser, "performance")
    browser.get("about:blank")
    browser.get(report.as_uri())
    browser.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
    yield browser
    assert logged(browser, "browser") == []
    asked = [
        message["params"]["request"]["url"]
        for entry in logged(browser, "performance")
        for message in [json.loads(entry["message"])["message"]]
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert report.as_uri() in asked
    top = report.parent.as_uri() + "/"
    assert [url for url in asked if not url.startswith((top, "data:", "blob:", "about:"))] == []


def logged(browser: Chrome, kind: str) -> list[dict[str, Any]]:
    """What was logged since it was last asked for."""
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return entries


def find(page: Chrome, selector: str) -> WebElement:
    return page.find_element(By.CSS_SELECTOR, selector)


def texts(page: Chrome, selector: str) -> list[str]:
    return [one.text for one in page.find_elements(By.CSS_SELECTOR, selector)]


def until(page: Chrome, script: str) -> Any:
    return WebDriverWait(page, 10).until(lambda _: page.execute_script(f"return {script}"))


def go_to(page: Chrome, selector: str) -> WebElement:
    node = find(page, selector)
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", node)
    return node


def media(page: Chrome, **features: str) -> None:
    wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})


def brightness(page: Chrome) -> int:
    color = find(page, "body").value_of_css_property("background-color")
    return int(color.split("(")[1].split(",")[0])


def test_every_result_is_shown_whatever_it_is_called(page: Chrome) -> None:
    assert texts(page, ".card h3")[: len(pages.NAMES)] == [
        name.replace("\udce9", "\ufffd") for name in pages.NAMES
    ]
    images = ".card .stage img, .card .thumb img"
    page.execute_script(
        f"for (const one of document.querySelectorAll('{images}')) one.loading = 'eager'"
    )
    until(page, f"[...document.querySelectorAll('{images}')].every((one) => one.complete)")
    widths = page.execute_script(
        f"return [...document.querySelectorAll('{images}')].map((one) => one.naturalWidth)"
    )
    assert set(widths) == {90}
    assert len(widths) == 10 * (2 + 7)


def test_the_slider_follows_keys_and_pointer(page: Chrome) -> None:
    handle = go_to(page, ".card .handle")
    source = find(page, ".card .source")
    clip = source.value_of_css_property("clip-path")

    def at() -> int:
        return int(str(handle.get_attribute("aria-valuenow")))

    assert at() == 50
    handle.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert at() == 54
    handle.send_keys(Keys.PAGE_DOWN)
    assert at() == 44
    handle.send_keys(Keys.END)
    assert at() == 100
    handle.send_keys(Keys.HOME)
    assert at() == 0
    assert source.value_of_css_property("clip-path") != clip
    handle.send_keys(*[Keys.PAGE_UP] * 5)
    width = find(page, ".card .stage").size["width"]
    ActionChains(page).drag_and_drop_by_offset(handle, round(width / 4), 0).perform()
    assert abs(at() - 75) <= 1
    ActionChains(page).drag_and_drop_by_offset(handle, -round(width * 0.8), 0).perform()
    assert at() == 0


def test_zoom_keeps_pixels_crisp(page: Chrome) -> None:
    go_to(page, ".card .viewer")
    stage = find(page, ".card .stage")
    until(page, "document.querySelector('.card .result').naturalWidth")
    for times in (1, 4, 8):
        find(page, f".card [data-value='{times}']").click()
        assert stage.size["width"] == 90 * times
    assert find(page, ".card .result").value_of_css_property("image-rendering") == "pixelated"


def test_the_error_map_is_black_where_nothing_differs(page: Chrome) -> None:
    from PIL import Image

    go_to(page, ".card .viewer")
    assert not find(page, ".card .heat").is_displayed()
    find(page, ".card [data-value=difference]").click()
    assert find(page, ".card .heat").is_displayed()

    def means() -> list[float]:
        import io

        import numpy as np

        shot = Image.open(io.BytesIO(find(page, ".card .stage").screenshot_as_png))
        mean: list[float] = np.asarray(shot.convert("RGB")).mean(axis=(0, 1)).tolist()
        return mean

    assert max(means()) > 60  # three entries
    source = find(page, ".card .source")
    result = find(page, ".card .result")
    page.execute_script("arguments[0].src = arguments[1].src", result, source)
    until(page, "document.querySelector('.card .result').complete")
    assert max(means()) < 2


def test_a_click_on_a_result_shows_it(page: Chrome) -> None:
    go_to(page, ".card .strip")
    buttons = page.find_elements(By.CSS_SELECTOR, ".card:first-of-type button.thumb")
    buttons[-1].click()
    assert buttons[-1].get_attribute("aria-pressed") == "true"
    assert find(page, ".card .facts h4").text == "K48_L1"
    assert str(find(page, ".card .result").get_attribute("src")).endswith("plain_K48_L1.png")
    assert len(texts(page, ".card:first-of-type .swatch")) == 48


def test_a_click_on_a_swatch_copies_its_colour(page: Chrome) -> None:
    swatch = go_to(page, ".card .swatch")
    swatch.click()
    hexadecimal = str(swatch.get_attribute("title"))[:7]
    assert until(page, "document.querySelector('#said').textContent") == f"Copied {hexadecimal}"
    field = go_to(page, "[data-results-bar] input")
    field.send_keys(Keys.CONTROL, "v")
    assert field.get_attribute("value") == hexadecimal
    assert texts(page, ".card .swatch .share")[0].endswith("%")


def test_tables_are_sorted_by_a_click_on_a_heading(page: Chrome) -> None:
    labels = "[data-table=variants] tbody th"
    before = texts(page, labels)
    heads = page.find_elements(By.CSS_SELECTOR, "[data-table=variants] thead th")
    ratio = next(head for head in heads if head.text.startswith("Ratio"))
    go_to(page, "[data-table=variants]")
    ratio.find_element(By.TAG_NAME, "button").click()
    assert ratio.get_attribute("aria-sort") == "ascending"
    assert [label.split("_")[0] for label in texts(page, labels)] == [
        *("K48", "K48", "K12", "K12", "K3", "K3")
    ]
    ratio.find_element(By.TAG_NAME, "button").click()
    assert ratio.get_attribute("aria-sort") == "descending"
    assert [label.split(" ")[0] for label in texts(page, labels)] == [
        label.split(" ")[0] for label in before
    ]


def test_results_are_filtered_and_lead_to_their_picture(page: Chrome) -> None:
    field = go_to(page, "[data-results-bar] input")
    field.send_keys("PICTURE 00020")
    assert len(texts(page, "[data-table=results] tbody tr")) == 6
    find(page, "[data-results-bar] option[value=K12_L1]").click()
    assert len(texts(page, "[data-table=results] tbody tr")) == 1
    assert find(page, "[data-table=results] .pager").get_attribute("hidden") is not None
    find(page, "[data-table=results] tbody a").click()
    assert find(page, ".card:focus h3").text == "folder/picture 00020.png"
    assert find(page, ".card:focus .facts h4").text == "K12_L1"


def test_pictures_are_paged_filtered_and_sorted(page: Chrome) -> None:
    assert len(texts(page, ".card")) == 10
    go_to(page, "#pictures > .pager")
    assert "1–10 of 25 pictures" in find(page, "#pictures > .pager").text
    find(page, "#pictures > .pager button:nth-last-of-type(1)").click()
    assert len(texts(page, ".card")) == 5
    go_to(page, "[data-pictures-bar] input").send_keys("<IMG")
    assert texts(page, ".card h3") == [pages.EVIL]
    find(page, "[data-pictures-bar] input").send_keys(Keys.BACKSPACE * 4)
    find(page, "[data-pictures-bar] option[value='bytes down']").click()
    assert texts(page, ".card h3")[0] == "folder/picture 00024.png"


def test_a_link_to_a_picture_opens_its_page(page: Chrome) -> None:
    place = page.find_elements(By.CSS_SELECTOR, ".extremes a")[-1]
    name = place.text
    place.click()
    until(page, "document.activeElement.classList.contains('card')")
    assert find(page, ".card:focus h3").text == name


def test_light_and_dark_follow_the_system_and_the_switch(page: Chrome) -> None:
    media(page, prefers_color_scheme="light")
    assert brightness(page) > 200
    media(page, prefers_color_scheme="dark")
    assert brightness(page) < 60
    find(page, "#theme").click()
    assert find(page, "#theme").text == "Theme: light"
    assert brightness(page) > 200
    media(page, prefers_color_scheme="light")
    find(page, "#theme").click()
    assert brightness(page) < 60
    media(page)


@pytest.mark.parametrize("width", [400, 1400])
def test_nothing_sticks_out_at_the_side(page: Chrome, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        page.refresh()
        root = find(page, "html")
        assert int(str(root.get_property("scrollWidth"))) == root.get_property("clientWidth")
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_charts_have_a_title_a_text_and_their_figures(page: Chrome) -> None:
    charts = page.find_elements(By.CSS_SELECTOR, "#curves figure")
    assert len(charts) == 3
    for chart in charts:
        drawing = chart.find_element(By.CSS_SELECTOR, "svg[role=img]")
        for name in str(drawing.get_attribute("aria-labelledby")).split():
            assert page.execute_script("return document.getElementById(arguments[0])", name)
        assert len(chart.find_elements(By.CSS_SELECTOR, ".figures tbody tr")) == 6
    assert len(page.find_elements(By.CSS_SELECTOR, "#curves .knee")) == 4
    dashes = page.execute_script(
        "return [...document.querySelectorAll('#curves figure:first-child .chart .curve')]"
        ".map((one) => one.getAttribute('stroke-dasharray'))"
    )
    assert len(set(dashes)) == 2


@pytest.mark.skipif(not AXE, reason="KBATCH_AXE names no axe.min.js (npm pack axe-core)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(page: Chrome, scheme: str) -> None:
    media(page, prefers_color_scheme=scheme)
    find(page, "[data-pictures-bar] input").send_keys("plain")  # one is enough, it takes its time
    page.set_script_timeout(120)
    page.execute_script(Path(str(AXE)).read_text(encoding="utf-8"))
    found = page.execute_async_script(
        "const done = arguments[0]; axe.run().then((found) => done(found.violations));"
    )
    media(page)
    faults = [
        (fault["id"], [node["html"][:200] for node in fault["nodes"]][:3])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert faults == []


def test_what_is_not_there_is_told(browser: Chrome, tmp_path: Path) -> None:
    results = pages.Made(count=2)
    pages.write_outputs(tmp_path, results)
    (tmp_path / "plain_K3_L2.png").unlink()
    pages.make(tmp_path, results)
    browser.get((tmp_path / "report.html").as_uri())
    go_to(browser, ".card .strip")
    first = browser.find_elements(By.CSS_SELECTOR, ".card button.thumb")[0]
    assert "not there" in first.text
    browser.execute_script("arguments[0].click()", first)  # wherever it is scrolled to
    assert "not there any more" in find(browser, ".card .viewer .note").text
    assert logged(browser, "browser") == []
