"""The `series` of notebooks, in the order of the Snakefile, and the `execution` of each; `records`, also as one
table (`records_table`); `claims`, and which verdicts on them count (`settled`); the `book`, its `home_page`, its
`api_pages`, its `execution_times`, the model of its page to try (`browser_model`); the series on Kaggle and Colab
(`cloud`); and tables of long runs (`summary`).
"""
