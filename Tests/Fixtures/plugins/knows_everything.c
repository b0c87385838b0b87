/* Answers a table for every interface id, as a plugin that does not look at the id would. */
#define FIXTURE_OWN_ENTRY
#include "fixture.h"

static const void *everything(void *ctx, uint32_t index, const char *id) {
  (void)ctx, (void)index, (void)id, (void)fixture_interface;
  return &plugin_table;
}

GH_EXPORT gh_status gatehouse_plugin_entry_v1(const gh_host *host, gh_library *library) {
  (void)host;
  library->plugin_count = 1;
  library->manifest = fixture_manifest;
  library->get_interface = everything;
  return GH_OK;
}
