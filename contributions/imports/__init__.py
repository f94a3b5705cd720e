"""Files of points on their way in: received, described, tried, then proposed to those who decide."""
