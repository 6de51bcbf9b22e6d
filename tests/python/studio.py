"""Drives the page in a real browser, as a person would.

    studio.py WHAT ADDRESS FILE…

Prints what it saw; ends with 1 and the reason where something is wrong.
"""

import json
import shutil
import sys
import time
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

PATIENCE = 90_000
expect.set_options(timeout=PATIENCE)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
SECTIONS = ["make", "runs", "answer", "gallery"]


class Person:
    """Somebody with a browser, who notices every error in its console."""

    def __init__(self, browser, address, size=DESK, **options):
        self.address = address
        self.page = browser.new_context(viewport=size, **options).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.errors = []
        # While the server is gone its page says so, and the browser, too.
        self.may_be_gone = False
        self.page.on("console", lambda m: m.type == "error" and self.complain(m.text))
        self.page.on("pageerror", lambda error: self.complain(str(error)))

    def complain(self, error):
        if not self.may_be_gone:
            self.errors.append(error)

    def open(self, section):
        self.page.goto(f"{self.address}/#{section}")
        self.page.locator("#" + section.split("/")[0]).wait_for()

    def at(self, testid):
        return self.page.get_by_test_id(testid)

    def sees_no_error(self):
        assert not self.errors, self.errors


def api(address, method, path, body=None):
    """Asks the server directly, as docs/http.md says."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    headers = {} if isinstance(body, bytes) else {"Content-Type": "application/json"}
    request = urllib.request.Request(address + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


def make(browser, address, recording, seed):
    """A model of a recording, followed as it is trained, answers with three variations."""
    ana = Person(browser, address)
    ana.open("make")
    ana.at("add-recordings").set_input_files(recording)
    expect(ana.at("recordings-player")).to_have_count(1)
    ana.at("preset-magnitude-spectrum-cpu").check()
    expect(ana.at("drawing")).to_contain_text("Input matrix")
    ana.page.get_by_label("Find a setting").fill("hidden_size")
    ana.at("set-hidden_size").fill("48")
    expect(ana.at("differing")).to_contain_text("hidden_size")
    expect(ana.at("settings-json")).to_contain_text('"hidden_size": 48')
    expect(ana.at("estimate")).to_contain_text("s")
    ana.at("run-name").fill("notes")
    ana.at("minutes").fill("0.34")
    ana.at("launch").click()

    # Somebody else looks on, with a telephone.
    ben = Person(browser, address, PHONE)
    for person in (ana, ben):
        person.open("runs/notes")
        expect(person.at("run-state")).to_contain_text("training", ignore_case=True)
    expect(ana.at("run-loss")).to_contain_text("at best")
    ana.page.reload()
    expect(ana.at("run-state")).to_contain_text("training", ignore_case=True)
    for person in (ana, ben):
        expect(person.at("run-state")).to_contain_text("ended", ignore_case=True)

    ana.open("answer")
    ana.at("add-seed").set_input_files(seed)
    expect(ana.at("seeds-player")).to_have_count(1)
    ana.at("model").select_option(label=label_with(ana.at("model"), "notes.onnx"))
    ana.at("variations").fill("3")
    ana.at("seconds").fill("2")
    ana.at("ask").click()
    answers = ana.at("answer-player")
    expect(answers).to_have_count(3)
    answers.first.get_by_role("button", name="Play").click()
    expect(answers.first.get_by_role("button", name="Pause")).to_be_visible()
    ana.at("keep").first.click()
    answer = ana.at("answer")
    answer.get_by_text("Use these settings elsewhere").click()
    expect(answer.get_by_test_id("command")).to_contain_text("antiphon generate")
    answer.get_by_test_id("voice-name").fill("night")
    answer.get_by_test_id("save-voice").click()

    ben.open("gallery")
    expect(ben.page.locator("#gallery")).to_contain_text("night")
    kept = api(address, "GET", "/api/answers")[0]["kept"]
    assert kept == ["01.wav"], kept
    for person in (ana, ben):
        person.sees_no_error()


def label_with(select, text):
    labels = select.locator("option").all_inner_texts()
    return next(label for label in labels if text in label)


def survive(browser, address, recording, signal, done):
    """A page that is open while the studio is killed and started again."""
    with open(recording, "rb") as file:
        api(address, "PUT", "/api/recordings/notes.wav", file.read())
    settings = {"preset": "magnitude-spectrum-cpu", "hidden_size": 48}
    run = {"name": "long", "recordings": ["notes.wav"], "settings": settings, "minutes": 30}
    api(address, "POST", "/api/runs", run)
    ana = Person(browser, address)
    ana.open("runs/long")
    expect(ana.at("run-state")).to_contain_text("training", ignore_case=True)
    ana.may_be_gone = True
    # Whoever drives this kills the studio when it sees the file, and starts it again.
    open(signal, "w").close()
    expect(ana.page.locator("#banner")).to_be_visible()
    open(done, "w").close()
    expect(ana.page.locator("#banner")).to_be_hidden()
    ana.may_be_gone = False
    steps = api(address, "GET", "/api/runs/long")["steps"]
    expect(ana.at("run-state")).to_contain_text("training", ignore_case=True)
    while api(address, "GET", "/api/runs/long")["steps"] <= steps:
        time.sleep(0.1)
    ana.at("stop").click()
    expect(ana.at("run-state")).to_contain_text("stopped", ignore_case=True)
    ana.sees_no_error()


def reach(address, browser):
    """Whatever can be made better for people who see, hear or move otherwise."""
    for size in (DESK, PHONE):
        for scheme in ("light", "dark"):
            person = Person(browser, address, size, color_scheme=scheme)
            for section in SECTIONS:
                person.open(section)
                person.page.wait_for_timeout(500)
                found = Axe().run(person.page).response["violations"]
                serious = [v for v in found if v["impact"] in ("serious", "critical")]
                what = [(v["id"], [n["html"] for n in v["nodes"]]) for v in serious]
                assert not what, f"{section}, {size['width']}, {scheme}: {what}"
                width = person.page.evaluate("document.documentElement.scrollWidth")
                assert width <= size["width"], f"{section} is {width} wide at {size['width']}"
            person.sees_no_error()


def stale(browser, address, recording):
    """A list that was on its way while a recording was added does not take its choice away."""
    ana = Person(browser, address)
    ana.open("make")
    ana.at("preset-magnitude-spectrum-cpu").check()
    before, held = api(address, "GET", "/api/files"), []
    ana.page.route("**/api/files", lambda route: held.append(route))
    ana.at("add-recordings").set_input_files(recording)
    expect(ana.at("recordings-player")).to_have_count(1)
    while not held:
        ana.page.wait_for_timeout(20)
    held[0].fulfill(json=before)
    expect(ana.at("recordings-player")).to_have_count(0)
    ana.page.unroute("**/api/files")
    with open(recording, "rb") as file:
        api(address, "PUT", "/api/recordings/another.wav", file.read())
    expect(ana.at("recordings-player")).to_have_count(2)
    expect(ana.page.locator("#make input[type=checkbox][name=recordings]:checked")).to_have_count(1)
    expect(ana.at("launch")).to_be_enabled()
    ana.sees_no_error()


def keys(browser, address, recording):
    """A model is launched, followed and stopped, and a seed is answered, by the keyboard alone."""
    with open(recording, "rb") as file:
        sound = file.read()
    api(address, "PUT", "/api/recordings/notes.wav", sound)
    api(address, "PUT", "/api/seeds/melody.wav", sound[:400_000])
    ana = Person(browser, address)

    def tab_to(matches, most=600):
        for _ in range(most):
            ana.page.keyboard.press("Tab")
            if ana.page.evaluate(f"document.activeElement.matches({json.dumps(matches)})"):
                return
        raise AssertionError(f"the keyboard does not reach {matches}")

    def press(*keys):
        for key in keys:
            ana.page.keyboard.press(key)

    ana.open("make")
    expect(ana.at("recordings-player")).to_have_count(1)
    tab_to("input[name=recordings]")
    press("Space")
    tab_to("input[name=preset]")
    chosen = "document.activeElement.dataset.testid"
    for _ in range(20):
        if ana.page.evaluate(chosen) == "preset-magnitude-spectrum-cpu":
            break
        press("ArrowDown")
    press("Space")
    expect(ana.at("drawing")).to_contain_text("Input matrix")
    tab_to("[data-testid=run-name]")
    press("Control+A")
    ana.page.keyboard.type("keys")
    tab_to("[data-testid=minutes]")
    ana.page.keyboard.type("30")
    expect(ana.at("launch")).to_be_enabled()
    tab_to("[data-testid=launch]")
    press("Enter")
    # It goes there by itself, once the run is known.
    ana.page.wait_for_url("**/#runs/keys")
    expect(ana.at("run-state")).to_contain_text("training", ignore_case=True)
    tab_to("[data-testid=stop]")
    press("Enter")
    expect(ana.at("run-state")).to_contain_text("stopped", ignore_case=True)
    ana.open("answer")
    expect(ana.at("seeds-player")).to_have_count(1)
    tab_to("[data-testid=ask]")
    press("Enter")
    expect(ana.at("answer-player").first).to_be_visible(timeout=PATIENCE)
    ana.sees_no_error()


def gallery(browser, address, seconds):
    """The gallery's page, on a telephone: an answer comes, and a failure is tried again."""
    ana = Person(browser, address, PHONE)
    ana.page.goto(address)
    expect(ana.at("gallery-answer").first).to_be_visible()
    expect(ana.at("gallery-failures")).to_contain_text("broken")
    ana.at("retry").first.click()
    expect(ana.at("gallery-state")).to_be_visible()
    ana.sees_no_error()


def freeze(browser, address, seen, noticed):
    """A page that is open while its daemon is stopped and goes on, on a telephone."""
    ana = Person(browser, address, PHONE)
    ana.page.goto(address)
    expect(ana.at("gallery-state")).to_contain_text("in order")
    ana.may_be_gone = True
    # Whoever drives this stops the daemon when it sees the file, and lets it go on.
    open(seen, "w").close()
    expect(ana.page.locator("#banner")).to_be_visible()
    expect(ana.at("gallery-state")).to_contain_text("cannot be reached")
    open(noticed, "w").close()
    expect(ana.page.locator("#banner")).to_be_hidden()
    expect(ana.at("gallery-state")).to_contain_text("in order")


def paint(browser, address):
    """How soon something is seen, and how much was loaded for it."""
    ana = Person(browser, address)
    loaded = []
    ana.page.on("response", lambda response: loaded.append(response))
    ana.open("make")
    ana.page.wait_for_timeout(1500)
    script = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    weight = sum(len(r.body()) for r in loaded if "/assets/" in r.url or r.url.endswith("/"))
    print(f"first paint after {ana.page.evaluate(script):.0f} ms; the page weighs {weight} bytes")
    assert weight < 300_000, weight
    ana.sees_no_error()


def pictures(browser, address, folder):
    """What docs/studio.md shows of a studio in which something has been made."""
    ana = Person(browser, address)
    ana.open("answer")
    ana.at("answer").first.locator("summary").first.click()
    ana.page.wait_for_timeout(3000)
    ana.at("answers").scroll_into_view_if_needed()
    ana.page.evaluate("document.querySelector('[data-testid=answers]').scrollIntoView()")
    ana.page.evaluate("window.scrollBy(0, -70)")
    ana.page.wait_for_timeout(500)
    ana.page.screenshot(path=f"{folder}/studio.png")
    ben = Person(browser, address, PHONE, device_scale_factor=2)
    ben.open("gallery")
    ben.page.wait_for_timeout(3000)
    ben.page.screenshot(path=f"{folder}/gallery-phone.png")


def main():
    what, address, *files = sys.argv[1:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"],
        )
        match what:
            case "reach":
                reach(address, browser)
            case _:
                globals()[what](browser, address, *files)
        browser.close()


main()
