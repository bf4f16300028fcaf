"""Networks, a module for each family (`lenet`, `vgg`, `heatmap`, …), built by `architectures`; their `pretrained`
weights; and what outputs mean (`label_sources`).
"""
