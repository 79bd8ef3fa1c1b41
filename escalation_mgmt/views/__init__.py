"""What forms, lists and cards show."""
