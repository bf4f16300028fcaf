"""Facial keypoint detection: the tested package behind the notebooks."""
