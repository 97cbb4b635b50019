"""Ask for money: by a link, or by a code of the member. Neither moves any."""
