/* Needs a library of its own, which it finds relative to itself. */
#define FIXTURE_NAME "private-library"
#include "fixture.h"

int fixture_helper(void);
__attribute__((constructor)) static void use(void) {
  if (fixture_helper() != 42) __builtin_trap();
}
