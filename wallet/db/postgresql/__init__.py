"""PostgreSQL for Django, with connections that send several statements together."""
