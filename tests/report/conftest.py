"""How a page of the report is opened in a browser, which a module keeps."""

import urllib.parse

import chromium
import pytest

LOCAL = ("file", "data", "blob", "about")
PATIENCE = 120_000  # ms: other tests run beside these


@pytest.fixture(scope="module")
def launch():
    """A function that starts a browser with more arguments; all are closed at the end of the module."""
    if chromium.PATH is None:
        pytest.skip("no Chromium on this machine")
    with chromium.launcher() as launched:
        yield launched


@pytest.fixture(scope="module")
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
