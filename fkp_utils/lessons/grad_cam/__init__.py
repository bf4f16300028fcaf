"""What notebook 07 alone needs: the faces and maps that are compared, what is measured on them, and its claims."""
