"""What makes time pass: document events, the dispatcher, the sweep, and whoever watches them."""
