"""Issue 4, clause 1: the signing policy in the console, as a table and as a file."""
from browser import pattern
from support.instance import until


def test_c4_1_the_policy_is_edited_as_a_file_and_as_a_table(admin, office):
    instance = office.instance
    admin.go("/signing")
    admin.getByText(pattern("^No signing policy is in force")).waitFor()
    file = admin.getByLabel("File", exact=True)
    file.fill("# ours\nexample test:\n")
    admin.getByText("Line 2, column 8").waitFor()
    assert admin.getByRole("button", name="Save", exact=True).isDisabled()
    file.fill("# ours\nexample.test:default||~||t:4\n")
    admin.getByText("No error; one entry.").waitFor()
    # What is changed in the table is changed in the file.
    expires = admin.getByLabel("Expires, s, Line 2")
    expires.fill("3600")
    until(lambda: "example.test:default||~|3600|t:4" in file.inputValue(), "the line in the file")
    assert instance.json("dkim", "policy", "show")["source"] == "keys", "nothing is in force before it is saved"
    # What would be signed, before it is.
    admin.getByLabel(pattern("^Sender of the envelope")).fill(f"alice@{office.domain}")
    admin.getByText("after 3,600 s").waitFor()
    assert "s2026" in admin.locator("main").innerText()
    admin.getByRole("button", name="Save", exact=True).click()
    admin.getByText("The signing policy is in force.").waitFor()
    assert instance.cli("dkim", "policy", "get").stdout == "# ours\nexample.test:default||~|3600|t:4\n"
    admin.getByText(pattern("^In force: this policy, one entry")).waitFor()
    # And back.
    admin.getByRole("button", name="Undo").first().click()
    until(lambda: instance.json("dkim", "policy", "show")["source"] == "keys", "the policy that was before")


def test_c4_1_a_file_that_decides_is_said_and_a_change_by_another_is_not_lost(admin, office, tmp_path):
    instance = office.instance
    instance.cli("dkim", "policy", "set", "-", data=b"example.test:s2026||||:4\n")
    admin.go("/signing")
    file = admin.getByLabel("File", exact=True)
    until(lambda: file.inputValue() == "example.test:s2026||||:4\n", "the policy")
    file.fill("!example.test:\n")
    instance.cli("dkim", "policy", "set", "-", data=b"*:\n")
    admin.getByRole("button", name="Save", exact=True).click()
    admin.getByText("Somebody else has changed the policy meanwhile.").waitFor()
    assert instance.cli("dkim", "policy", "get").stdout == "*:\n"
    admin.getByRole("button", name="Read it again").click()
    until(lambda: file.inputValue() == "*:\n", "theirs")
    other = tmp_path / "dkimdomains"
    other.write_text("=:\n")
    instance.cli("settings", "set", "dkim_policy_file", other)
    try:
        admin.go("/signing")
        admin.getByText(pattern("differs from it in line 1")).waitFor()
    finally:
        instance.cli("settings", "reset", "dkim_policy_file")
        instance.cli("dkim", "policy", "clear")
