"""Views of the data (`data_views`), `experiment`, masked `losses`, `optimizers`, the `loop`, `runs` on disk."""
