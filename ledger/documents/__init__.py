"""Documents that people take away: their paper, and the codes that prove them genuine."""
