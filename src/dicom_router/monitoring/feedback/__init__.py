"""What people say that films show: those drawn for them, their labels, and how good the model was by these."""
