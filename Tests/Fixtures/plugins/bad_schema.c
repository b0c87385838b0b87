/* Its schema uses a keyword that is not supported. */
#define FIXTURE_NAME "bad-schema"
#define FIXTURE_SCHEMA "{\"type\":\"object\",\"unevaluatedProperties\":false}"
#include "fixture.h"
