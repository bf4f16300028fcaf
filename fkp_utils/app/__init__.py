"""Points for any photo (`prediction`), and the `submission` to Kaggle."""
