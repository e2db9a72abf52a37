"""The incident as a durable workflow: it decides by the domain's rules and acts through activities only."""
