"""What notebook 10 alone needs: heads on frozen features, causes of failure, the famous networks, and its claims."""
