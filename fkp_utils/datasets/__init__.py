"""One module for each public layout (`kaggle`, `celeba`, `imm`, `landmarks68`) and what they share (`images`); the
generator of synthetic faces in `synthetic/` (people, head, skin, light, camera); the `cache`; `loading`, which lists
the layouts and loads them.
"""
