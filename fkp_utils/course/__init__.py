"""The `series` of notebooks, executed in the order of the Snakefile; `records`, `claims`, the `book`, its `api_pages`,
and tables of long runs (`summary`).
"""
