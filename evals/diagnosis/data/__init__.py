"""The data sets: each module finds what it needs in a checkout, and translates it into cases. None decides anything."""
