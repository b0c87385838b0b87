#define _GNU_SOURCE
#include "library.h"

#include <dlfcn.h>
#include <gatehouse/gatehouse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define SIGNALS 64

struct gatehouse_signals {
  struct sigaction action[SIGNALS + 1];
  unsigned char known[SIGNALS + 1];
};

gatehouse_signals *gatehouse_signals_read(void) {
  gatehouse_signals *signals = calloc(1, sizeof *signals);
  if (signals == NULL) return NULL;
  for (int number = 1; number <= SIGNALS; number++)
    signals->known[number] = sigaction(number, NULL, &signals->action[number]) == 0;
  return signals;
}

static int differs(const gatehouse_signals *before, int number) {
  struct sigaction now;
  if (!before->known[number] || sigaction(number, NULL, &now) != 0) return 0;
  const struct sigaction *then = &before->action[number];
  return now.sa_sigaction != then->sa_sigaction || now.sa_flags != then->sa_flags;
}

uint64_t gatehouse_signals_changed(const gatehouse_signals *before) {
  uint64_t changed = 0;
  for (int number = 1; number < SIGNALS; number++)
    if (differs(before, number)) changed |= (uint64_t)1 << number;
  return changed;
}

void gatehouse_signals_restore(const gatehouse_signals *before) {
  for (int number = 1; number <= SIGNALS; number++)
    if (differs(before, number)) sigaction(number, &before->action[number], NULL);
}

void gatehouse_signals_free(gatehouse_signals *signals) { free(signals); }

int32_t gatehouse_library_open(const char *path, void **out_entry, char *error, size_t capacity) {
  setenv("SWIFT_BACKTRACE", "enable=no", 1);
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == NULL) {
    const char *reason = dlerror();
    snprintf(error, capacity, "%s", reason == NULL ? "no reason was given" : reason);
    return 1;
  }
  *out_entry = dlsym(library, "gatehouse_plugin_entry_v1");
  if (*out_entry == NULL) {
    snprintf(error, capacity, "gatehouse_plugin_entry_v1 is not exported");
    return 2;
  }
  return 0;
}

uint32_t gatehouse_library_tables(const void *opaque, uint32_t index) {
  const gh_library *library = opaque;
  uint32_t tables = 0;
  const gh_plugin *plugin = library->get_interface(library->ctx, index, GH_IFACE_PLUGIN);
  if (plugin != NULL && plugin->config_schema != NULL && plugin->create != NULL &&
      plugin->destroy != NULL)
    tables |= GATEHOUSE_TABLE_PLUGIN;
  if (library->get_interface(library->ctx, index, GH_IFACE_POLICY) != NULL)
    tables |= GATEHOUSE_TABLE_POLICY;
  const gh_provider_hooks *hooks =
      library->get_interface(library->ctx, index, GH_IFACE_PROVIDER);
  if (hooks != NULL && hooks->call != NULL) tables |= GATEHOUSE_TABLE_PROVIDER;
  return tables;
}
