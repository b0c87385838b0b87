/* probe.h: a child process that loads a library and reports what it says, and how to start one.
 *
 * The report is a sequence of frames on descriptor 3: tag, index and length as 32-bit little-endian
 * numbers, then `length` bytes. It begins with HELLO and is complete with END, both with the nonce
 * that the parent chose: a constructor that calls _exit(0) does not get that far. */
#ifndef GATEHOUSE_HOST_PROBE_H
#define GATEHOUSE_HOST_PROBE_H
#include <stdint.h>

#define GATEHOUSE_FRAME_HELLO 1u    /* the nonce */
#define GATEHOUSE_FRAME_STAGE 2u    /* index: GATEHOUSE_STAGE_*, what begins now */
#define GATEHOUSE_FRAME_LIBRARY 3u  /* index: plugin_count; abi_minor_required, 32 bits */
#define GATEHOUSE_FRAME_MANIFEST 4u /* index: plugin; its bytes */
#define GATEHOUSE_FRAME_TABLES 5u   /* index: plugin; GATEHOUSE_TABLE_*, 32 bits */
#define GATEHOUSE_FRAME_SCHEMA 6u   /* index: plugin; its bytes */
#define GATEHOUSE_FRAME_SIGNALS 7u  /* bit n: the disposition of signal n was changed, 64 bits */
#define GATEHOUSE_FRAME_THREADS 8u  /* index: threads that run after loading, the first included */
#define GATEHOUSE_FRAME_FAILURE 9u  /* index: GATEHOUSE_FAILURE_*; a sentence */
#define GATEHOUSE_FRAME_END 10u     /* the nonce */

#define GATEHOUSE_STAGE_LOAD 1u
#define GATEHOUSE_STAGE_ENTRY 2u
#define GATEHOUSE_STAGE_MANIFEST 3u
#define GATEHOUSE_STAGE_TABLES 4u
#define GATEHOUSE_STAGE_SCHEMA 5u

#define GATEHOUSE_FAILURE_LOAD 1u
#define GATEHOUSE_FAILURE_SYMBOL 2u
#define GATEHOUSE_FAILURE_ENTRY 3u /* the sentence is the status, in decimal */
#define GATEHOUSE_FAILURE_TABLE 4u /* the library's own functions are missing */
#define GATEHOUSE_FAILURE_COUNT 5u
#define GATEHOUSE_FAILURE_BYTES 6u

/* The body of the hidden subcommand: the last two arguments are the library's path and the nonce.
 * To be called first thing in main(), before any thread and any runtime is started. Does not
 * return. */
void gatehouse_probe_main(int argc, char **argv) __attribute__((noreturn));

/* A started child: its process and the ends of three pipes that are read without blocking. */
typedef struct gatehouse_child {
  int32_t pid;
  int32_t pidfd; /* readable once the child has ended; -1: the kernel has none */
  int32_t report;
  int32_t output;
  int32_t errors;
} gatehouse_child;

/* Starts argv[0] in a process group of its own, with no descriptor but 0 to 3 and every signal at
 * its default. Returns 0 or an errno. The caller closes the descriptors. [any] */
int32_t gatehouse_child_spawn(char *const *argv, char *const *envp, gatehouse_child *out);
/* Whether the child has ended: 1 with its exit status, 2 with the signal that ended it, 0 not yet,
 * -1 unknown. It stays to be reaped. */
int32_t gatehouse_child_ended(int32_t pid, int32_t *out_value);
/* Ends the child's process group and reaps the child. */
void gatehouse_child_reap(int32_t pid);
/* The name of a signal without SIG; NULL: it has none. Immortal. [any] */
const char *gatehouse_signal_name(int32_t number);

#endif
