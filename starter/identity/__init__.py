"""Who a person is, at the doors that can tell, and their word with a proof of it."""
