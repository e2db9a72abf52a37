"""Outside systems: the ports, and one module for each system behind them."""
