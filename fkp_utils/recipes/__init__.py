"""Named trainings: `earlier_networks`, the `best_model`, `pseudo_labels`, and `sim_to_real`, which needs no photo."""
