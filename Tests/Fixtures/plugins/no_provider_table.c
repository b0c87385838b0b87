/* Calls itself a provider, but offers a policy's table only. */
#define FIXTURE_MANIFEST                                                                          \
  "{\"id\":\"test.none\",\"version\":\"1\",\"kind\":\"provider\",\"name\":\"none\","              \
  "\"license\":\"MIT\"}"
#include "fixture.h"
