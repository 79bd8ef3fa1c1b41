"""What keeps the site in order: retention, personal data, plans to copy from."""
