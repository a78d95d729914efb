"""Check metadata and pictures, and send them to a cohort."""
