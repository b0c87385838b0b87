/* Its entry refuses. */
#define FIXTURE_OWN_ENTRY
#include "fixture.h"

GH_EXPORT gh_status gatehouse_plugin_entry_v1(const gh_host *host, gh_library *library) {
  (void)host, (void)library;
  (void)fixture_manifest, (void)fixture_interface;
  return GH_INCOMPATIBLE;
}
