/* Needs a newer minor version than any gateway of today. */
#define FIXTURE_ABI_MINOR 7
#include "fixture.h"
