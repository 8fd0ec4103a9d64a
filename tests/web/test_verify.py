"""Clause 3.7: what was exported is checked in the browser, and nothing leaves it."""
import io
import tarfile

import pytest

from layout import RENEW, keep_picture
from office import PASSWORD
from support.http import Console


@pytest.fixture(scope="module")
def exported(office, messages, tmp_path_factory):
    """The archive that the console's button gives."""
    offer = next(m for m in messages if m["subject"].startswith("Offer"))
    with Console(office.instance) as client:
        client.log_in(office.people["root"], PASSWORD)
        answer = client.get(f"/messages/{offer['id']}/export")
    assert answer.status == 200
    path = tmp_path_factory.mktemp("export") / "message.tar"
    path.write_bytes(answer.body)
    return path


def change(archive, folder, name, work):
    """A copy of the archive in which one member went through `work`."""
    path = folder / "changed.tar"
    with tarfile.open(archive) as old, tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as new:
        found = False
        for member in old.getmembers():
            octets = old.extractfile(member).read() if member.isfile() else b""
            if member.name.split("/")[-1] == name or member.name.endswith(name):
                octets, found = work(octets), True
                member.size = len(octets)
            new.addfile(member, io.BytesIO(octets))
        assert found, name
    return path


def states(page):
    return page.evaluate("[...document.querySelectorAll('main ol > li')].map((l) => l.className.split(' ')[0])")


def give(page, path):
    page.goto(page.origin + "/verify")
    page.getByRole("heading", name="Does this message still hold?").waitFor()
    page.rest()
    page.notes()
    page.locator("input[type=file]").setInputFiles(str(path))
    page.locator("main ol > li").first().waitFor()


def assert_silent(page):
    notes = page.notes()
    # A font of the page's own may still come; nothing can go.
    assert not [r for r in notes["requests"] if " data:" not in r and " blob:" not in r and not r.endswith(".woff2")], notes["requests"]
    assert not notes["console"] and not notes["errors"], notes


def test_c3_7_an_exported_message_holds(visitor, exported, references):
    give(visitor, exported)
    visitor.getByRole("heading", name="It holds.").waitFor()
    assert states(visitor) == ["ok"] * 5
    assert "whole" in visitor.locator("svg.seal").first().getAttribute("class")
    assert_silent(visitor)
    picture = visitor.picture()
    different = references.compare("verified light", picture)
    assert not different, different
    if RENEW:
        assert keep_picture(references.measure, "verify", picture) <= 120 * 1024


def flip(at):
    return lambda octets: octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1:]


@pytest.mark.parametrize("link,name,work", [
    (0, "message.eml", flip(40)),
    (1, ".sig", flip(-6 % 60)),
    (3, "message.tlog-proof", lambda o: swap_hash(o)),
    (4, "log.pub", lambda o: o.replace(o.split(b"+")[-1][5:9], b"AAAA")),
])
def test_c3_7_a_changed_export_cracks_at_its_link(visitor, exported, tmp_path, link, name, work):
    give(visitor, change(exported, tmp_path, name, work))
    visitor.getByRole("heading", name="It does not hold.").waitFor()
    found = states(visitor)
    assert found[link] == "bad" and "bad" not in found[:link], found
    assert "cracked" in visitor.locator("svg.seal").first().getAttribute("class")
    assert_silent(visitor)


def swap_hash(octets):
    """The first two hashes of the proof's path change places."""
    lines = octets.split(b"\n")
    path = [n for n, line in enumerate(lines) if len(line) == 44 and line.endswith(b"=")]
    lines[path[0]], lines[path[1]] = lines[path[1]], lines[path[0]]
    return b"\n".join(lines)


def test_c3_7_the_page_may_not_even_open_a_connection(visitor):
    visitor.goto(visitor.origin + "/verify")
    visitor.rest()
    reached = visitor.evaluate("fetch('/api/v1/session').then(() => true, () => false)")
    assert reached is False
    assert visitor.evaluate("window.refusedByPolicy.length") > 0
