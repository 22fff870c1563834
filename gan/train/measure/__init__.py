"""How good faces are: distances, precision and recall, spectra, sheets and plots."""
