/* host_providers.h: identity providers by name. */
#ifndef GATEHOUSE_HOST_PROVIDERS_H
#define GATEHOUSE_HOST_PROVIDERS_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GH_IFACE_HOST_PROVIDERS "gatehouse.host.providers/0"
typedef struct gh_host_providers {
  /* [control], in create(), also with dry_run, since 0. Finds the provider of that name and makes
   * an instance of it, which lives as long as this one. GH_NOT_FOUND: no such provider, or nothing at the pointer.
   * GH_INVALID: its configuration is wrong, as was reported. GH_DENIED: a provider asks. The
   * pointer names the provider's part of this instance's configuration
   * ("/provider/keycloak"), so errors keep their place. */
  gh_status (*resolve)(gh_instance self_handle, gh_str name, gh_str config_pointer,
                       const gh_diagnostics *diagnostics, gh_provider *out);
  /* [any], since 0. Calls a hook, "name/revision", of docs/provider-hooks.md. Counted, timed and
   * attributed to the provider. The output is at most 256 KiB of JSON; the caller validates it.
   * GH_UNSUPPORTED: the caller's default applies. diagnostics may be NULL. */
  gh_status (*call)(gh_provider p, gh_str hook, gh_str input_json, const gh_sink *output_json,
                    const gh_diagnostics *diagnostics);
} gh_host_providers;

#ifdef __cplusplus
}
#endif
#endif
