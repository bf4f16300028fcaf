"""Every figure: `network_plots` (learning curves, filters, maps), `error_plots`, `augmentation_plots`, `shape_plots`,
`render_plots`; the style and what figures share in `common`.
"""
