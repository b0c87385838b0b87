/* Never comes out of its constructor. */
#include "fixture.h"
#include <unistd.h>

__attribute__((constructor)) static void hang(void) {
  for (;;) pause();
}
