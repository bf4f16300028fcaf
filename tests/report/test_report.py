"""The built report in a browser, from disk."""

import pathlib
import re
import urllib.parse

import pytest

from fkp_utils.course import api_pages, badges, claims, notebooks

PAGES = ["index", "how_to_read", "try_it", *notebooks.names(), "execution_times"]


@pytest.fixture(scope="session")
def root(smoke):
    assert (smoke.folder / "build/report/index.html").is_file(), smoke.last.stdout
    return smoke.folder / "build/report"


@pytest.fixture(scope="module")
def kept():
    """Pages and their problems by name and width; the browser closes them."""
    return {}


@pytest.fixture
def show(browser, open_file, root, kept):
    """A function that shows a page, opened once at a width, to be looked at by many tests; none has had a problem."""
    used = []

    def shown(name, width=1200, scheme="light"):
        if (name, width) not in kept:
            problems = []
            kept[name, width] = open_file(browser, root / f"{name}.html", problems, width), problems
        page, problems = kept[name, width]
        used.append(problems)
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"document.documentElement.dataset.theme == '{scheme}'")
        return page

    yield shown
    assert [problems for problems in used if problems] == []


def _stem(page):
    return urllib.parse.urlsplit(page.url).path.rsplit("/", 1)[1].removesuffix(".html")


def test_every_page_is_reached_by_clicking_next(browser, open_page, root):
    page = open_page(browser, root / "index.html")
    seen = [_stem(page)]
    while page.locator("a.right-next").count():
        with page.expect_navigation():
            page.locator("a.right-next").click()
        seen.append(_stem(page))
    assert seen == [*PAGES[:-1], "index", *api_pages.rooms(), PAGES[-1]]


def test_a_card_leads_to_each_notebook_and_says_what_it_finds(browser, open_page, root):
    page = open_page(browser, root / "index.html")
    for name in notebooks.names():
        card = page.locator(f".cards .card[href='{name}.html']")
        title, sentence = card.locator("b").inner_text(), card.locator("span").inner_text()
        assert title == notebooks.title(name)
        assert len(sentence) > 20
        image = card.locator("img")
        assert image.evaluate("image => image.complete && image.naturalWidth > 100"), name
    page.locator(".cards .card").first.click()
    assert _stem(page) == notebooks.names()[0]


def test_the_front_says_how_the_earlier_reports_fared(show):
    page = show("index")
    text = page.locator("#the-earlier-reports").inner_text()
    assert f"made {len(claims.CLAIMS)} claims" in text
    told = re.findall(r"The (\d+) tests [^:]*say: ([^.]*)\.", text)
    assert len(told) == 2, "the settled verdicts, and those of these notebooks"
    for total, verdicts in told:
        assert sum(map(int, re.findall(r"(\d+): ", verdicts))) == int(total)
    assert int(told[1][0]) > len(claims.CLAIMS)


def test_every_claim_is_in_the_last_notebook_and_leads_to_the_cell_that_tests_it(browser, open_page, root):
    page = open_page(browser, root / f"{notebooks.LAST}.html")
    table = page.locator("article table").filter(has_text="an earlier report").first
    rows = table.locator("tbody tr")
    assert [text.split("\t")[0].strip() for text in rows.all_inner_texts()] == [
        claim.identity for claim in claims.CLAIMS
    ]
    targets = table.locator("a").evaluate_all("links => links.map(a => a.href)")
    assert len(targets) >= sum(claim.notebook in notebooks.names() for claim in claims.CLAIMS)
    for target in targets:
        parts = urllib.parse.urlsplit(target)
        path = root / pathlib.PurePosixPath(parts.path).name
        assert f'id="{parts.fragment}"' in path.read_text(encoding="utf-8"), target


def test_the_sidebar_names_the_pages(show):
    page = show("index")
    titles = [notebooks.title(name) for name in notebooks.names()]
    links = page.locator(".bd-sidebar-primary .bd-links a:visible").all_inner_texts()
    assert links == ["How to read a page", "Try it", *titles, "The package, room by room", "Execution times"]


@pytest.mark.parametrize("name", PAGES)
def test_images_are_whole_and_have_a_text(show, name):
    page = show(name)
    images = page.evaluate("[...document.images].map(i => [i.src, i.alt.trim(), i.naturalWidth])")
    assert [image for image in images if not image[1] or not image[2]] == []
    if name in notebooks.names():
        assert len([image for image in images if "_images" in image[0]]) > 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_the_page_without_moving_it_sideways(show, name, scheme):
    page = show(name, 400, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.evaluate("getComputedStyle(document.querySelector('article p')).fontSize") == "16px"
    for image in page.locator("article .cell_output img").all():
        assert image.bounding_box()["width"] <= 400


CONTRASTS = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => { const [r, g, b] = c.map(v => linear(v / 255)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = element => { for (let e = element; e; e = e.parentElement) {
    const colour = rgb(getComputedStyle(e).backgroundColor);
    if (colour.length == 3 || colour[3] > 0.9) return colour.slice(0, 3); } return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll('article :is(p, li, td, th, summary, h1, h2, pre span, a)')) {
    if (!e.innerText || !e.checkVisibility()) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color).slice(0, 3)), light(behind(e))];
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.tagName, e.innerText.slice(0, 40)]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out_from_what_is_behind_it(show, name, scheme):
    contrasts = show(name, scheme=scheme).evaluate(CONTRASTS)
    assert len(contrasts) > 5
    assert [each for each in contrasts if each[0] < 4.5] == []


def test_the_front_page_leads_to_the_page_to_try_the_model(browser, open_page, root):
    page = open_page(browser, root / "index.html")
    with page.expect_navigation():
        page.locator("article").get_by_role("link", name="Try it").click()
    assert _stem(page) == "try_it"
    page.wait_for_selector("#try-stage[aria-busy=false]")
    assert page.locator("#try-points circle").count() == 15
    cards = [link.get_attribute("href") for link in page.get_by_role("link", name="its card").all()]
    placed = badges.repository() != badges.PLACEHOLDER  # else there is nothing to link to
    assert [card.split("/blob/")[1] for card in cards] == ["main/fkp_utils/app/weights/README.md"] * placed


def test_the_reader_can_choose_the_dark(browser, open_page, root):
    page = open_page(browser, root / "index.html")
    page.locator("button.theme-switch-button:visible").first.click()
    page.locator("button.theme-change-button[data-mode=dark]:visible").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("name", notebooks.names())
def test_a_page_says_what_made_it(show, name):
    text = show(name).locator(".stamp").inner_text()
    for fact in ("data: synthetic", "profile: smoke", "seed: 0", "executed: 20", "python 3.", "tensorflow", "cores"):
        assert fact in text


@pytest.mark.parametrize("name", notebooks.names())
def test_solutions_are_folded_and_open_with_their_code(show, name):
    page = show(name)
    solutions = page.locator("details", has=page.get_by_text("Solution", exact=True))
    assert solutions.count() == 2
    for solution in solutions.all():
        assert not solution.locator("pre").first.is_visible()
        solution.locator("summary").click()
        assert solution.locator("pre").first.is_visible()


@pytest.mark.parametrize("name", notebooks.names())
def test_what_the_earlier_reports_said_is_a_table(show, name):
    heads = show(name).locator("section#what-the-earlier-reports-said table th")
    assert [head.strip() for head in heads.all_text_contents()][-2:] == ["Here", "Verdict"]


@pytest.mark.parametrize("name", notebooks.names())
def test_badges_lead_to_this_notebook(show, name):
    page = show(name)
    if badges.repository() == badges.PLACEHOLDER:
        assert page.get_by_role("link", name="Open in").count() == 0
        return
    for place in ("Colab", "Kaggle"):
        link = page.get_by_role("link", name=f"Open in {place}").first
        assert link.get_attribute("href").endswith(f"/blob/main/notebooks/{name}.ipynb")


@pytest.mark.parametrize("name", PAGES)
def test_links_inside_the_report_lead_somewhere(show, name):
    targets = show(name).evaluate("[...document.querySelectorAll('article a[href]')].map(a => a.href)")
    assert targets or name == "execution_times"
    for target in targets:
        parts = urllib.parse.urlsplit(target)
        if parts.scheme == "file":
            path = pathlib.Path(urllib.parse.unquote(parts.path))
            assert path.is_file(), target
            mark = f'id="{urllib.parse.unquote(parts.fragment)}"'
            assert not parts.fragment or mark in path.read_text(encoding="utf-8"), target
        else:
            assert parts.scheme == "https", target


def test_execution_times_are_listed(show):
    tables = show("execution_times").locator("article table")
    rows = tables.nth(0).locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[0].strip() for row in rows] == [*map(notebooks.title, notebooks.names()), "Together"]
    assert all(float(row.split("\t")[2].replace(",", "")) > 0 for row in rows)
    assert any("lenet5, masked" in row for row in tables.nth(1).locator("tbody tr").all_inner_texts())


def test_the_search_finds_without_a_network(browser, open_page, root):
    page = open_page(browser, root / "search.html")
    page.goto((root / "search.html").as_uri() + "?q=mislabelled")
    page.locator("#search-results a").first.wait_for()
    assert page.locator("#search-results a").count() >= 1


def test_formulas_and_failures_are_shown(browser, open_page, executed_tiny):
    report = executed_tiny.folder / "build/report"
    page = open_page(browser, report / "03_fails.html")
    page.locator("mjx-container").first.wait_for()
    assert "This notebook did not finish" in page.locator(".admonition.error").inner_text()
    assert "ZeroDivisionError: division by zero" in page.locator(".cell_output").last.inner_text()
    assert page.get_by_role("link", name="nowhere").count() == 0
    page.get_by_role("link", name="Second", exact=True).click()
    assert _stem(page) == "02_second"
