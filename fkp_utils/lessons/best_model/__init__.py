"""What notebook 13 alone needs: the steps, heat maps, long runs, public scores, a photo, and its claims."""
