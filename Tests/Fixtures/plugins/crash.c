/* Crashes in a constructor. */
#include "fixture.h"
#include <signal.h>
#include <stdio.h>

__attribute__((constructor)) static void crash(void) {
  fputs("about to crash\n", stderr);
  raise(SIGSEGV);
}
