/* Calls what nobody defines: RTLD_NOW finds it. */
#include "fixture.h"

int nobody_defines_this(void);
int calls_it(void);
GH_EXPORT int calls_it(void) { return nobody_defines_this(); }
