"""Views of the data (`data_views`: complete rows, some points, other frames, folds), the `experiment`, masked
`losses`, `optimizers`, the `loop`, and `runs`, kept on disk and found again.
"""
