"""A real browser for the page: what it logs and asks for is looked at after every test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OpenPage = Callable[..., "Page"]
Shoot = Callable[["Page", str], None]


def until(page: "Page", condition: str, arg: Any = None) -> None:
    """Wait for a condition; the driver's own waiting makes code of text, which the page forbids."""
    script = f"arg => {condition}"
    for _ in range(400):
        if page.evaluate(script, arg):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"{condition} did not come true with {arg!r}")


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """The distribution's Chromium, for a module: its driver leaves an event loop running."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: "Browser") -> "Iterator[OpenPage]":
    """Open an address; at the end nothing may have gone wrong, nor any other host been asked."""
    said: list[str] = []
    asked: list[str] = []
    hosts: set[str] = set()
    contexts = []

    def open_page(
        address: str,
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        password: str | None = None,
    ) -> "Page":
        context = browser.new_context(
            http_credentials={"username": "", "password": password} if password else None,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        hosts.add(address.split("/")[2])
        page.goto(address)
        page.wait_for_selector("#images .cell img, #mistake p")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == [], said
    assert {url.split("/")[2] for url in asked if not url.startswith("blob:")} <= hosts


@pytest.fixture
def shoot(tmp_path: Path) -> Shoot:
    """Keep what a page looks like; GALLERY_SCREENSHOTS=docs/images/gallery renews the docs'."""
    folder = Path(os.environ.get("GALLERY_SCREENSHOTS") or tmp_path).absolute()

    def shoot(page: "Page", name: str) -> None:
        until(page, "!document.querySelector('[aria-busy]')")
        until(
            page, "[...document.querySelectorAll('.cell img, .picture')].every(one => one.complete)"
        )
        page.screenshot(path=folder / f"{name}.jpg", type="jpeg", quality=55, animations="disabled")

    return shoot
