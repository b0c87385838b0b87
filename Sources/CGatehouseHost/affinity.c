#define _GNU_SOURCE
#include "affinity.h"

#include <sched.h>

uint32_t gatehouse_affinity_count(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return (uint32_t)CPU_COUNT(&set);
}
