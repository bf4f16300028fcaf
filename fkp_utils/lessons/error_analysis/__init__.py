"""What notebook 06 alone needs: weaknesses, wrong labels, odd images, attacks, calibration, and claims."""
