"""The pages: rendered on the server, readable on a phone, without any script."""
