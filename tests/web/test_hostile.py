"""Clause 3.11: hostile mail, read in the console."""
import pytest

import hostile
from office import PASSWORD
from support.http import Console
from support.instance import until
from test_pages import find_offences


@pytest.fixture(scope="module")
def received(office):
    """Id by name of each hostile message, all sealed."""
    made = {}
    with office.instance.client("relay") as client:
        client.ehlo()
        for name, message in hostile.make_all():
            # A NUL is refused at the door; in base64 it comes in.
            reply = client.send(f"alice@{office.domain}", "karin@supplier.example", message)
            assert reply.code == 250, (name, reply)
            made[name] = reply
    assert len(made) >= 60
    items = until(lambda: len(found := [m for m in everything(office) if m["recipients"] == ["karin@supplier.example"]]) >= len(made) and found, "all of them")
    return dict(zip(made, [m["id"] for m in reversed(items)]))


def everything(office):
    with Console(office.instance) as client:
        client.log_in(office.people["root"], PASSWORD)
        items, cursor = [], ""
        while cursor is not None:
            page = client.get(f"/messages?limit=100{cursor}").json()
            items += page["items"]
            cursor = f"&cursor={page['next']}" if page.get("next") else None
        return items


def assert_nothing_happened(page, what):
    notes = page.notes()
    if notes["stopped"]:
        # The policy of the frame stopped what a sheet asked for; that it says so is no offence.
        notes["console"] = [text for text in notes["console"] if "Content Security Policy" not in text and "Blocked script execution" not in text]
    offences = find_offences(notes, page)
    assert not offences, (what, offences)
    assert page.evaluate("window.ran.length") == 0, what
    assert not notes["popups"] and not notes["downloads"], (what, notes)
    assert all(url.startswith(page.origin) for url in notes["navigated"]), (what, notes["navigated"])


def test_c3_11_the_list_shows_hostile_mail_as_text(admin, received):
    admin.go("/messages")
    for _ in range(8):
        admin.evaluate("window.scrollBy(0, 700)")
        admin.rest()
    assert admin.evaluate("document.querySelectorAll('.row script, .row img, .row iframe').length") == 0
    assert_nothing_happened(admin, "the list")
    admin.go("/messages?subject=onerror")
    assert "<img src=x onerror=" in admin.locator("main").innerText()
    admin.keys("Control+k")
    admin.type_text("script")
    admin.getByRole("option").first().waitFor()
    admin.rest()
    admin.keys("Escape")
    assert_nothing_happened(admin, "the search")


def show(page, path):
    page.goto(page.origin + path, waitUntil="commit")
    page.until("document.querySelector('main iframe, main p.muted, main pre, main dl')")
    page.until("[...document.querySelectorAll('iframe')].every((f) => f.clientHeight > 0)")
    page.rest()


@pytest.mark.parametrize("name", [name for name, _ in hostile.make_all()])
def test_c3_11_nothing_runs(admin, received, name):
    show(admin, f"/messages/{received[name]}?tab=mail")
    assert_nothing_happened(admin, name)
    assert admin.evaluate("location.pathname") == f"/messages/{received[name]}"


@pytest.mark.parametrize("tab", ["life", "headers", "raw", "proof"])
def test_c3_11_nothing_runs_on_the_other_tabs(admin, received, tab):
    for name in ("header_subject", "header_from_encoded", "header_field_name", "html_script", "attachment_name_html"):
        show(admin, f"/messages/{received[name]}?tab={tab}")
        assert_nothing_happened(admin, f"{name} {tab}")


def test_c3_11_what_the_api_serves_of_a_mail_is_never_a_page_of_ours(office, received):
    with Console(office.instance) as client:
        client.log_in(office.people["root"], PASSWORD)
        for name, identifier in received.items():
            view = client.get(f"/messages/{identifier}/view?part=html")
            if view.status == 200:
                policy = view.headers["Content-Security-Policy"]
                assert "sandbox" in policy and "default-src 'none'" in policy and "script-src" not in policy, (name, policy)
            for part in client.get(f"/messages/{identifier}/content").json()["parts"]:
                served = client.get(f"/messages/{identifier}/parts/{part['part']}")
                assert served.status != 200 or served.headers["Content-Disposition"].startswith("attachment"), (name, part)
                assert served.status != 200 or served.headers["X-Content-Type-Options"] == "nosniff", (name, part)
            assert client.get(f"/messages/{identifier}/raw").headers["Content-Type"].startswith("text/plain"), name
