/* host_fetch.h: outbound HTTP. */
#ifndef GATEHOUSE_HOST_FETCH_H
#define GATEHOUSE_HOST_FETCH_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* gh_request.flags */
enum { GH_FETCH_FOLLOW_SAME_ORIGIN = 1 };
/* gh_request.reach */
enum { GH_REACH_CONFIGURED = 0, GH_REACH_PUBLIC = 1 };

typedef struct gh_request {
  uint32_t struct_size;
  uint32_t timeout_ms; /* for the whole exchange; 0: the host's default */
  gh_str method;
  gh_str url;
  const gh_field *fields;
  uint32_t field_count;
  uint32_t flags; /* 1: follow same-origin redirects */
  gh_str body;
  uint64_t max_response_bytes; /* 0: 1 MiB; at most 16 MiB */
  uint32_t reach; /* 0: origins written in this instance's configuration or the operator's allow
                     list; 1: public addresses only, https, resolved once and pinned, no redirects
                     (URLs that a client supplied) */
  uint32_t reserved;
} gh_request;

#define GH_IFACE_HOST_FETCH "gatehouse.host.fetch/0"
typedef struct gh_host_fetch {
  /* [control] with x = 0, [loop] with an exchange; since 0. Begins an outbound request with the
   * proxy's own pool, TLS roots and limits; *request is copied. The result is delivered to
   * resumed (x) or completed (x = 0), once, never inside this call: status GH_OK with http_status,
   * fields and body, whatever the HTTP status; GH_TIMEOUT; GH_LIMIT for a response that is too
   * long; GH_DENIED for an address that may not be reached; GH_IO for everything else. Answers
   * GH_INVALID for a URL or field that is none, GH_DENIED for an origin beyond the reach and for
   * framing fields, GH_LIMIT for too many. */
  gh_status (*fetch)(gh_instance self_handle, gh_exchange x, uint64_t token,
                     const gh_request *request, gh_operation *out);
} gh_host_fetch;

#ifdef __cplusplus
}
#endif
#endif
