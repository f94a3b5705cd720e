"""How django-gisserver answers: settings, by their names (its defaults have no bound)."""

# A page of GML is made object by object: five thousand keep it under a second or two.
GISSERVER_DEFAULT_MAX_PAGE_SIZE = 2_000
GISSERVER_GEOJSON_MAX_PAGE_SIZE = GISSERVER_DEFAULT_MAX_PAGE_SIZE
GISSERVER_CSV_MAX_PAGE_SIZE = GISSERVER_DEFAULT_MAX_PAGE_SIZE
# Degrees to the eighth decimal (a millimetre), metres too.
GISSERVER_DB_PRECISION = 8
# Counted with the first page only: a client that walks has its answer already.
GISSERVER_COUNT_NUMBER_MATCHED = 2
