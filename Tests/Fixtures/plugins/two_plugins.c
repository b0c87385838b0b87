/* One library that offers two policies. */
#define FIXTURE_OWN_MANIFEST
#define FIXTURE_OWN_ENTRY
#include "fixture.h"

static gh_str fixture_manifest(void *ctx, uint32_t index) {
  (void)ctx;
  if (index == 0)
    return TEXT("{\"id\":\"test.first\",\"version\":\"1\",\"kind\":\"policy\",\"name\":\"first\","
                "\"orderClass\":\"authentication\",\"license\":\"MIT\"}");
  return TEXT("{\"id\":\"test.second\",\"version\":\"1\",\"kind\":\"policy\",\"name\":\"second\","
              "\"license\":\"MIT\"}");
}

GH_EXPORT gh_status gatehouse_plugin_entry_v1(const gh_host *host, gh_library *library) {
  (void)host;
  library->plugin_count = 2;
  library->manifest = fixture_manifest;
  library->get_interface = fixture_interface;
  return GH_OK;
}
