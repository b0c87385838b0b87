/* Its manifest lies where no memory is. */
#define FIXTURE_OWN_MANIFEST
#define FIXTURE_OWN_ENTRY
#include "fixture.h"

static gh_str fixture_manifest(void *ctx, uint32_t index) {
  (void)ctx, (void)index;
  return (gh_str){(const char *)16, 100};
}

GH_EXPORT gh_status gatehouse_plugin_entry_v1(const gh_host *host, gh_library *library) {
  (void)host;
  library->plugin_count = 1;
  library->manifest = fixture_manifest;
  library->get_interface = fixture_interface;
  return GH_OK;
}
