"""Analysis: what experiments measure from finished stages, and the report. NumPy, SciPy, no TensorFlow."""
