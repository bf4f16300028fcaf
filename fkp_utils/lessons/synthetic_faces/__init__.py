"""What notebook 12 needs: `making` one face in view, `ingredients` left out, tables `published`, and its `claims`."""
