"""Parquet files in and out, for whoever has rows or wants ids."""

from isic_cli.index.parquet import read_column, write_parquet

__all__ = ["read_column", "write_parquet"]
