/* policy.h: policies and backends: the phases of an exchange. */
#ifndef GATEHOUSE_POLICY_H
#define GATEHOUSE_POLICY_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* gh_head.flags */
enum {
  GH_HEAD_NO_BODY = 1,   /* no body follows */
  GH_HEAD_BY_POLICY = 2, /* a response that a policy answered */
  GH_HEAD_BY_CORE = 4    /* a response that the core answered */
};

/* gh_head.method. An unknown number means other: read GH_ATTR_METHOD. */
enum {
  GH_METHOD_OTHER = 0,
  GH_METHOD_GET = 1,
  GH_METHOD_HEAD = 2,
  GH_METHOD_POST = 3,
  GH_METHOD_PUT = 4,
  GH_METHOD_DELETE = 5,
  GH_METHOD_OPTIONS = 6,
  GH_METHOD_PATCH = 7,
  GH_METHOD_TRACE = 8
};

/* Why an exchange is over (gh_policy.ended). An unknown number means other. */
enum {
  GH_END_COMPLETE = 0,
  GH_END_CLIENT_GONE = 1,
  GH_END_UPSTREAM_FAILED = 2,
  GH_END_TIMEOUT = 3,
  GH_END_RESET = 4,
  GH_END_DRAINING = 5,
  GH_END_OTHER = 6
};

/* gh_result.phase: the callback that paused, or that began the operation. */
enum {
  GH_PHASE_NONE = 0,
  GH_PHASE_REQUEST_HEAD = 1,
  GH_PHASE_REQUEST_BODY = 2,
  GH_PHASE_RESPONSE_HEAD = 3,
  GH_PHASE_RESPONSE_BODY = 4
};

/* At most this many fields can be asked for with want_field in a direction. */
#define GH_WANTED_FIELDS_MAX 32

/* gh_head.claim of a policy on a path that another policy claimed. */
#define GH_CLAIM_OTHER 0xFFFFFFFFu

typedef struct gh_head {
  uint32_t struct_size;
  uint32_t flags;  /* 1 no body follows | 2 answered by a policy | 4 answered by the core */
  uint32_t status; /* of a response; 0 in a request */
  uint32_t method; /* GH_METHOD_*; 0 other: read the attribute */
  uint32_t claim;  /* 0: the route's own match; the id from claim_path, for the claimer;
                      GH_CLAIM_OTHER, for the policies outside of the claimer */
  uint32_t reserved;
  int64_t unix_ns;     /* the loop's clock, read once a turn: expiry needs no call */
  const gh_str *slots; /* the fields asked for with want_field, in that order; ptr NULL where
                          absent; at most 32 a direction */
  uint32_t slot_count;
  uint32_t repeated; /* bit n: slot n occurs more than once (read the rest with field()) */
} gh_head;

typedef struct gh_body {
  uint32_t struct_size;
  uint32_t end_of_message;
  const gh_str *chunks;
  uint32_t chunk_count;
  uint32_t reserved;
} gh_body;

typedef struct gh_result { /* of a fetch, a timer, a join, a channel or complete() */
  uint32_t struct_size;
  gh_status status; /* GH_TIMEOUT is a delivery too: each operation has its own deadline */
  uint32_t phase;   /* the callback that paused */
  uint32_t http_status;
  uint32_t field_count;
  uint32_t reserved;
  const gh_field *fields;
  gh_str body;
} gh_result;

/* A policy. NULL members are phases that it does not take part in: they cost nothing. All [loop].
 * `state` is the policy's own pointer for this exchange, NULL until it sets it; ended() is called
 * once for every policy whose request_head ran, unless it answered GH_DONE with NULL state.
 * Response phases run only where request_head ran, for every response, the core's own included. A
 * backend uses the same table: it is the policy that ends the chain, and its request_head answers
 * RESPONDED, PAUSE or FAIL. */
#define GH_IFACE_POLICY "gatehouse.policy/0"
/* Every member: since 0. Heads, bodies, results and payloads are borrowed for the call. */
typedef struct gh_policy {
  /* A loop begins to serve the instance: makes what the policy keeps for it without locks, such as
   * caches and counters. A failure keeps the instance from being used. */
  gh_status (*loop_started)(void *instance, uint32_t loop, void **out_loop_state);
  /* The loop has ended with the instance: frees the loop state. */
  void (*loop_stopped)(void *instance, void *loop_state);
  /* The head of a request; the answers of the four phases are gh_action. */
  gh_action (*request_head)(void *instance, void *loop_state, gh_exchange x, const gh_head *head,
                            void **state);
  /* A piece of the request's body, where read_body asked for it. */
  gh_action (*request_body)(void *instance, void *loop_state, gh_exchange x, const gh_body *body,
                            void **state);
  /* The head of a response: the upstream's, another policy's or the core's. */
  gh_action (*response_head)(void *instance, void *loop_state, gh_exchange x, const gh_head *head,
                             void **state);
  /* A piece of the response's body, where read_body asked for it. */
  gh_action (*response_body)(void *instance, void *loop_state, gh_exchange x, const gh_body *body,
                             void **state);
  /* An operation of the exchange came to its end; the action is that of the phase that paused.
   * Outside a pause: GH_CONTINUE, GH_DONE, GH_FAIL, or GH_FINISH to end a response that goes on. */
  gh_action (*resumed)(void *instance, void *loop_state, gh_exchange x, uint64_t token,
                       const gh_result *result, void **state);
  /* A broadcast reached this loop, once. */
  void (*notified)(void *instance, void *loop_state, uint64_t token, gh_str payload);
  /* The exchange is over (GH_END_*): frees what state holds. The last call for this exchange. */
  void (*ended)(void *instance, void *loop_state, gh_exchange x, uint32_t reason, void *state);
} gh_policy;

#ifdef __cplusplus
}
#endif
#endif
