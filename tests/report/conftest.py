"""The one browser of these tests (Playwright starts only once in a process), and how a page is opened in it."""

import shutil
import urllib.parse

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LOCAL = ("file", "data", "blob", "about")
PATIENCE = 120_000  # ms: other tests run beside these


@pytest.fixture(scope="session")
def launch():
    """A function that starts a browser with more arguments; all are closed at the end."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright import sync_api

    with sync_api.sync_playwright() as playwright:
        started = []

        def launched(*arguments):
            started.append(playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *arguments]))
            return started[-1]

        yield launched
        for browser in started:
            browser.close()


@pytest.fixture(scope="session")
def browser(launch):
    return launch()


@pytest.fixture(scope="session")
def open_file():
    """A function that opens the page of a file; `problems` gets its errors, and whatever it asks for not on disk."""

    def opened(browser, path, problems, width=1200):
        page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: message.type == "error" and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("requestfailed", lambda request: problems.append(f"failed: {request.url}"))
        page.on("request", lambda request: _is_local(request.url) or problems.append(f"outside: {request.url}"))
        page.goto(path.as_uri())
        return page

    return opened


def _is_local(url):
    return urllib.parse.urlsplit(url).scheme in LOCAL


@pytest.fixture
def open_page(open_file):
    """A function that opens a page for one test, to go on from; at the end, no page has had a problem."""
    pages, problems = [], []

    def opened(browser, path):
        pages.append(open_file(browser, path, problems))
        return pages[-1]

    yield opened
    for page in pages:
        page.context.close()
    assert problems == []
