"""A folder, or the demo, as an archive for others on loopback or a LAN, with a gallery."""
