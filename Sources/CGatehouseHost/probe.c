/* The probing process: nothing of Swift runs here, and nothing but the library's own code can make
 * it fail. See probe.h for the frames. */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <gatehouse/gatehouse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "library.h"

#define REPORT 3
#define PLUGINS_MAX 64u
#define MANIFEST_MAX (64u << 10)
#define SCHEMA_MAX (1u << 20)

/* ---- frames ------------------------------------------------------------------------------------ */

/* 0, or an errno: EFAULT says that a library handed out a pointer to nowhere. */
static int put(const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t written = write(REPORT, at, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    at += written;
    length -= (size_t)written;
  }
  return 0;
}

static int frame(uint32_t tag, uint32_t index, const void *bytes, size_t length) {
  uint32_t head[3] = {tag, index, (uint32_t)length};
  int error = put(head, sizeof head);
  return error != 0 ? error : put(bytes, length);
}

static void must(int error) {
  if (error != 0) _exit(70);
}

static void fail(uint32_t code, const char *sentence, const char *nonce) __attribute__((noreturn));
static void fail(uint32_t code, const char *sentence, const char *nonce) {
  must(frame(GATEHOUSE_FRAME_FAILURE, code, sentence, strlen(sentence)));
  must(frame(GATEHOUSE_FRAME_END, 0, nonce, strlen(nonce)));
  _exit(0);
}

static void stage(uint32_t number) { must(frame(GATEHOUSE_FRAME_STAGE, number, "", 0)); }

/* ---- a host that offers every table and does nothing -------------------------------------------- */

/* Whatever a plugin calls here answers GH_UNSUPPORTED: as a status, or as a slice of length 0.
 * The calling conventions of the machines that we support leave the arguments to the caller, so
 * one function serves every member of every table. */
static gh_str unsupported(void) {
  gh_str nothing = {(const char *)(intptr_t)GH_UNSUPPORTED, 0};
  return nothing;
}

#define MEMBERS 32
static gh_str (*const table[MEMBERS])(void) = {
    unsupported, unsupported, unsupported, unsupported, unsupported, unsupported, unsupported,
    unsupported, unsupported, unsupported, unsupported, unsupported, unsupported, unsupported,
    unsupported, unsupported, unsupported, unsupported, unsupported, unsupported, unsupported,
    unsupported, unsupported, unsupported, unsupported, unsupported, unsupported, unsupported,
    unsupported, unsupported, unsupported, unsupported};

_Static_assert(sizeof(gh_host_exchange) <= sizeof table, "the largest table fits");
_Static_assert(sizeof(gh_host_async) <= sizeof table, "so does this one");

static const void *get_interface(void *ctx, const char *id) {
  (void)ctx;
  static const char *const offered[] = {
      GH_IFACE_HOST_BASE,    GH_IFACE_HOST_ROUTE,   GH_IFACE_HOST_EXCHANGE, GH_IFACE_HOST_ASYNC,
      GH_IFACE_HOST_FETCH,   GH_IFACE_HOST_CACHE,   GH_IFACE_HOST_SECRETS,  GH_IFACE_HOST_METRICS,
      GH_IFACE_HOST_PROVIDERS};
  if (id == NULL) return NULL;
  for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++)
    if (strcmp(id, offered[i]) == 0) return table;
  return NULL;
}

/* ---- the library -------------------------------------------------------------------------------- */

static void bound(int resource, rlim_t most) {
  struct rlimit limit = {most, most};
  setrlimit(resource, &limit);
}

static void confine(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  bound(RLIMIT_CORE, 0);
  bound(RLIMIT_CPU, 30);
  bound(RLIMIT_FSIZE, 0);
  bound(RLIMIT_NOFILE, 64);
  bound(RLIMIT_AS, (rlim_t)8 << 30);
}

static uint32_t threads(void) {
  DIR *folder = opendir("/proc/self/task");
  if (folder == NULL) return 1;
  uint32_t count = 0;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
    count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

static void text(uint32_t tag, uint32_t index, gh_str bytes, size_t most, const char *nonce) {
  if (bytes.len > most || (bytes.ptr == NULL && bytes.len > 0))
    fail(GATEHOUSE_FAILURE_BYTES, "it hands out a text without an address or beyond all bounds",
         nonce);
  /* The frame's head is written only once its bytes can be read: a copy that crashes is a crash
   * of this stage. */
  char *copy = malloc(bytes.len + 1);
  if (copy == NULL) _exit(71);
  if (bytes.len > 0) memcpy(copy, bytes.ptr, bytes.len);
  must(frame(tag, index, copy, bytes.len));
  free(copy);
}

static void ask(const gh_library *library, uint32_t index, const char *nonce) {
  stage(GATEHOUSE_STAGE_MANIFEST);
  text(GATEHOUSE_FRAME_MANIFEST, index, library->manifest(library->ctx, index), MANIFEST_MAX,
       nonce);
  stage(GATEHOUSE_STAGE_TABLES);
  if (library->get_interface(library->ctx, index, "gatehouse.unknown/0") != NULL)
    fail(GATEHOUSE_FAILURE_TABLE, "it claims to know an interface that does not exist", nonce);
  uint32_t tables = gatehouse_library_tables(library, index);
  must(frame(GATEHOUSE_FRAME_TABLES, index, &tables, sizeof tables));
  if ((tables & GATEHOUSE_TABLE_PLUGIN) == 0) return;
  const gh_plugin *plugin = library->get_interface(library->ctx, index, GH_IFACE_PLUGIN);
  stage(GATEHOUSE_STAGE_SCHEMA);
  text(GATEHOUSE_FRAME_SCHEMA, index, plugin->config_schema(library->ctx, index), SCHEMA_MAX,
       nonce);
}

static void examine(const char *path, const char *nonce) {
  static const char product[] = "gatehouse";
  static const gh_host host = {.struct_size = sizeof(gh_host),
                               .abi_minor = 0,
                               .product = {product, sizeof product - 1},
                               .version = {"0", 1},
                               .get_interface = get_interface};
  static gh_library library = {.struct_size = sizeof(gh_library)};
  char error[1024];
  void *address = NULL;

  stage(GATEHOUSE_STAGE_LOAD);
  int32_t opened = gatehouse_library_open(path, &address, error, sizeof error);
  if (opened != 0)
    fail(opened == 1 ? GATEHOUSE_FAILURE_LOAD : GATEHOUSE_FAILURE_SYMBOL, error, nonce);

  stage(GATEHOUSE_STAGE_ENTRY);
  gh_status (*entry)(const gh_host *, gh_library *) = NULL;
  memcpy(&entry, &address, sizeof entry);
  gh_status status = entry(&host, &library);
  if (status != GH_OK) {
    snprintf(error, sizeof error, "%d", status);
    fail(GATEHOUSE_FAILURE_ENTRY, error, nonce);
  }
  if (library.manifest == NULL || library.get_interface == NULL)
    fail(GATEHOUSE_FAILURE_TABLE, "its entry left out manifest or get_interface", nonce);
  if (library.plugin_count == 0 || library.plugin_count > PLUGINS_MAX)
    fail(GATEHOUSE_FAILURE_COUNT, "it offers no plugin, or more than 64", nonce);
  must(frame(GATEHOUSE_FRAME_LIBRARY, library.plugin_count, &library.abi_minor_required, 4));
  for (uint32_t index = 0; index < library.plugin_count; index++) ask(&library, index, nonce);
}

void gatehouse_probe_main(int argc, char **argv) {
  if (argc < 3) _exit(64);
  const char *path = argv[argc - 2];
  const char *nonce = argv[argc - 1];
  confine();
  must(frame(GATEHOUSE_FRAME_HELLO, 0, nonce, strlen(nonce)));
  gatehouse_signals *before = gatehouse_signals_read();
  if (before == NULL) _exit(71);
  examine(path, nonce);
  uint64_t changed = gatehouse_signals_changed(before);
  must(frame(GATEHOUSE_FRAME_SIGNALS, 0, &changed, sizeof changed));
  must(frame(GATEHOUSE_FRAME_THREADS, threads(), "", 0));
  fflush(stdout);
  must(frame(GATEHOUSE_FRAME_END, 0, nonce, strlen(nonce)));
  _exit(0);
}
