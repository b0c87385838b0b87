/* caller.c: calls the adapter as the gateway would, with memory that ends where the text ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gatehouse/gatehouse.h"

static char output[4096];
static size_t written;
static int reports;

static gh_status write_output(void *ctx, gh_str bytes) {
  (void)ctx;
  if (written + bytes.len >= sizeof output) return GH_LIMIT;
  memcpy(output + written, bytes.ptr, bytes.len);
  written += bytes.len;
  output[written] = '\0';
  return GH_OK;
}

static void report(void *ctx, uint32_t severity, gh_str pointer, gh_str message,
                   gh_str suggestion) {
  (void)ctx;
  (void)severity;
  (void)pointer;
  (void)message;
  (void)suggestion;
  reports++;
}

static const void *no_interface(void *ctx, const char *id) {
  (void)ctx;
  (void)id;
  return NULL;
}

/* Ends the run where a condition does not hold. */
static void expect(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "failed: %s; output: %s\n", what, output);
  exit(1);
}

/* A copy without a byte behind its end. */
static gh_str exact(const char *text) {
  size_t length = strlen(text);
  char *copy = malloc(length > 0 ? length : 1);
  if (copy == NULL) exit(1);
  memcpy(copy, text, length);
  return (gh_str){copy, length};
}

static const gh_diagnostics diagnostics = {NULL, report};
static const gh_sink sink = {NULL, write_output};

static gh_status create(const gh_plugin *plugin, const char *json, void **instance) {
  gh_str text = exact(json);
  gh_status status = plugin->create(NULL, 0, 1, text, 0, &diagnostics, instance);
  free((void *)(uintptr_t)text.ptr);
  return status;
}

static gh_status call(const gh_provider_hooks *hooks, void *instance, const char *hook,
                      const char *input) {
  written = 0;
  output[0] = '\0';
  gh_str name = exact(hook);
  gh_str text = exact(input);
  gh_status status = hooks->call(instance, name, text, &sink, &diagnostics);
  free((void *)(uintptr_t)name.ptr);
  free((void *)(uintptr_t)text.ptr);
  return status;
}

int main(void) {
  gh_host host = {.struct_size = sizeof host, .get_interface = no_interface};
  gh_library library = {.struct_size = sizeof library};
  expect(gatehouse_plugin_entry_v1(&host, &library) == GH_OK, "the entry");
  expect(library.plugin_count == 1, "one plugin");
  expect(library.get_interface(library.ctx, 0, "gatehouse.policy/0") == NULL, "unknown interface");
  const gh_plugin *plugin = library.get_interface(library.ctx, 0, GH_IFACE_PLUGIN);
  const gh_provider_hooks *hooks = library.get_interface(library.ctx, 0, GH_IFACE_PROVIDER);
  expect(plugin != NULL && hooks != NULL, "its interfaces");

  void *instance = NULL;
  expect(create(plugin, "{\"documentPath\":\"odd\"}", &instance) == GH_INVALID, "a wrong path");
  expect(reports == 1, "a wrong path is reported");
  expect(create(plugin, "{\"documentPath\":\"/a/b.json\"}", &instance) == GH_OK, "create");

  const char *nested = "{\"x\":{\"issuer\":\"http://no\"},\"issuer\":\"https://id.example/\"}";
  expect(call(hooks, instance, "discover/0", nested) == GH_OK, "discover");
  expect(strcmp(output, "{\"merge\":\"first\",\"requests\":[{\"url\":"
                        "\"https://id.example/a/b.json\"}]}") == 0, "the URL");
  expect(call(hooks, instance, "describe/0", "{}") == GH_OK, "describe");
  expect(call(hooks, instance, "register_request/0", "{}") == GH_OK, "register");
  expect(call(hooks, instance, "normalize_claims/0", "{}") == GH_UNSUPPORTED, "another hook");

  const char *broken[] = {"", "{", "{\"issuer\"", "{\"issuer\":", "{\"issuer\":\"", "{\"issuer\":1}",
                          "{\"issuer\":\"a\\", "{\"issuer\":\"a\\\"b\"}", "[\"issuer\"]", "\"\\"};
  for (size_t at = 0; at < sizeof broken / sizeof broken[0]; at++) {
    expect(call(hooks, instance, "discover/0", broken[at]) == GH_INVALID, broken[at]);
  }
  plugin->destroy(instance);
  return 0;
}
