/* host_cache.h: a cache of this process. */
#ifndef GATEHOUSE_HOST_CACHE_H
#define GATEHOUSE_HOST_CACHE_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of this process, bounded, synchronous, off the hot path (it has a lock), namespaced by plugin.
 * What several processes share is another, asynchronous table, present only where a store is
 * configured: "gatehouse.host.store/0". */
#define GH_IFACE_HOST_CACHE "gatehouse.host.cache/0"
typedef struct gh_host_cache { /* every member: [any], since 0; keys and values are copied */
  /* Writes the value to out; out_ttl_ms, which may be NULL, gets what is left of its time.
   * GH_NOT_FOUND: none, expired, or dropped. */
  gh_status (*get)(gh_instance self_handle, gh_str key, const gh_sink *out, uint64_t *out_ttl_ms);
  /* Keeps a value of at most 1 MiB for ttl_ms; it may be dropped earlier. GH_LIMIT: too long. */
  gh_status (*put)(gh_instance self_handle, gh_str key, gh_str value, uint64_t ttl_ms);
  /* As put, but GH_BUSY, and nothing changes, where the key is taken: for guards against replay. */
  gh_status (*put_if_absent)(gh_instance self_handle, gh_str key, gh_str value, uint64_t ttl_ms);
} gh_host_cache;

#ifdef __cplusplus
}
#endif
#endif
