"""Agreement between readers: coefficients, overlap of masks, consensus."""
