"""Networks (`architectures.build`), their `pretrained` weights, and what outputs mean (`label_sources`)."""
