#define _GNU_SOURCE
#include "memory.h"

#include <malloc.h>

void gatehouse_trim_memory(void) { malloc_trim(0); }
