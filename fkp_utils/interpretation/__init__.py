"""What happens inside a network: `activations`, Grad-CAM and its kin (`gradcam`), and tests of such maps
(`map_tests`).
"""
