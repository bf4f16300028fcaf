"""Named trainings: the `earlier_networks`, the `best_model`, self-training (`pseudo_labels`), and learning from
synthetic faces for photos (`sim_to_real`).
"""
