"""A PostgreSQL backend for Django whose connections use pipeline mode."""
