/* Writes to standard output, where access records belong, and to what might be the report. */
#define FIXTURE_NAME "noise"
#include "fixture.h"
#include <unistd.h>

__attribute__((constructor)) static void speak(void) {
  ssize_t ignored = write(1, "hello from a constructor\n", 25);
  (void)ignored;
}
