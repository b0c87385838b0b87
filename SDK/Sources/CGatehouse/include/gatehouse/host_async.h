/* host_async.h: operations, timers, doorbells, broadcast, waiting under a key. */
#ifndef GATEHOUSE_HOST_ASYNC_H
#define GATEHOUSE_HOST_ASYNC_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Operations belong to an exchange (x != 0: delivered to resumed) or to the instance (x == 0:
 * delivered to completed). They are never delivered inside the call that began them, and not at all
 * once their owner has ended. */
#define GH_IFACE_HOST_ASYNC "gatehouse.host.async/0"
typedef struct gh_host_async {
  gh_status (*begin)(gh_instance self_handle, gh_exchange x, uint64_t token, uint32_t deadline_ms,
                     gh_operation *out);
  gh_status (*complete)(
      gh_operation op, gh_status status,
      gh_str payload); /* [any] GH_OK: accepted, may still be dropped; payload copied */
  gh_status (*cancel)(gh_operation op); /* [any] on the owner's loop nothing is delivered after it
                                           returns; elsewhere best effort */
  gh_status (*timer)(gh_instance self_handle, gh_exchange x, uint64_t token, uint32_t after_ms,
                     gh_operation *out);
  /* A doorbell without a deadline, for producers that live as long as the exchange: any number of
   * rings, coalesced. */
  gh_status (*channel)(gh_instance self_handle, gh_exchange x, uint64_t token, gh_operation *out);
  gh_status (*notify)(
      gh_operation channel); /* [any] resumed(token) runs at least once after the last notify */
  /* [control] notified() once on each loop; after the last one completed(token, GH_OK): nothing
   * reads the old value any more, free it. A loop that starts later gets the current value from the
   * instance in loop_started. */
  gh_status (*broadcast)(gh_instance self_handle, uint64_t token, gh_str payload);
  /* Waits under a key; *out_first is 1 for one caller until the key is settled: that one starts a
   * fetch of the INSTANCE (x = 0), so that no client that leaves can end it. settle wakes all, in
   * small batches, behind earlier broadcasts on every loop. */
  gh_status (*join)(gh_instance self_handle, gh_exchange x, gh_str key, uint64_t token,
                    uint32_t deadline_ms, uint32_t *out_first, gh_operation *out);
  gh_status (*settle)(gh_instance self_handle, gh_str key, gh_status status,
                      gh_str payload); /* [any] */
} gh_host_async;

#ifdef __cplusplus
}
#endif
#endif
