"""From the pixel cache to a trained and exported network: Lightning and timm. Imports neither pydicom nor DVC."""
