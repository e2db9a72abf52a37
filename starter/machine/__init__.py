"""The state of the machine itself: asked in the background, shown on every list, told to Prometheus."""
