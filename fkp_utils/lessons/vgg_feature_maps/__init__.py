"""VGG and its maps: which faces, how maps look like them, trainings by their start, and the earlier report's claims."""
