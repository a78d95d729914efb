"""Superpixel maps: decode, measure, draw, convert, generate."""
