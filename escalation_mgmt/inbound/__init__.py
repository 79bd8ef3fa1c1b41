"""What comes from outside: a file for each provider's callbacks; replies and receipts, whoever brought them."""
