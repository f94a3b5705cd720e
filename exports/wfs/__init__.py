"""WFS 2.0 of the published couches, on django-gisserver: for desks whose tools stop there."""
