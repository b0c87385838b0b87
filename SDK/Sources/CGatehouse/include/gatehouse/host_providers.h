/* host_providers.h: identity providers by name. */
#ifndef GATEHOUSE_HOST_PROVIDERS_H
#define GATEHOUSE_HOST_PROVIDERS_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GH_IFACE_HOST_PROVIDERS "gatehouse.host.providers/0"
typedef struct gh_host_providers {
  /* [control] The pointer names the provider's part of this instance's configuration
   * ("/provider/keycloak"), so errors keep their place. */
  gh_status (*resolve)(gh_instance self_handle, gh_str name, gh_str config_pointer,
                       const gh_diagnostics *diagnostics, gh_provider *out);
  gh_status (*call)(gh_provider p, gh_str hook /* name/revision */, gh_str input_json,
                    const gh_sink *output_json,
                    const gh_diagnostics *diagnostics); /* [any]; counted, timed, attributed; output
                                                           at most 256 KiB */
} gh_host_providers;

#ifdef __cplusplus
}
#endif
#endif
