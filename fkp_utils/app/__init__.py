"""Faces found (`finder`) in any photo or `video` and their points (`prediction`), by the model that comes with the
package (`shipped_model`); a page (`web`); the `submission` to Kaggle.
"""
