"""What the engine is told: tickets, plans, calendars, maintenances and people, read when they are asked for."""
