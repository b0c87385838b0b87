/* plugin.h: what every plugin offers, of whatever kind. */
#ifndef GATEHOUSE_PLUGIN_H
#define GATEHOUSE_PLUGIN_H
#include "entry.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All kinds: policy, backend, provider. */
#define GH_IFACE_PLUGIN "gatehouse.plugin/0"
/* Every member: since 0. `library` is gh_library.ctx, `instance` what create() made. config_schema,
 * create and destroy are required, the others may be NULL. */
typedef struct gh_plugin {
  /* [control] JSON Schema 2020-12 of the configuration, against which the host validates first. The
   * text lives as long as the library. */
  gh_str (*config_schema)(void *library, uint32_t index);
  /* [control] Makes an instance from its configuration, canonical JSON that is borrowed for the
   * call. self_handle is what host functions want; it may be used from here on. Never waits for the
   * network: an instance that is not ready yet exists, says so with ready() and answers for itself.
   * With dry_run the route's table works and providers are resolved and called; every other table
   * answers GH_UNSUPPORTED. After a failure destroy is not called. */
  gh_status (*create)(void *library, uint32_t index, gh_instance self_handle, gh_str config_json,
                      uint32_t dry_run, const gh_diagnostics *diagnostics, void **out_instance);
  /* [control] Superseded by a reload: end long streams when convenient. */
  void (*retiring)(void *instance);
  /* [control] The last call, after the last exchange, operation and loop_stopped. */
  void (*destroy)(void *instance);
  /* [control] An operation of the instance itself came to its end. result is a gh_result, borrowed
   * for the call. */
  void (*completed)(void *instance, uint64_t token, const void *result);
  /* [any] Writes JSON for the admin page: health, ages, counts; no secrets. */
  gh_status (*status)(void *instance, const gh_sink *json);
} gh_plugin;

#ifdef __cplusplus
}
#endif
#endif
