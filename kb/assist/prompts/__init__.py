"""Prompts for the optional language model, one Markdown file each."""
