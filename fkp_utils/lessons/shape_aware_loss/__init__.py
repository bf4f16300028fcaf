"""What notebook 09 alone needs: distances between points, the networks compared, a prior of shapes, and its claims."""
