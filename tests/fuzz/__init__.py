"""Random options, damaged files and failing writes: `python -m tests.fuzz --seconds 3600`."""
