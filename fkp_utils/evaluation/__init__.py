"""`baselines`, `errors`, intervals (`bootstrap`), `verdicts`, `comparisons`, `test_time_augmentation`."""
