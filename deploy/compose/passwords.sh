#!/bin/sh
# PostgreSQL's image runs this once, when it makes the database: the passwords of the roles of postgres/roles.sql.
set -eu
psql --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=nissmart \
    --set=app="$APP_PASSWORD" --set=owner="$OWNER_PASSWORD" <<'END'
ALTER ROLE nissmart_app PASSWORD :'app';
ALTER ROLE nissmart_owner PASSWORD :'owner';
END
