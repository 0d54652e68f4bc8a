"""What check and measure are made of."""
