/* fixture.h: what the plugin fixtures have in common. A fixture defines what it wants to be
 * different, then includes this file and uses FIXTURE_LIBRARY. */
#ifndef FIXTURE_H
#define FIXTURE_H
#include <gatehouse/gatehouse.h>
#include <string.h>

#ifndef FIXTURE_ABI_MAJOR
#define FIXTURE_ABI_MAJOR 1
#endif
#ifndef FIXTURE_ABI_MINOR
#define FIXTURE_ABI_MINOR 0
#endif
#ifndef FIXTURE_FLAGS
#define FIXTURE_FLAGS 0
#endif
#ifndef FIXTURE_NAME
#define FIXTURE_NAME "fixture"
#endif
#ifndef FIXTURE_MANIFEST
#define FIXTURE_MANIFEST                                                                          \
  "{\"id\":\"test." FIXTURE_NAME "\",\"version\":\"1.0.0\",\"kind\":\"policy\",\"name\":\""       \
  FIXTURE_NAME "\",\"license\":\"Apache-2.0\"}"
#endif
#ifndef FIXTURE_SCHEMA
#define FIXTURE_SCHEMA "{\"type\":\"object\",\"additionalProperties\":false}"
#endif

#define TEXT(s) ((gh_str){(s), sizeof(s) - 1})

#ifndef FIXTURE_NO_DESCRIPTOR
__attribute__((used, section(".gatehouse"))) static const gh_descriptor descriptor = {
    "GATEHSE", sizeof(gh_descriptor), FIXTURE_ABI_MAJOR, FIXTURE_ABI_MINOR, FIXTURE_FLAGS, {0}};
#endif

static const void *fixture_interface(void *ctx, uint32_t index, const char *id);

#ifndef FIXTURE_OWN_TABLES
static gh_str fixture_schema(void *library, uint32_t index) {
  (void)library, (void)index;
  return TEXT(FIXTURE_SCHEMA);
}

static gh_status fixture_create(void *library, uint32_t index, gh_instance self_handle,
                                gh_str config_json, uint32_t dry_run,
                                const gh_diagnostics *diagnostics, void **out_instance) {
  (void)library, (void)index, (void)self_handle, (void)config_json, (void)dry_run;
  (void)diagnostics;
  static char instance;
  *out_instance = &instance;
  return GH_OK;
}

static void fixture_destroy(void *instance) { (void)instance; }

static const gh_plugin plugin_table = {
    .config_schema = fixture_schema, .create = fixture_create, .destroy = fixture_destroy};
static const gh_policy policy_table;

static const void *fixture_interface(void *ctx, uint32_t index, const char *id) {
  (void)ctx, (void)index;
  if (strcmp(id, GH_IFACE_PLUGIN) == 0) return &plugin_table;
  if (strcmp(id, GH_IFACE_POLICY) == 0) return &policy_table;
  return NULL;
}
#endif

#ifndef FIXTURE_OWN_MANIFEST
static gh_str fixture_manifest(void *ctx, uint32_t index) {
  (void)ctx, (void)index;
  return TEXT(FIXTURE_MANIFEST);
}
#endif

#ifndef FIXTURE_OWN_ENTRY
GH_EXPORT gh_status gatehouse_plugin_entry_v1(const gh_host *host, gh_library *library) {
  (void)host;
  library->plugin_count = 1;
  library->manifest = fixture_manifest;
  library->get_interface = fixture_interface;
  return GH_OK;
}
#endif
#endif
