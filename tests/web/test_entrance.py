"""Clause 3.5: who comes in, and how."""
from office import PASSWORD
from support.instance import until

NEW = "a sentence to keep in mind"


def test_c3_5_log_in_and_out(visitor, office):
    visitor.log_in(office.people["root"], PASSWORD)
    visitor.getByRole("button", name="Log out").waitFor()
    assert visitor.locator("h1").innerText() == "Overview" or visitor.title().startswith("Overview")
    notes = visitor.notes()
    assert not notes["errors"] and not notes["outside"], notes
    visitor.getByRole("button", name="Log out").click()
    visitor.getByLabel("Name or address").waitFor()
    visitor.goto(visitor.origin + "/messages")
    visitor.getByLabel("Name or address").waitFor()


def test_c3_5_a_wrong_password_is_told_so(visitor, office):
    visitor.log_in(office.people["dora"], "not that one")
    visitor.getByText("Name or password is wrong").waitFor()
    assert visitor.getByRole("button", name="Log in").isEnabled()


def test_c3_5_the_first_log_in_asks_for_a_password_of_ones_own(visitor, office):
    once = next(v for k, v in office.newcomer.items() if "password" in k and isinstance(v, str))
    visitor.log_in(f"nina@{office.domain}", once)
    visitor.getByRole("heading", name="Choose a password of your own").waitFor()
    # No other page opens before.
    visitor.goto(visitor.origin + "/settings")
    visitor.getByRole("heading", name="Choose a password of your own").waitFor()
    visitor.getByLabel("Password that you have just used").fill(once)
    visitor.getByLabel("New password", exact=True).fill("short")
    visitor.getByLabel("New password once more").fill("short")
    assert visitor.getByRole("button", name="Set the password").isDisabled()
    visitor.getByLabel("New password", exact=True).fill(NEW)
    visitor.getByLabel("New password once more").fill(NEW)
    visitor.getByRole("button", name="Set the password").click()
    visitor.getByRole("button", name="Log out").waitFor()
    visitor.getByRole("button", name="Log out").click()
    visitor.getByLabel("Name or address").waitFor()
    visitor.log_in(f"nina@{office.domain}", NEW)
    visitor.getByRole("button", name="Log out").waitFor()


def test_c3_5_too_many_failures_are_a_delay_that_is_told(visitor, office):
    address = office.add("victim", "user")
    visitor.log_in(address, "guess 0")
    for n in range(1, 14):
        until(lambda: visitor.getByRole("button", name="Log in").isEnabled() or visitor.getByRole("alert").count(), "an answer")
        if visitor.getByText("You can try again").count():
            break
        visitor.getByLabel("Password", exact=True).fill(f"guess {n}")
        visitor.getByLabel("Password", exact=True).press("Enter")
        visitor.rest()
    visitor.getByText("This is a delay, not a ban").waitFor()
    assert visitor.getByRole("button", name="Log in").isDisabled()
