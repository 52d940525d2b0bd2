"""The network: training, calibration, export and inference. Inference imports no torch."""
