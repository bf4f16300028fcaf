"""Images moved and changed together with their labels: `augment`, its Keras layer, `warp`, `corruptions`."""
