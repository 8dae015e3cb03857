"""What the log and the projections cost, as ratios to the bare drivers in the same run."""
