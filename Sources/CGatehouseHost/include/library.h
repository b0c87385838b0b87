/* library.h: opening a plugin library, and what the process's signal dispositions were before it. */
#ifndef GATEHOUSE_HOST_LIBRARY_H
#define GATEHOUSE_HOST_LIBRARY_H
#include <stddef.h>
#include <stdint.h>

/* What a process does on each signal, at one moment. */
typedef struct gatehouse_signals gatehouse_signals;

/* The dispositions of now; NULL without memory. Freed with gatehouse_signals_free. */
gatehouse_signals *gatehouse_signals_read(void);
/* Bit n: the disposition of signal n is another one now. */
uint64_t gatehouse_signals_changed(const gatehouse_signals *before);
/* Puts the changed ones back. */
void gatehouse_signals_restore(const gatehouse_signals *before);
void gatehouse_signals_free(gatehouse_signals *signals);

/* [control] Loads a library for ever (RTLD_NOW, RTLD_LOCAL, RTLD_NODELETE) and looks up its entry.
 * SWIFT_BACKTRACE is set first, so that a Swift runtime in it installs no signal handler.
 * Returns 0, 1: not loadable, 2: no entry; then `error` holds a sentence that ends with a zero. */
int32_t gatehouse_library_open(const char *path, void **out_entry, char *error, size_t capacity);

/* The tables that plugin `index` of a library offers and that are complete: a set of
 * GATEHOUSE_TABLE_*. `library` is a gh_library that the entry has filled. */
#define GATEHOUSE_TABLE_PLUGIN 1u
#define GATEHOUSE_TABLE_POLICY 2u
#define GATEHOUSE_TABLE_PROVIDER 4u
uint32_t gatehouse_library_tables(const void *library, uint32_t index);

#endif
