/* Ends the process in a constructor, with the status of success. */
#include "fixture.h"
#include <unistd.h>

__attribute__((constructor)) static void leave(void) { _exit(0); }
