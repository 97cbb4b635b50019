"""Ask for money: by a link, or by one's own code. Neither moves any."""
