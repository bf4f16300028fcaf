"""The `series` of notebooks and its execution, `records`, `claims`, the `book`, tables of long runs (`summary`)."""
