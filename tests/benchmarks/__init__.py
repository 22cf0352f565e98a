"""Measurements: what things take here and now, printed. Nothing in them passes or fails."""
