"""The `generator` of synthetic faces, with a module for each of its parts: people, head, skin, light, scene, covers,
lens, camera and sensor.
"""
