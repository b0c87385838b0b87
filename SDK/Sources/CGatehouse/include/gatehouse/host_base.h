/* host_base.h: log, clock, random numbers and readiness. */
#ifndef GATEHOUSE_HOST_BASE_H
#define GATEHOUSE_HOST_BASE_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GH_IFACE_HOST_BASE "gatehouse.host.base/0"
typedef struct gh_host_base { /* [any] */
  void (*log)(gh_instance self_handle, gh_exchange x /* or 0 */, uint32_t level, gh_str message,
              const gh_field *fields, uint32_t field_count);
  uint32_t (*log_enabled)(gh_instance self_handle, uint32_t level);
  uint64_t (*monotonic_ns)(gh_instance self_handle);
  int64_t (*unix_ns)(gh_instance self_handle); /* both clocks can be virtual in tests */
  gh_status (*random)(gh_instance self_handle, void *out, size_t len);
  gh_status (*ready)(gh_instance self_handle, uint32_t is_ready,
                     gh_str reason); /* for /readyz, the admin page and a reload's wait; no more */
} gh_host_base;

#ifdef __cplusplus
}
#endif
#endif
