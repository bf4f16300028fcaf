"""The one browser of these tests: Playwright starts only once in a process."""

import shutil

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
