"""Images moved and changed together with their labels: `augment` says what may happen, `augment_layer` does it (a flip
swaps left and right), with `warp` and `corruptions`.
"""
