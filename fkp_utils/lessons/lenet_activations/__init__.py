"""LeNet-5 on labels with gaps: faces to look at, the networks that are compared, and what an earlier report says."""
