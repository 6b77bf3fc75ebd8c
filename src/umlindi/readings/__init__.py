"""What probes measured, kept in daily partitions and mergeable histograms."""
