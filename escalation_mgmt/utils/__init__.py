"""What every part needs and none owns: the clock, rows in sets, error reports, retries, jobs, limits, fault points."""
