"""Twilio: the account and its client, signatures and error codes, SMS, phone calls and what they say."""
