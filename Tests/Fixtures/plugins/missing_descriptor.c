/* Has the entry, but does not say for which contract. */
#define FIXTURE_NO_DESCRIPTOR
#include "fixture.h"
