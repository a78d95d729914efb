"""Superpixel maps by the file, by the folder or by ISIC id: what the commands do with them."""
