"""Sphinx configuration of the report; the pages are put beside a copy of it by `fkp_utils.course.book`."""

from fkp_utils.course import api_pages, badges
from fkp_utils.system import backend

backend.load_keras()  # the modules that are documented import it

project = "Facial keypoint detection"
extensions = ["myst_nb", "sphinx-mathjax-offline", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
nb_render_markdown_format = "myst"  # the default knows no tables, and the claims of a page are one
myst_enable_extensions = ["attrs_block", "attrs_inline", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type", "ref.python"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
add_module_names = False
python_maximum_signature_line_length = 88

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["report.css"]
html_copy_source = False
html_show_search_summary = False  # pages on disk cannot be fetched
html_show_copyright = False
html_show_sphinx = False
html_last_updated_fmt = None
_KNOWN = badges.repository() != badges.PLACEHOLDER  # else buttons would lead nowhere
html_theme_options = {
    "repository_url": f"https://github.com/{badges.repository()}",
    "repository_branch": "main",
    "path_to_docs": "notebooks",
    "use_repository_button": _KNOWN,
    "use_download_button": False,
    "launch_buttons": {"colab_url": "https://colab.research.google.com"} if _KNOWN else {},
    "show_toc_level": 2,
    "navbar_persistent": [],
    "footer_content_items": [],
}
html_context = {"default_mode": "auto"}
# contents on each page of source code take half of the time
html_sidebars = {"_modules/**": ["navbar-logo.html", "search-button-field.html"]}


def _docstring(app, what, name, obj, options, lines):
    lines[:] = api_pages.as_restructured(lines)


def setup(app):
    """Docstrings are plain text with `code`; Sphinx reads reStructuredText."""
    app.connect("autodoc-process-docstring", _docstring)
