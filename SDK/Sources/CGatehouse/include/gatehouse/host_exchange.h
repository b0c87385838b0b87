/* host_exchange.h: an exchange: fields, edits, bodies, responses, notes. */
#ifndef GATEHOUSE_HOST_EXCHANGE_H
#define GATEHOUSE_HOST_EXCHANGE_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GH_EDIT_SET = 0, GH_EDIT_ADD = 1, GH_EDIT_REMOVE = 2 };

/* read_body modes. */
enum { GH_BODY_OBSERVE = 1, GH_BODY_STREAM = 2, GH_BODY_WHOLE = 3 };

/* attribute() ids. Text as bytes; absent ones answer GH_NOT_FOUND, unknown ids GH_UNSUPPORTED. */
enum {
  GH_ATTR_METHOD = 1,
  GH_ATTR_TARGET = 2,        /* the request target as it came */
  GH_ATTR_PATH = 3,          /* its path, as it came */
  GH_ATTR_QUERY = 4,         /* without the question mark; absent where there is none */
  GH_ATTR_SCHEME = 5,        /* http or https, as the client sees it */
  GH_ATTR_AUTHORITY = 6,     /* Host, or that of an absolute target */
  GH_ATTR_EXTERNAL_BASE = 7, /* scheme://authority as clients see it, without a trailing slash */
  GH_ATTR_PEER_ADDRESS = 8,  /* the client's address, behind trusted proxies the one they name */
  GH_ATTR_PEER_PORT = 9,     /* decimal */
  GH_ATTR_ROUTE = 10         /* the route's name */
};

typedef struct gh_edit {
  uint32_t op; /* 0 set 1 add 2 remove */
  uint32_t reserved;
  gh_str name;
  gh_str value;
} gh_edit;

#define GH_IFACE_HOST_EXCHANGE "gatehouse.host.exchange/0"
typedef struct gh_host_exchange { /* [loop] of the exchange */
  gh_status (*field)(gh_exchange x, uint32_t direction, gh_str name, uint32_t index, gh_str *out);
  gh_status (*fields)(gh_exchange x, uint32_t direction, gh_field *out, uint32_t capacity,
                      uint32_t *out_count); /* all in one call */
  gh_status (*edit)(gh_exchange x, uint32_t direction, const gh_edit *edits, uint32_t count,
                    uint32_t *out_bad);                    /* all or none */
  gh_status (*set_status)(gh_exchange x, uint32_t status); /* in response_head */
  gh_status (*attribute)(
      gh_exchange x, uint32_t id,
      gh_str *out); /* method, target, path, query, scheme, authority, external base, peer, ... */
  /* In head callbacks only, for this exchange: without it bodies pass by the policy. Whole is
   * bounded by the route's limit as well, answers 100-continue, and is GH_INVALID for
   * text/event-stream. */
  gh_status (*read_body)(gh_exchange x, uint32_t direction,
                         uint32_t mode /* 1 observe 2 stream 3 whole */, uint64_t max_bytes);
  /* Also legal in response_head until the head has left; the upstream's body is discarded. */
  gh_status (*respond)(gh_exchange x, uint32_t status, const gh_field *fields, uint32_t count,
                       gh_str body, gh_str reason_for_log);
  /* A streamed response: after start the exchange is responding: no pause, no deadline but the
   * write-idle timeout; resumed() answers CONTINUE (nothing) or FAIL (reset the stream);
   * request_body goes on being delivered. */
  gh_status (*respond_start)(gh_exchange x, uint32_t status, const gh_field *fields, uint32_t count,
                             uint64_t writable_token);
  gh_status (*respond_write)(
      gh_exchange x,
      gh_str bytes); /* copies, all or nothing; GH_BUSY: resumed(writable_token) follows */
  gh_status (*respond_finish)(gh_exchange x);
  gh_status (*retain_body)(gh_exchange x, uint32_t chunk,
                           gh_buffer *out); /* released on [any] with release_buffer */
  gh_status (*set_note)(gh_exchange x, uint32_t note,
                        gh_str utf8); /* copied, at most 256 bytes; escaped when written */
  gh_status (*note)(gh_exchange x, gh_str qualified_name,
                    gh_str *out); /* plugin/name, for later policies */
  gh_str (*buffer)(gh_buffer b);
  void (*release_buffer)(gh_buffer b);
} gh_host_exchange;

#ifdef __cplusplus
}
#endif
#endif
