"""Take a patient, or single films, out of a project and out of everything that was made of it here."""
