"""What naming a cause costs, by the size of what is in trouble."""
