"""Missing labels filled: the `imputers` (forward fill, nearest neighbours), those that know shapes (`shape_models`), a
`gaussian` with gaps, and `impute`, which fills faces.
"""
