"""What one notebook alone needs: a module or folder for each, named as the notebook without its number."""
