"""Erasure, export, retention and backups: what reaches beyond one transaction."""
