"""A face found in any photo, and its points (`prediction`); the `submission` to Kaggle."""
