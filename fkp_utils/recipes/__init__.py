"""Named trainings: the `earlier_networks`, the `best_model`, self-training (`pseudo_labels`), learning from
synthetic faces for photos (`sim_to_real`), and of 68 points (`dense_landmarks`).
"""
