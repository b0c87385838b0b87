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
/* Every member: since 0. Those with an exchange are called on its [loop], those with x = 0 on
 * [control], unless they say otherwise. At most 32 operations of an exchange and 256 of an instance
 * live at a time (else GH_LIMIT). GH_GONE: the owner, or the operation, has ended. */
typedef struct gh_host_async {
  /* Begins something that the plugin completes itself. deadline_ms 0: 5 s; at most 10 minutes. At
   * the deadline GH_TIMEOUT is delivered, and completing it answers GH_GONE. */
  gh_status (*begin)(gh_instance self_handle, gh_exchange x, uint64_t token, uint32_t deadline_ms,
                     gh_operation *out);
  /* [any] Delivers status and a copy of payload (at most 4 MiB) to the owner. GH_OK: accepted; it
   * may still be dropped with its owner. */
  gh_status (*complete)(gh_operation op, gh_status status, gh_str payload);
  /* [any] Ends an operation of any kind. On the owner's loop nothing is delivered after it returns;
   * elsewhere best effort. */
  gh_status (*cancel)(gh_operation op);
  /* Delivers GH_OK once after after_ms. */
  gh_status (*timer)(gh_instance self_handle, gh_exchange x, uint64_t token, uint32_t after_ms,
                     gh_operation *out);
  /* A doorbell without a deadline, for producers that live as long as the exchange: any number of
   * rings, coalesced. */
  gh_status (*channel)(gh_instance self_handle, gh_exchange x, uint64_t token, gh_operation *out);
  /* [any] resumed(token) runs at least once after the last notify. */
  gh_status (*notify)(gh_operation channel);
  /* [control] notified() once on each loop; after the last one completed(token, GH_OK): nothing
   * reads the old value any more, free it. A loop that starts later gets the current value from the
   * instance in loop_started. */
  gh_status (*broadcast)(gh_instance self_handle, uint64_t token, gh_str payload);
  /* Waits under a key; *out_first is 1 for one caller until the key is settled: that one starts a
   * fetch of the INSTANCE (x = 0), so that no client that leaves can end it. settle wakes all, in
   * small batches, behind earlier broadcasts on every loop. */
  gh_status (*join)(gh_instance self_handle, gh_exchange x, gh_str key, uint64_t token,
                    uint32_t deadline_ms, uint32_t *out_first, gh_operation *out);
  /* [any] Delivers status and a copy of payload to all that wait under the key; the next join is
   * the first again. GH_NOT_FOUND: nobody waits. */
  gh_status (*settle)(gh_instance self_handle, gh_str key, gh_status status, gh_str payload);
} gh_host_async;

#ifdef __cplusplus
}
#endif
#endif
