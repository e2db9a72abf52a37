"""Forecasts of a series: what is fitted, the fit itself, and the check of samples by what came of it."""
