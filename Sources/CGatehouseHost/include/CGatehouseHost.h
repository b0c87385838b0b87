/* C shims of the host: system calls and structures that Swift cannot reach by itself. */
#ifndef CGATEHOUSEHOST_H
#define CGATEHOUSEHOST_H
#include <stdint.h>
#include "affinity.h"
#include "library.h"
#include "memory.h"
#include "probe.h"

#endif
