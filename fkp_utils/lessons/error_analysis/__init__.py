"""What notebook 06 alone needs: wrong labels, odd images, attacks, and calibration."""
