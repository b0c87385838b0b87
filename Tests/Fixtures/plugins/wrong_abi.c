/* Built for a contract of the future. */
#define FIXTURE_ABI_MAJOR 2
#include "fixture.h"
