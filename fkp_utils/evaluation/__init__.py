"""`baselines`, `errors` by face and condition, bootstrap intervals (`bootstrap`), whether a claim holds (`verdicts`),
`comparisons` of networks, and `test_time_augmentation`.
"""
