"""Nothing sticks out, in light and dark, on a phone and on a desk."""

from __future__ import annotations

import pytest
from tests.web import script
from tests.web.pages import call, until

pytestmark = pytest.mark.browser

OVERFLOW = """() => [...document.querySelectorAll('body *')].filter((e) => {
  const box = e.getBoundingClientRect();
  return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
}).map((e) => e.id || e.className?.baseVal || e.className || e.tagName)"""


@pytest.mark.parametrize("size", [(1280, 800), (900, 700), (390, 844), (320, 640)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits(page, server, size, scheme) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    page.goto(server.url)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert page.evaluate(OVERFLOW) == []
    call(page, server)
    for number in (1, 2, 3):
        script.turn(server, number)
    server.send(script.final(9, "Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 4))
    until(page, "s.lines.length === 7 && s.ledgers.length === 3")
    assert page.evaluate(OVERFLOW) == []


def test_the_theme_can_be_chosen_and_is_kept(page, server) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(server.url)
    page.click("#theme")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.evaluate("localStorage.clear()")


def test_nothing_is_fetched_from_elsewhere(page, server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    call(page, server)
    assert asked
    assert [url for url in asked if not url.startswith(server.url)] == []
