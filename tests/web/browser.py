"""Chromium in Python's hands: a page's methods are those of Playwright's JavaScript, in its words."""
import base64
import json
import os
import pathlib
import shutil
import subprocess

from support.instance import until

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
# A method with one of these names ends a chain and is sent; all others only add to it.
ACTS = {"goto", "reload", "goBack", "click", "dblclick", "fill", "press", "type", "hover", "focus", "check", "uncheck", "selectOption", "setInputFiles",
        "textContent", "innerText", "inputValue", "allInnerTexts", "getAttribute", "count", "isVisible", "isDisabled", "isEnabled", "isChecked", "evaluate",
        "waitFor", "waitForURL", "waitForSelector", "screenshot", "setViewportSize", "emulateMedia", "title", "url", "boundingBox",
        "cookies", "setOffline", "wheel"}
FLAG = """window.ran = []; window.refusedByPolicy = [];
document.addEventListener('securitypolicyviolation', (e) => window.refusedByPolicy.push(e.violatedDirective + ' ' + e.blockedURI));"""


def pattern(text):
    return {"$re": text}


def find_node():
    """The Node that tools/web uses."""
    ours = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "bulla/node/node_modules/.bin/node"
    return str(ours) if ours.exists() else shutil.which("node")


class Browser:
    def __init__(self):
        assert (TOP / "web/node_modules/playwright-core").is_dir(), "the packages of web/ are not there; run tools/build release"
        self.process = subprocess.Popen([find_node(), HERE / "driver.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.count = 0

    def ask(self, op, **rest):
        self.count += 1
        self.process.stdin.write(json.dumps({"id": self.count, "op": op, **rest}).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the browser's driver ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def open(self, name, origin, **options):
        options = {"viewport": {"width": 1280, "height": 800}, "colorScheme": "light", **options}
        self.ask("open", name=name, origin=origin, options=options, flag=FLAG)
        return Page(self, name, origin)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Chain:
    def __init__(self, page, chain=()):
        self._page, self._chain = page, list(chain)

    def __getattr__(self, method):
        def act(*arguments, **options):
            chain = [*self._chain, [method, [*arguments, *([options] if options else [])]]]
            if method in ACTS:
                return self._page.browser.ask("call", name=self._page.name, chain=chain)
            return Chain(self._page, chain)

        return act


class Page:
    def __init__(self, browser, name, origin):
        self.browser, self.name, self.origin = browser, name, origin

    def __getattr__(self, method):
        return getattr(Chain(self), method)

    def go(self, path):
        """Opens an address of the console and waits until its page stands there."""
        self.goto(self.origin + path)
        self.settled()

    def until(self, expression, seconds=20):
        """Asks the page until the expression is true there; the policy of the console leaves Playwright's own way no eval."""
        return until(lambda: self.evaluate(f"Boolean({expression})"), expression, seconds, 0.05)

    def settled(self):
        """The heading is there, and nothing waits for the server any more."""
        self.until("document.querySelector('h1') && !document.querySelector('[aria-busy=true]')")
        self.rest()

    def rest(self):
        # Events stay open, so the network is never idle: a while without a change of the document is as good.
        self.evaluate("""new Promise((done) => {
            let quiet, most = setTimeout(done, 3000);
            const watch = new MutationObserver(() => rest());
            const rest = () => { clearTimeout(quiet); quiet = setTimeout(() => { watch.disconnect(); clearTimeout(most); done(); }, 90); };
            watch.observe(document, { subtree: true, childList: true, characterData: true });
            rest();
        }).then(() => Promise.race([Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))), new Promise((done) => setTimeout(done, 1000))])
        ).then(() => undefined)""")

    def notes(self):
        """What the page did since the last call: see driver.mjs."""
        return self.browser.ask("notes", name=self.name)

    def keys(self, *names):
        """Keys typed one after the other, on whatever has the focus."""
        for name in names:
            Chain(self, [["keyboard", []]]).press(name)

    def type_text(self, text):
        Chain(self, [["keyboard", []]]).type(text)

    def picture(self, **options):
        return base64.b64decode(self.screenshot(**options)["base64"])

    def log_in(self, user, password):
        self.goto(self.origin + "/")
        self.getByLabel("Name or address").fill(user)
        self.getByLabel("Password", exact=True).fill(password)
        self.getByRole("button", name="Log in").click()

    def path(self):
        return self.evaluate("location.pathname + location.search")

    def close(self):
        self.browser.ask("close", name=self.name)
