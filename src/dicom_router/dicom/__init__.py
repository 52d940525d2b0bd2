"""One file: from the bytes of a DICOM, PNG or JPEG file to pixels with bone bright. Imports no torch."""
