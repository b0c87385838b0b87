/* A provider that works: the hook "echo/0" answers its input; every other is unsupported. */
#define FIXTURE_OWN_TABLES
#define FIXTURE_MANIFEST                                                                          \
  "{\"id\":\"test.provider\",\"version\":\"1.0.0\",\"kind\":\"provider\","                        \
  "\"name\":\"fixture-provider\",\"hooks\":[\"echo/0\"],\"license\":\"Apache-2.0\"}"
#include "fixture.h"

static char instance;

static gh_str schema(void *library, uint32_t index) {
  (void)library, (void)index;
  return TEXT("{\"type\":\"object\"}");
}

static gh_status create(void *library, uint32_t index, gh_instance self_handle, gh_str config_json,
                        uint32_t dry_run, const gh_diagnostics *diagnostics, void **out_instance) {
  (void)library, (void)index, (void)self_handle, (void)config_json, (void)dry_run;
  (void)diagnostics;
  *out_instance = &instance;
  return GH_OK;
}

static void destroy(void *self) { (void)self; }

static gh_status call(void *self, gh_str hook, gh_str input_json, const gh_sink *output_json,
                      const gh_diagnostics *diagnostics) {
  (void)self, (void)diagnostics;
  if (hook.len != 6 || memcmp(hook.ptr, "echo/0", 6) != 0) return GH_UNSUPPORTED;
  return output_json->write(output_json->ctx, input_json);
}

static const gh_plugin plugin_table = {
    .config_schema = schema, .create = create, .destroy = destroy};
static const gh_provider_hooks hooks_table = {.call = call};

static const void *fixture_interface(void *ctx, uint32_t index, const char *id) {
  (void)ctx, (void)index;
  if (strcmp(id, GH_IFACE_PLUGIN) == 0) return &plugin_table;
  if (strcmp(id, GH_IFACE_PROVIDER) == 0) return &hooks_table;
  return NULL;
}
