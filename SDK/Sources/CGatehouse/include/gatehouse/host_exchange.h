/* host_exchange.h: an exchange: fields, edits, bodies, responses, notes. */
#ifndef GATEHOUSE_HOST_EXCHANGE_H
#define GATEHOUSE_HOST_EXCHANGE_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* GH_EDIT_QUERY, of the request only: the value takes the place of the target's query; empty leaves
 * none. The name is empty. For what must not reach the upstream in a query, such as a token. */
enum { GH_EDIT_SET = 0, GH_EDIT_ADD = 1, GH_EDIT_REMOVE = 2, GH_EDIT_QUERY = 3 };

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
  uint32_t op; /* 0 set 1 add 2 remove 3 query */
  uint32_t reserved;
  gh_str name;
  gh_str value;
} gh_edit;

#define GH_IFACE_HOST_EXCHANGE "gatehouse.host.exchange/0"
/* Every member, unless it says otherwise: [loop] of the exchange, while it lives (else GH_GONE, and
 * GH_WRONG_THREAD elsewhere); since 0. What comes out is borrowed until the callback returns or the
 * same message is edited; what goes in is copied. */
typedef struct gh_host_exchange {
  /* The value of the index-th line of a field, by its name in any case. GH_NOT_FOUND: none. */
  gh_status (*field)(gh_exchange x, uint32_t direction, gh_str name, uint32_t index, gh_str *out);
  /* All lines in order, in one call. *out_count is their number; GH_LIMIT where the capacity is
   * smaller: ask again. */
  gh_status (*fields)(gh_exchange x, uint32_t direction, gh_field *out, uint32_t capacity,
                      uint32_t *out_count);
  /* Edits the fields of a head that has not left yet: all or none; *out_bad, which may be NULL, is
   * the index of the first that is refused. GH_DENIED: framing and hop-by-hop fields, and Host.
   * GH_INVALID: a name or value that is none (RFC 9110 section 5), or a head that has left.
   * GH_LIMIT: more than 256 of an exchange's direction. */
  gh_status (*edit)(gh_exchange x, uint32_t direction, const gh_edit *edits, uint32_t count,
                    uint32_t *out_bad);
  /* In response_head only: the status that the client gets, 200 to 599. GH_DENIED where it would
   * change the framing. */
  gh_status (*set_status)(gh_exchange x, uint32_t status);
  /* GH_ATTR_*. GH_NOT_FOUND: this exchange has none. GH_UNSUPPORTED: this host does not know it. */
  gh_status (*attribute)(gh_exchange x, uint32_t id, gh_str *out);
  /* In head callbacks only, for this exchange: without it bodies pass by the policy.
   * GH_BODY_OBSERVE: each piece is shown and goes on. GH_BODY_STREAM: each piece waits for the
   * callback's action. GH_BODY_WHOLE: one call with everything, at most max_bytes and the route's
   * limit (beyond it 413); answers 100-continue; GH_INVALID for text/event-stream. */
  gh_status (*read_body)(gh_exchange x, uint32_t direction, uint32_t mode, uint64_t max_bytes);
  /* Answers the request, once; the callback returns GH_RESPONDED. Content-Length and Date are the
   * host's. Also legal in response_head until the head has left; the upstream's body is discarded.
   * status is 200 to 599, at most 128 fields. reason_for_log is not sent to the client. */
  gh_status (*respond)(gh_exchange x, uint32_t status, const gh_field *fields, uint32_t count,
                       gh_str body, gh_str reason_for_log);
  /* A streamed response: after start the exchange is responding: no pause, no deadline but the
   * write-idle timeout; resumed() answers CONTINUE (nothing) or FAIL (reset the stream);
   * request_body goes on being delivered. */
  gh_status (*respond_start)(gh_exchange x, uint32_t status, const gh_field *fields, uint32_t count,
                             uint64_t writable_token);
  /* Copies, all or nothing. GH_BUSY: nothing was taken, resumed(writable_token) follows. */
  gh_status (*respond_write)(gh_exchange x, gh_str bytes);
  /* Ends the streamed response; nothing may be written after it. */
  gh_status (*respond_finish)(gh_exchange x);
  /* In a body callback: keeps a chunk beyond the call. Released with release_buffer, by the plugin,
   * also after the exchange has ended. GH_LIMIT: too much is kept. */
  gh_status (*retain_body)(gh_exchange x, uint32_t chunk, gh_buffer *out);
  /* Sets a declared note, at most 256 bytes of UTF-8 (else GH_LIMIT); escaped when written. */
  gh_status (*set_note)(gh_exchange x, uint32_t note, gh_str utf8);
  /* A note of an outer policy by "plugin/name". GH_NOT_FOUND: none was set. */
  gh_status (*note)(gh_exchange x, gh_str qualified_name, gh_str *out);
  /* [any] The bytes of a kept chunk, until it is released; empty for a handle that is stale. */
  gh_str (*buffer)(gh_buffer b);
  /* [any] Once for each retain_body. */
  void (*release_buffer)(gh_buffer b);
} gh_host_exchange;

#ifdef __cplusplus
}
#endif
#endif
