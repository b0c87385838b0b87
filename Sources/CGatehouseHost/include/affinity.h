/* affinity.h: how many processors the scheduler lets this process use. */
#ifndef GATEHOUSE_HOST_AFFINITY_H
#define GATEHOUSE_HOST_AFFINITY_H
#include <stdint.h>

/* [any] The processors in the affinity mask of the calling thread; 1 when it cannot be read. */
uint32_t gatehouse_affinity_count(void);

#endif
