"""Detection on public series: the product's detector against the Numenta Anomaly Benchmark."""
