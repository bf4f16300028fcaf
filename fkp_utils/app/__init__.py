"""Points for any photo (`prediction`), for a `video` and in a page (`web`), and the `submission` to Kaggle."""
