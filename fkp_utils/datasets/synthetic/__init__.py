"""The `generator` of synthetic faces: `people`, `head`, `skin`, `light`, `scene`, `camera` and `sensor`."""
