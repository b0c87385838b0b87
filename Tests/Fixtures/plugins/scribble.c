/* Writes to whatever descriptor is open: the report is disturbed. */
#include "fixture.h"
#include <unistd.h>

__attribute__((constructor)) static void scribble(void) {
  ssize_t ignored = write(3, "0123456789abcdef0123456789abcdef", 32);
  (void)ignored;
}
