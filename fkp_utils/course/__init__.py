"""The `series` of notebooks, executed in the order of the Snakefile; `records`, `claims`, the `book`, its `api_pages`,
the model of its page to try (`browser_model`), and tables of long runs (`summary`).
"""
