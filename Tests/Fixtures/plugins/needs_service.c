/* Needs an interface that no host offers. */
#define FIXTURE_MANIFEST                                                                          \
  "{\"id\":\"test.needs\",\"version\":\"1\",\"kind\":\"policy\",\"name\":\"needs\","              \
  "\"license\":\"MIT\",\"requires\":[\"gatehouse.host.telepathy/0\"]}"
#include "fixture.h"
