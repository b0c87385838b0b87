/* Its manifest has a member that does not exist. */
#define FIXTURE_MANIFEST                                                                          \
  "{\"id\":\"test.bad\",\"version\":\"1\",\"kind\":\"policy\",\"name\":\"bad\","                  \
  "\"license\":\"MIT\",\"orderClas\":\"cors\"}"
#include "fixture.h"
