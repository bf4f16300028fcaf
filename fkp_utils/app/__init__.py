"""Faces found in any photo or `video` and their points (`prediction`), a page (`web`); the `submission` to Kaggle."""
