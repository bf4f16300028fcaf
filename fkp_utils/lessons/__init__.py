"""What one notebook alone needs: a module or folder of the notebook's name without its number, such as
`regularisation_and_learning_rate` for notebook 08.
"""
