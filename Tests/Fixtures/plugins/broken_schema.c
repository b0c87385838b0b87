/* Its schema is not JSON. */
#define FIXTURE_NAME "broken-schema"
#define FIXTURE_SCHEMA "{\"type\":\"object\""
#include "fixture.h"
