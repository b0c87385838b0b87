/* Says something else in the gateway than in the process that tried it. */
#define FIXTURE_OWN_MANIFEST
#define FIXTURE_OWN_ENTRY
#include "fixture.h"
#include <stdio.h>
#include <unistd.h>

static char manifest[256];

static gh_str fixture_manifest(void *ctx, uint32_t index) {
  (void)ctx, (void)index;
  int length = snprintf(manifest, sizeof manifest,
                        "{\"id\":\"test.differs\",\"version\":\"1.%d\",\"kind\":\"policy\","
                        "\"name\":\"differs\",\"license\":\"MIT\"}",
                        (int)getpid());
  return (gh_str){manifest, (size_t)length};
}

GH_EXPORT gh_status gatehouse_plugin_entry_v1(const gh_host *host, gh_library *library) {
  (void)host;
  library->plugin_count = 1;
  library->manifest = fixture_manifest;
  library->get_interface = fixture_interface;
  return GH_OK;
}
