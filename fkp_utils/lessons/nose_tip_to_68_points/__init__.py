"""What notebook 11 alone needs: its three tasks and how their errors are measured, and its claims."""
