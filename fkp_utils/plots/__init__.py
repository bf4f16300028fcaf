"""Every figure: `training_plots` (learning curves), `network_plots` (filters, maps), `layer_plots`, `error_plots`,
`task_plots`, `augmentation_plots`, `shape_plots`, `render_plots`, `verdict_plots`; the style and what figures share
in `common`.
"""
