"""Missing labels filled: the `imputers`, a `gaussian` with gaps, and `impute.fill`."""
