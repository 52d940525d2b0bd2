"""The same film again, though no byte is the same: re-encoded, rescaled, windowed anew, inverted, exported as PNG."""
