"""Values as people write and read them: durations, rates, times, safe text, JSON."""
