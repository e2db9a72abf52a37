"""Pages that follow what happens: one stream for each open page, and one question for all of them."""
