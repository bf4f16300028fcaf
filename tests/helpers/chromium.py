"""Chromium for the tests of pages: where it is, and how it is started."""

import contextlib
import shutil

PATH = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextlib.contextmanager
def launcher():
    """A function that starts a browser with more arguments; all are closed at the end.

    Only one launcher can be open in a process at a time, as Playwright's event loop runs as long as it is.
    """
    from playwright import sync_api

    with sync_api.sync_playwright() as playwright:
        started = []

        def launched(*arguments):
            started.append(playwright.chromium.launch(executable_path=PATH, args=[*ARGUMENTS, *arguments]))
            return started[-1]

        yield launched
        for browser in started:
            browser.close()
