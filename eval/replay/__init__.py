"""Dialogs of the evaluation data, turn by turn through the interaction API."""
