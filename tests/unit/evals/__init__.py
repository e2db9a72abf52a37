"""What measures the product is held to tests too."""
