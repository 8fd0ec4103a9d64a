"""Clauses 3.3 and 3.4: the seals, the page of a message, and what a changed octet on the disk does to them."""
import re
import subprocess

import pytest

from browser import pattern
from support.instance import until


@pytest.fixture(scope="module")
def offer(messages):
    return next(m for m in messages if m["subject"].startswith("Offer") and m["direction"] == "out")


def rows(page):
    return page.locator(".row:has(> .subject)")


def test_c3_3_seals_and_ticks_have_words(admin, messages):
    admin.go("/messages")
    # What is in sight is verified by itself.
    until(lambda: admin.evaluate("[...document.querySelectorAll('.row')].filter((r) => /verified/.test(r.innerText)).length") >= 10, "verified rows")
    seal = admin.locator(".row svg.seal").first()
    assert "whole" in seal.getAttribute("class")
    names = admin.evaluate("[...document.querySelectorAll('.row svg.seal')].map((s) => s.innerHTML)")
    assert len(set(names)) == len(names), "two messages have the same seal"
    titles = admin.evaluate("[...document.querySelectorAll('.row button.mark')].map((b) => b.title)")
    assert titles and all("verify now" in title for title in titles)
    assert admin.getByText("bounced").count() >= 1 and admin.getByText("in the queue").count() + admin.getByText("held").count() >= 1


def test_c3_3_the_command_draws_the_seal_that_the_console_shows(admin, offer, office):
    """Two people compare by eye: one has the page, the other the file."""
    admin.go(f"/messages/{offer['id']}")
    admin.getByRole("heading", name="verified").waitFor()
    shown = admin.evaluate("[...document.querySelectorAll('.verdict figure svg.seal path')].map((path) => path.getAttribute('d'))")
    drawn = re.findall(r' d="([^"]*)"', office.instance.cli("archive", "seal", offer["id"]).stdout)
    assert len(set(drawn)) >= 5 and set(shown) == set(drawn), set(shown) ^ set(drawn)
    office.flip_byte(offer["id"])
    try:
        cracked = office.instance.cli("archive", "seal", offer["id"], check=False)
        assert cracked.returncode == 1 and "#b03a24" in cracked.stdout and "#26705a" not in cracked.stdout
    finally:
        office.flip_byte(offer["id"])


def test_c3_4_filters_are_addresses(admin, messages):
    admin.go("/messages")
    admin.getByRole("button", name="Incoming").click()
    admin.until("location.search.includes('direction=in')")
    admin.settled()
    incoming = [m for m in messages if m["direction"] == "in"]
    assert incoming
    until(lambda: admin.evaluate("[...document.querySelectorAll('.row')].every((r) => /incoming/.test(r.innerText))"), "incoming mail alone")
    admin.go("/messages?subject=warranty")
    until(lambda: rows(admin).count() == sum("warranty" in m["subject"] for m in messages), "the subject's rows")
    admin.getByLabel("Filter", exact=True).fill("from:nobody-at-all@example.org")
    admin.getByLabel("Filter", exact=True).press("Enter")
    admin.getByText("No message fits these filters.").waitFor()
    admin.getByRole("button", name="Clear the filters").click()
    until(lambda: rows(admin).count() > 5, "all rows again")


def test_c3_4_the_life_of_a_message(admin, offer):
    admin.go(f"/messages/{offer['id']}")
    assert admin.locator("h1").innerText() == offer["subject"]
    admin.getByRole("heading", name="verified").waitFor()
    links = admin.getByRole("list", name="What was checked").innerText()
    assert links.count("holds") == 5 and "broken" not in links, links
    life = admin.locator("main").innerText()
    for stage in ("Received", "Decided", "Signed", "Sealed", "Delivered"):
        assert stage in life, stage
    assert "bulla archive verify" in life


def test_c3_4_what_was_added_is_shown_octet_by_octet(admin, offer):
    admin.go(f"/messages/{offer['id']}")
    admin.getByRole("heading", name="verified").waitFor()
    stage = admin.locator("main").getByText("Signed", exact=True).first()
    stage.click()
    admin.rest()
    assert "DKIM-Signature:" in admin.locator("main").innerText()


def test_c3_4_the_proof_as_a_picture(admin, offer, office):
    admin.go(f"/messages/{offer['id']}?tab=proof")
    picture = admin.getByRole("img", name=pattern("Picture of the proof"))
    picture.waitFor()
    hashes = re.search(r"\d+", picture.getAttribute("aria-label"))[0]
    text = admin.locator("main").innerText()
    assert f"joined with {hashes} others" in text
    # Entry and checkpoint stand beside it as the command prints them; the log may have grown since.
    assert f"id {offer['id']}" in text and office.instance.cli("log", "checkpoint").stdout.splitlines()[0] in text


def test_c3_4_every_tab_is_in_sight_on_a_phone(admin, offer):
    admin.setViewportSize({"width": 360, "height": 740})
    admin.go(f"/messages/{offer['id']}")
    edges = admin.evaluate("[...document.querySelectorAll('.tabs [role=tab]')].map((tab) => tab.getBoundingClientRect().right)")
    assert len(edges) == 5 and max(edges) <= 360, edges
    admin.getByRole("tab", name="Proof").click()
    admin.getByRole("img", name=pattern("Picture of the proof")).waitFor()


def test_c3_4_the_safe_view_is_a_closed_room(admin, messages, office):
    formatted = next(m for m in messages if office.ask(f"/messages/{m['id']}/content").json()["has_html"])
    admin.go(f"/messages/{formatted['id']}?tab=mail")
    frame = admin.locator("iframe")
    frame.waitFor()
    sandbox = frame.getAttribute("sandbox").split()
    assert not {"allow-scripts", "allow-same-origin", "allow-forms", "allow-top-navigation", "allow-modals"} & set(sandbox), sandbox
    view = admin.frameLocator("iframe")
    view.getByText("please find").first().waitFor()
    assert view.locator("img").count() == 0 or not (view.locator("img").first().getAttribute("src") or "").startswith("http")
    notes = admin.notes()
    assert not notes["outside"], notes


def test_c3_3_verify_the_whole_archive(admin, messages):
    admin.go("/messages")
    admin.getByRole("button", name="Verify the whole archive").click()
    admin.getByText(pattern("verified. Everything holds")).waitFor()


def test_c3_3_ARC_09_a_missing_public_key_is_named(admin, office, messages, tmp_path):
    """A signature that cannot be checked is neither green nor red, and the page says which key is missing where."""
    before = office.instance.json("settings", "get", "signature_public_key_path")["effective"]
    private, other = tmp_path / "k.pem", tmp_path / "other.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", other], check=True)
    signed = [m for m in messages if m["subject"].startswith("Invoice")][-1]
    office.instance.cli("settings", "set", "signature_public_key_path", other)
    try:
        admin.go(f"/messages/{signed['id']}")
        admin.getByRole("heading", name="cannot be checked").waitFor()
        notice = admin.locator(".verdict .notice")
        notice.getByText(pattern("which is not at .*signature_public_key_path names")).waitFor()
        assert notice.boundingBox()["width"] > 400
        assert notice.getByRole("link").getAttribute("href") == "/settings?name=signature_public_key_path"
        assert "cracked" not in admin.locator(".verdict svg.seal").first().getAttribute("class")
    finally:
        office.instance.cli("settings", "set", "signature_public_key_path", before)
    admin.go(f"/messages/{signed['id']}")
    admin.getByRole("heading", name="verified").waitFor()


def test_c3_3_one_octet_changed_on_the_disk_cracks_one_seal(admin, office, messages):
    victim = [m for m in messages if m["subject"].startswith("Invoice")][-1]
    office.flip_byte(victim["id"])
    try:
        admin.go(f"/messages/{victim['id']}")
        admin.getByRole("heading", name="does not verify").waitFor()
        assert "cracked" in admin.locator(".verdict svg.seal").first().getAttribute("class")
        assert "Cracked seal, does not verify: the message was changed" in admin.locator(".verdict svg.seal").first().getAttribute("aria-label")
        states = admin.evaluate("[...document.querySelectorAll('ol[aria-label=\"What was checked\"] > li')].map((l) => l.className.split(' ')[0] + ' ' + l.innerText)")
        assert re.match(r"bad Message", states[0]), states
        assert [s.split(" ")[0] for s in states[2:]] == ["ok"] * 3, states
        admin.getByText("The stored message is not the one that was sealed.").waitFor()
        admin.go("/messages?check=failed")
        until(lambda: rows(admin).count() == 1, "the one row")
        assert "does not verify" in rows(admin).first().innerText()
        assert "cracked" in admin.locator(".row svg.seal").first().getAttribute("class")
    finally:
        office.flip_byte(victim["id"])
    admin.go(f"/messages/{victim['id']}")
    admin.getByRole("heading", name="verified").waitFor()
