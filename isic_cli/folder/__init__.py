"""A download folder, served inside the process as an archive that speaks API v2."""
