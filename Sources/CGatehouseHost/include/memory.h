/* memory.h: what the allocator keeps for later. */
#ifndef GATEHOUSE_HOST_MEMORY_H
#define GATEHOUSE_HOST_MEMORY_H

/* [any] Gives free pages of the C library's heap back to the kernel. Takes its locks, one heap after
 * the other, for milliseconds in all. Does nothing where another allocator is in its place. */
void gatehouse_trim_memory(void);

#endif
