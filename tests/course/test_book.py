import nbformat
import pytest

from fkp_utils.course import badges, book, records


def test_links_lead_into_the_book_or_the_repository(monkeypatch):
    monkeypatch.setattr(badges, "repository", lambda: "ann/faces")
    text = "[a](01_eda.ipynb#the-set) [b](99_none.ipynb) [c](../data/README.md) [![Open](x.svg)](https://colab)"
    linked = book._linked(text, ["01_eda"])
    assert "[a](01_eda.ipynb#the-set) b [c](https://github.com/" in linked
    assert linked.endswith("/ann/faces/blob/main/data/README.md) [Open](https://colab){.badge-button}")


def test_what_would_lead_nowhere_is_not_shown_before_the_repository_has_an_address(monkeypatch):
    monkeypatch.setattr(badges, "repository", lambda: badges.PLACEHOLDER)
    text = "[a](01_eda.ipynb) [c](../data/README.md) [![Open](x.svg)](https://colab)"
    assert book._linked(text, ["01_eda"]) == "[a](01_eda.ipynb) c "


def made(*cells):
    """The page of a notebook with these cells below its title."""
    title = nbformat.v4.new_markdown_cell("# 01 · A")
    stamp = {"parameters": {"DATA": "synthetic"}, "versions": {"python": "3.12"}, "seconds": 1.0, "cores": 2}
    fkp = stamp | {"executed": "2026-01-02T03:04:05+00:00"}
    return book.page(nbformat.v4.new_notebook(cells=[title, *cells], metadata={"fkp": fkp}), ["01_a"])


def test_a_cell_shows_one_figure_and_its_text():
    def picture(alt):
        metadata = {"image/png": {"alt": alt, "width": 700}}
        return nbformat.v4.new_output("display_data", {"image/png": "aaaa"}, metadata=metadata)

    page = made(nbformat.v4.new_code_cell("x", outputs=[picture("a face")]))
    assert page.cells[-1].metadata["mystnb"]["image"] == {"alt": "a face", "width": "700px"}
    assert "2026-01-02 03:04 UTC" in page.cells[1].source
    with pytest.raises(ValueError, match="2 figures; one cell, one figure"):
        made(nbformat.v4.new_code_cell("x", outputs=[picture("a"), picture("b")]))


def test_a_page_does_not_tell_where_a_folder_lies():
    cell = nbformat.v4.new_code_cell('ROOT = "/somewhere/of/mine/faces"', metadata={"tags": ["injected-parameters"]})
    assert made(cell).cells[-1].source == 'ROOT = ".../faces"'


def test_tables_tell_words_from_numbers():
    html = "<td class='a'>-1.5</td><td >left eye</td><td>nan</td><td>None</td><td>+3</td>"
    assert book._table(html).count("data-words") == 1
    assert "<td data-words >left eye</td>" in book._table(html)


def test_claims_are_found_by_links_and_tables_lead_to_pages():
    claim = {"claims": {"S0.1 axis": {}}}
    code = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", {records.MIME: claim})])
    table = '<a href="01_a.ipynb#claim-s0-1-axis">S0.1 axis</a> <a href="02_b.ipynb">02</a>'
    other = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", {"text/html": table})])
    _, _, anchor, _, shown = made(code, other).cells
    assert anchor.source == '<div id="claim-s0-1-axis"></div>'
    assert shown.outputs[0].data["text/html"] == '<a href="01_a.html#claim-s0-1-axis">S0.1 axis</a> 02'
