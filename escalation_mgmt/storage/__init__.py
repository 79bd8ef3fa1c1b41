"""Rows of ours: action items and the decisions applied to them, messages that wait, the history."""
