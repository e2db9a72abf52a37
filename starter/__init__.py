"""The ways in: webhooks, pages and the command line."""
