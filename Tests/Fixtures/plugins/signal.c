/* Takes over a signal. */
#include "fixture.h"
#include <signal.h>

static void handler(int number) { (void)number; }
__attribute__((constructor)) static void take(void) { signal(SIGUSR2, handler); }
