"""How each view looks and is reached: light and dark, on a desk and on a phone, by eye, ear and hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.chrome import Chrome
from browser.conftest import log_in
from browser.site import ADMIN, Site
from selenium.webdriver.common.keys import Keys

_ACCESS = Path(__file__).with_name("access.js").read_text()
DRESSES = {"light": ("light", 1280, 900), "dark": ("dark", 1280, 900), "phone": ("light", 390, 844)}
DRESSES["phone-dark"] = ("dark", 390, 844)
VIEWS = {
    "overview": "/", "queues": "/queues", "queue": "/queues/mails", "jobs": "/jobs",
    "search": "/jobs?q=state:failed", "dead-letters": "/dlq", "scheduled": "/scheduled",
    "workers": "/workers", "server": "/server", "audit": "/audit",
    "keys": "/keys", "new-key": "/keys/new", "sign-out-all": "/sign-out-all",
    "submit": "/submit", "form": "/submit?type=mail",
    "confirm": "/bulk?action=cancel&q=state:scheduled&all=1",
    "nothing-here": "/nowhere", "no-match": "/jobs?q=type:nobody",
}  # fmt: skip


@pytest.fixture(scope="module")
def lively(site: Site) -> dict[str, str]:
    """More views: jobs in the states that look different. All kinds of trouble, as people have it."""
    errors = [
        "nobody answers at smtp.example.com",
        "550 mailbox ann@example.com is full",
        "the disk is full: /data",
    ]
    mails = [{"type": "mail", "queue": "mails", "payload": {"to": f"ann{n}@example.com"}} for n in range(40)]
    boom = [{"type": "boom", "payload": {"say": errors[n % 3]}, "max_retries": n % 2} for n in range(12)]
    later = [
        {"type": "mail", "in": 600 * n, "payload": {"to": "bob@example.com"}, "tags": ["night"]}
        for n in range(1, 9)
    ]
    ids = site.batch(*mails, *boom, *later)
    running = site.submit("steps", {"of": "a long way"})
    return {"completed": ids[0], "failed": ids[40], "retrying": ids[41], "later": ids[-1], "running": running}


@pytest.mark.parametrize("dress", DRESSES)
def test_each_view_fits_and_can_be_read_by_everybody(
    admin: Chrome, site: Site, lively: dict[str, str], pictures: Path, dress: str
) -> None:
    admin.dress(*DRESSES[dress])
    wrong = []
    jobs = {f"job-{state}": f"/jobs/{id}" for state, id in lively.items()}
    again = {"reschedule": f"/reschedule?job=default/{lively['later']}"}
    for name, path in (VIEWS | jobs | again).items():
        admin.open(path)
        admin.until(lambda: admin.all("main h1"))
        admin.driver.save_screenshot(str(pictures / f"{name}-{dress}.png"))
        wide = admin.run("return document.documentElement.scrollWidth")
        wrong += [f"{name}: wider than the screen: {wide}"] if wide > DRESSES[dress][1] else []
        wrong += [f"{name}: {one}" for one in admin.run(_ACCESS)]
        admin.clean()
    assert not wrong, "\n".join(wrong)


def test_the_page_where_one_signs_in(visitor: Chrome, pictures: Path) -> None:
    for dress, look in DRESSES.items():
        visitor.dress(*look)
        visitor.open("/login")
        visitor.driver.save_screenshot(str(pictures / f"login-{dress}.png"))
        assert visitor.run(_ACCESS) == []


def test_the_tab_key_reaches_every_action_in_the_order_of_the_page(
    admin: Chrome, site: Site, lively: dict[str, str]
) -> None:
    admin.open(f"/jobs/{lively['failed']}")
    admin.press(Keys.TAB)
    assert "Skip" in admin.driver.switch_to.active_element.text, "first of all a way past the navigation"
    reached: list[str] = []
    for _ in range(60):
        reached.append(
            str(admin.run("return document.activeElement.innerText || document.activeElement.ariaLabel"))
        )
        outlined = "const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow"
        assert admin.run(outlined) != "nonenone", f"no sign that {reached[-1]!r} has the focus"
        if reached[-1] == "Delete…":
            break
        admin.press(Keys.TAB)
    assert [one for one in reached if one in ("Jobs", "Retry", "Delete…")] == ["Jobs", "Retry", "Delete…"], (
        reached
    )
    admin.press(Keys.ENTER)
    assert admin.one("#sure").is_displayed()


def test_the_first_load_is_small_and_only_ours(visitor: Chrome, site: Site, lively: dict[str, str]) -> None:
    log_in(visitor, ADMIN)
    visitor.command("Network.clearBrowserCache")
    visitor.open("/")
    entries = (
        "return performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
    )
    got = visitor.run(f"{entries}.map((one) => [one.name, one.transferSize])")
    assert all(name.startswith(site.url) for name, _ in got), got
    assert sum(size for _, size in got) <= 60 * 1024, got


def test_what_is_chosen_for_the_looks_stays_so(admin: Chrome, site: Site) -> None:
    admin.open("/")
    colour = "return getComputedStyle(document.documentElement).backgroundColor"
    before = admin.run(colour)
    for _ in range(3):  # system, light, dark, and again
        admin.one("#theme").click()
        if "dark" in (admin.one("#theme").get_attribute("aria-label") or ""):
            break
    admin.until(lambda: admin.run(colour) != before, "dark is another colour than light")
    chosen = admin.run(colour)
    admin.open("/queues")
    assert admin.run(colour) == chosen != before
    admin.forget()
