"""Clauses 3.5, 3.6, 3.14 and 3.15: every page of the running program, in both themes and on a phone."""
import json
import re

import pytest

from browser import TOP, pattern
from layout import RENEW, keep_picture
from support.instance import until

AXE = (TOP / "web/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
PAGES = {"overview": "/", "setup": "/setup", "messages": "/messages", "message": "/messages/{message}", "mail": "/messages/{message}?tab=mail",
         "headers": "/messages/{message}?tab=headers", "raw": "/messages/{message}?tab=raw", "proof": "/messages/{message}?tab=proof", "queue": "/queue",
         "delivery": "/queue/{delivery}", "log": "/log", "domains": "/domains", "domain": "/domains/{domain}", "signing": "/signing", "accounts": "/accounts",
         "account": "/accounts/alice%40{domain}", "groups": "/groups", "group": "/groups/all", "signer": "/signers/main", "settings": "/settings",
         "audit": "/audit", "explain": "/explain", "about": "/about", "me": "/me", "verify": "/verify"}
HEADINGS = {"setup": "Set-up", "messages": "Messages", "queue": "Queue", "log": "Log", "domains": "Domains", "domain": "example.test", "signing": "Signing policy", "accounts": "Accounts",
            "account": "alice", "groups": "Groups", "group": "all", "signer": "main", "settings": "Settings", "audit": "Audit", "explain": "Explain",
            "about": "bulla", "me": "account", "delivery": "To ", "verify": "still hold"}
LOOKS = {"light": ("light", 1280, 800), "dark": ("dark", 1280, 800), "phone": ("light", 360, 740)}


@pytest.fixture(scope="session")
def address(office, messages):
    """The address of a page by its name."""
    names = {"message": next(m["id"] for m in messages if m["subject"].startswith("Offer") and m["delivery"] == "delivered"), "delivery": office.instance.queue()[0]["id"], "domain": office.domain}
    return lambda name: PAGES[name].format(**names)


def find_violations(page):
    """What axe-core finds wrong."""
    page.evaluate(f"{AXE};0")
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => "
                          "({ rule: v.id, where: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 150)), why: (v.nodes[0].failureSummary ?? '').slice(0, 300) })))")
    return json.dumps(found, indent=1) if found else ""


def find_offences(notes, page):
    """Errors, refusals by the policy, and requests to anybody else."""
    refused = page.evaluate("window.refusedByPolicy")
    return {k: v for k, v in {**{k: notes[k] for k in ("console", "errors", "outside", "dialogs", "refused")}, "policy": refused}.items() if v}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_c3_14_c3_15_c3_5_page(admin, address, references, name, look):
    theme, width, height = LOOKS[look]
    admin.setViewportSize({"width": width, "height": height})
    admin.emulateMedia(colorScheme=theme)
    # The dark one is the same page in other colours; a phone begins anew.
    if look != "dark" or admin.path() != address(name):
        admin.go(address(name))
    admin.settled()
    heading = admin.locator("h1").innerText()
    assert HEADINGS.get(name, "") in heading, heading
    offences = find_offences(admin.notes(), admin)
    assert not offences, offences
    across = admin.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert across[0] <= across[1], f"{name} is {across[0]} px wide on {across[1]}"
    dark = admin.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", dark)[:3])) < 380) == (theme == "dark"), dark
    violations = find_violations(admin)
    assert not violations, violations
    if RENEW and name == "overview":
        # The series of the first minute comes with its end; the picture for the documentation shall have it.
        until(lambda: admin.reload() or admin.settled() or not re.search(r"Went out\s+0\s", admin.locator("main").innerText()), "the traffic", 90, 2)
        admin.evaluate("scrollTo(0, 0)")
    picture = admin.picture()
    different = references.compare(f"{name} {look}", picture)
    assert not different, different
    if RENEW and look == "light" and name in ("overview", "message"):
        assert keep_picture(references.measure, name, picture) <= 120 * 1024


def test_ARC_13_a_port_of_its_own_the_first_administrator_and_one_link_to_archive_and_set_up(admin, office):
    first = next(one for one in office.instance.json("account", "list") if one["login"] == "admin")
    assert first["role"] == "admin" and first["address"] == f"admin@{office.domain}"
    assert admin.origin.endswith(f":{office.instance.ports['console']}")
    for link, heading in (("Messages", "Messages"), ("Set-up", "Set-up")):
        admin.go("/")
        admin.getByRole("navigation").getByRole("link", name=pattern(f"^{link}")).first().click()
        until(lambda wanted=heading: admin.locator("h1").innerText() == wanted, heading)


def test_c3_15_the_first_load_is_small(visitor):
    """Octets over the wire until the log-in stands there, counted by the browser itself."""
    visitor.goto(visitor.origin + "/")
    visitor.getByLabel("Name or address").waitFor()
    visitor.settled()
    octets = visitor.evaluate("[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
                              ".filter((e) => !e.name.includes('/api/')).reduce((n, e) => n + e.encodedBodySize, 0)")
    print(f"first load: {octets} octets")
    assert 10_000 < octets <= 150 * 1024, octets


def test_c3_14_an_address_without_a_page_says_so(admin):
    admin.goto(admin.origin + "/nowhere/at-all")
    admin.getByText("There is nothing at this address.").waitFor()
    admin.goto(admin.origin + "/messages/0000000000000")
    admin.getByText(pattern("[Tt]here is no (such )?message")).first().waitFor()
