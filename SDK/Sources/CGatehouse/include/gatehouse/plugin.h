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
typedef struct gh_plugin {
  gh_str (*config_schema)(
      void *library, uint32_t index); /* JSON Schema 2020-12; the host validates against it first */
  /* [control] Never waits for the network: an instance that is not ready yet exists, says so with
   * ready() and answers for itself. With dry_run want_field and claim_path work, every other table
   * answers GH_UNSUPPORTED. After a failure destroy is not called. */
  gh_status (*create)(void *library, uint32_t index, gh_instance self_handle, gh_str config_json,
                      uint32_t dry_run, const gh_diagnostics *diagnostics, void **out_instance);
  void (*retiring)(
      void *instance); /* [control] superseded by a reload: end long streams when convenient */
  void (*destroy)(
      void *instance); /* [control], after the last exchange, operation and loop_stopped */
  void (*completed)(
      void *instance, uint64_t token,
      const void *result /* gh_result */); /* [control] operations of the instance itself */
  gh_status (*status)(
      void *instance,
      const gh_sink *json); /* [any] for the admin page: health, ages, counts; no secrets */
} gh_plugin;

#ifdef __cplusplus
}
#endif
#endif
