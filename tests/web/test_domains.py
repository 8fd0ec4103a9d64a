"""DKD-01, DKD-02: the keys of a domain on its page: tested, rotated, and not switched on unseen without being asked again."""
from browser import pattern
from support.instance import until


def stages(office):
    return sorted(key["stage"] for key in office.instance.json("dkim", "list", office.domain))


def test_DKD_02_rotation_begins_with_a_click_and_can_be_taken_back(admin, office):
    admin.go(f"/domains/{office.domain}")
    admin.getByRole("button", name="Rotate the keys").click()
    admin.getByText(pattern("^A new key waits for its record")).waitFor()
    assert stages(office) == ["active", "next"]
    admin.getByRole("button", name="Look now").click()
    admin.getByText("The DNS was asked for the records.").waitFor()
    assert stages(office) == ["active", "next"], "nobody published it"
    admin.getByRole("button", name="Undo").first().click()
    until(lambda: stages(office) == ["active"], "the new key to go")


def test_DKD_01_a_key_is_tested_and_asked_about_again(admin, office):
    made = office.instance.json("dkim", "add", office.domain, "spare", "-t", "ed25519")
    assert not made["active"]
    try:
        admin.go(f"/domains/{office.domain}")
        admin.getByRole("button", name=pattern("^Test\\s*: spare")).click()
        # There is no such domain in the DNS, or no DNS at all.
        admin.getByText(pattern("^A receiver would say: (permerror|temperror)")).waitFor()
        admin.getByRole("button", name="Sign with it").first().click()
        admin.getByRole("heading", name="Sign with spare all the same?").waitFor()
        assert stages(office) == ["active", "next"]
        admin.getByRole("dialog").getByRole("button", name="Cancel").click()
        assert stages(office) == ["active", "next"]
    finally:
        office.instance.cli("dkim", "remove", office.domain, "spare")
