"""`nightshift chaos`: any process may die at any time, and nothing is lost or done twice."""
