"""The demo: a real fault in a real system, and the incident that follows, live in the terminal."""
