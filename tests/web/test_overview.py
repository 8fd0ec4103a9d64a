"""Clauses 3.1, 3.5 and 3.6: refusals beside their input, what needs attention, names as people read them, and pages that follow what happens."""
import contextlib
import json
import re

import pytest

from support.instance import until

# Where a form is opened, the words on its button, what is typed, the label of the input that is refused, and what is said beside it.
FORMS = [("/domains", "Add a domain", {"Name": "example.test"}, "Name", "is there already"),
         ("/domains/example.test", "Make a key", {"Selector": "s2026"}, "Selector", "has a key with the selector s2026 already"),
         ("/accounts", "Add an account", {"Mail address": "ann@other.test"}, "Mail address", "is no domain of this instance"),
         ("/groups", "Add a group", {"Name": "all", "Members": "*@example.test"}, "Name", "is there already"),
         ("/groups", "Make a signer", {"Name": "main"}, "Name", "is there already")]


@contextlib.contextmanager
def given(office, add, remove):
    made = office.instance.cli(*add)
    try:
        yield made
    finally:
        office.instance.cli(*remove(made))


@pytest.mark.parametrize("path,button,typed,refused,why", FORMS, ids=[form[1].replace(" ", "_") for form in FORMS])
def test_c3_1_a_refusal_stands_beside_its_input(admin, path, button, typed, refused, why):
    admin.go(path)
    admin.getByRole("button", name=button).first().click()
    dialog = admin.getByRole("dialog")
    for label, text in typed.items():
        dialog.getByLabel(label).first().fill(text)
    dialog.locator("button[type=submit]").click()
    wrong = dialog.locator("[aria-invalid=true]")
    until(lambda: wrong.count() == 1, "the refusal")
    described = wrong.getAttribute("aria-describedby").split()[-1]
    words = dialog.locator(f"[id='{described}']").innerText()
    assert why in words, words
    assert dialog.getByLabel(refused).first().getAttribute("aria-invalid") == "true"
    assert dialog.innerText().count(why) == 1, "it is said once, not above the buttons too"
    # It goes as soon as the input is mended.
    dialog.getByLabel(refused).first().fill("x")
    until(lambda: why not in dialog.innerText(), "the refusal to go")
    admin.keys("Escape")


def test_c3_5_what_needs_attention_and_the_one_action_that_helps(admin, office):
    admin.go("/")
    section = admin.locator("section", hasText="Attention")
    assert "No certificate, token or key ends soon" in section.innerText()
    root = office.people["root"]
    made = json.loads(office.instance.cli("token", "create", root, "monitoring", "--scope", "read", "--days", "5", "--json").stdout)
    try:
        assert "attention: the API token monitoring of root@example.test ends in 4 days" in office.instance.cli("status").stdout
        # A token is no change that mail depends on, of which the page would be told at once.
        admin.go("/")
        row = section.locator("li", hasText="monitoring")
        row.waitFor()
        assert "ends in 5 days" in row.innerText() and "refused from then on" in row.innerText()
        assert admin.locator("h1").innerText() == "One thing needs you."
        row.getByRole("link", name="Make another").click()
        admin.until("location.pathname === '/me'")
    finally:
        office.instance.cli("token", "revoke", made["id"])
    admin.go("/")
    until(lambda: "No certificate" in section.innerText(), "nothing to be done")


def test_c3_5_the_overview_follows_by_events_and_asks_for_nothing(admin, office):
    admin.go("/")
    figures = admin.locator("dl.figures dd")
    before = figures.first().innerText()
    asked = "performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/api/v1/status')).length"
    admin.until("performance.getEntriesByType('resource').some((e) => e.name.endsWith('/api/v1/events')) || true")
    count = admin.evaluate(asked)
    assert office.send(b"From: alice@example.test\r\nTo: karin@supplier.example\r\nSubject: While somebody looks on\r\n\r\nHello.\r\n").code == 250
    admin.locator("main").getByText("While somebody looks on").first().waitFor()
    until(lambda: figures.first().innerText() != before, "the number of messages")
    assert admin.evaluate(asked) == count, "the page asked for the status"
    # The charts are told to be read again: by the event, not by a clock of the page.
    until(lambda: admin.evaluate("document.querySelector('main').innerText.match(/As of (\\S+);/)?.[1]"), "the time of the charts")


def test_c3_5_the_log_follows_by_events_and_asks_for_nothing(admin, office):
    admin.go("/log")
    entries = admin.locator(".fact", hasText="Entries").locator("dd")
    asked = "performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/api/v1/log')).length"

    def grow():
        before = entries.innerText()
        # What was done before the page listens is no news.
        until(lambda: office.send(b"From: alice@example.test\r\nTo: karin@supplier.example\r\nSubject: One leaf more\r\n\r\nHello.\r\n").code == 250
              and entries.innerText() != before, "the log to grow", 20, 1.5)

    # A page that begins to listen may ask once for what it missed; from the first event on it does not.
    grow()
    count = admin.evaluate(asked)
    grow()
    assert admin.evaluate(asked) == count, "the page asked for the log"


def test_c3_5_the_queue_follows_what_others_do(admin, office):
    admin.go("/queue")
    waiting = next(d for d in office.instance.queue() if d["state"] == "queued")
    held = admin.locator("tbody tr", hasText=waiting["recipients"][0]).getByRole("button", name="Release")
    before = held.count()
    office.instance.cli("queue", "hold", waiting["id"])
    try:
        until(lambda: held.count() == before + 1, "the row to be held")
    finally:
        office.instance.cli("queue", "release", waiting["id"])
    until(lambda: held.count() == before, "the row to be released")


def test_c3_5_what_resolvers_see_is_asked_again_in_a_rhythm_that_is_seen(admin):
    admin.go("/domains/example.test")
    section = admin.locator("section", hasText="What resolvers see now")
    until(lambda: re.search(r"again in \d+ s", section.innerText()), "when it is asked again")
    count = admin.evaluate("performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/dns')).length")
    section.getByRole("button", name="Ask again").click()
    admin.until(f"performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/dns')).length === {count + 1}")


def test_c3_5_international_names_are_shown_as_people_read_them(admin, office):
    with given(office, ("domain", "add", "bücher.example"), lambda _: ("domain", "remove", "bücher.example")), \
         given(office, ("domain", "add", "pаypal.example"), lambda _: ("domain", "remove", "pаypal.example")):
        admin.go("/domains")
        rows = admin.locator("tbody tr").allInnerTexts()
        assert any("bücher.example" in row and "xn--bcher-kva.example" in row for row in rows), rows
        assert any("xn--pypal-4ve.example" in row for row in rows) and not any("pаypal" in row for row in rows), rows
        admin.getByRole("link", name="bücher.example").click()
        until(lambda: admin.locator("h1").innerText() == "bücher.example", "the domain's page")
        assert "xn--bcher-kva.example" in admin.locator("header", hasText="bücher").innerText()
        assert admin.path() == "/domains/xn--bcher-kva.example"
        office.send(b"From: alice@example.test\r\nTo: postmaster@xn--bcher-kva.example\r\nSubject: To a bookshop\r\n\r\nHello.\r\n", recipient="postmaster@xn--bcher-kva.example")
        admin.go("/messages?subject=bookshop")
        row = admin.locator(".row", hasText="To a bookshop").first()
        row.waitFor()
        assert "postmaster@bücher.example" in row.innerText()
