"""One instance and one Chromium for all tests of the console."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from browser import Browser  # noqa: E402
from layout import References  # noqa: E402
from office import PASSWORD, Office  # noqa: E402
from support.sink import Sink  # noqa: E402


ORDER = ["test_pages.py", "test_messages.py", "test_habits.py", "test_overview.py", "test_verify.py", "test_entrance.py", "test_hostile.py"]


def pytest_collection_modifyitems(items):
    """Pages first, as the pictures of them show what is there at the beginning; hostile mail last."""
    here = pathlib.Path(__file__).resolve().parent
    items.sort(key=lambda item: ORDER.index(item.path.name) if item.path.parent == here and item.path.name in ORDER else -1)


@pytest.fixture(scope="session")
def office(tmp_path_factory):
    made = Office(tmp_path_factory.mktemp("office") / "instance", Sink())
    try:
        made.fill()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def browser():
    made = Browser()
    yield made
    made.close()


@pytest.fixture(scope="session")
def origin(office):
    return f"http://127.0.0.1:{office.instance.ports['console']}"


@pytest.fixture
def visitor(browser, origin):
    """A page that nobody has logged in to."""
    page = browser.open("visitor", origin)
    yield page
    page.close()


@pytest.fixture(scope="session")
def logged_in(browser, origin, office):
    """Pages by the name of who is logged in; each is opened once."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = browser.open(name, origin)
            made[name].log_in(office.people[name], PASSWORD)
            made[name].getByRole("button", name="Log out").waitFor()
        page = made[name]
        page.setViewportSize({"width": 1280, "height": 800})
        page.emulateMedia(colorScheme="light")
        page.notes()
        return page

    yield get
    for page in made.values():
        page.close()


@pytest.fixture
def admin(logged_in):
    return logged_in("root")


@pytest.fixture(scope="session")
def messages(office):
    """What the console's list has, newest first."""
    return office.ask("/messages?limit=100").json()["items"]


@pytest.fixture(scope="session")
def references(browser):
    page = browser.open("measure", "data:")
    made = References(page)
    yield made
    made.save()
    page.close()
