/* host_base.h: log, clock, random numbers and readiness. */
#ifndef GATEHOUSE_HOST_BASE_H
#define GATEHOUSE_HOST_BASE_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GH_IFACE_HOST_BASE "gatehouse.host.base/0"
/* Every member: [any], never blocks, since 0. What is passed is borrowed for the call and copied. */
typedef struct gh_host_base {
  /* Writes a record; x is 0 or the exchange that it is about. At most 4 KiB of message and 16
   * fields are kept. Dropped, and counted, where the log is behind. No secret may stand in it. */
  void (*log)(gh_instance self_handle, gh_exchange x, uint32_t level, gh_str message,
              const gh_field *fields, uint32_t field_count);
  /* 1 when a record of that level would be written, so that its text need not be made; else 0. */
  uint32_t (*log_enabled)(gh_instance self_handle, uint32_t level);
  /* Nanoseconds of a clock that never goes back, from an arbitrary beginning. Virtual in tests. */
  uint64_t (*monotonic_ns)(gh_instance self_handle);
  /* Nanoseconds since 1970-01-01T00:00:00Z. Virtual in tests. */
  int64_t (*unix_ns)(gh_instance self_handle);
  /* Fills out with len bytes of the system's generator. GH_INVALID for NULL with a length. */
  gh_status (*random)(gh_instance self_handle, void *out, size_t len);
  /* Says whether the instance can do its work and why not: for readiness probes, the admin page
   * and a reload's wait. Requests come all the same, and the instance answers them. */
  gh_status (*ready)(gh_instance self_handle, uint32_t is_ready, gh_str reason);
} gh_host_base;

#ifdef __cplusplus
}
#endif
#endif
