/* types.h: scalars, statuses and handles that every part of the contract uses. */
#ifndef GATEHOUSE_TYPES_H
#define GATEHOUSE_TYPES_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Threads:  [control]  one serialized thread outside the event loops: load, create, destroy, reload
 *           [loop]     the event loop that owns the exchange; never block here
 *           [any]      every thread
 * Memory:   a gh_str that is passed in is borrowed until the call returns; what must live longer is
 *           copied. What a plugin returns as a gh_str lives as long as the object that it was asked
 *           of. Variable output goes through a sink. Nobody frees for the other.
 * Handles:  64 bit, loop:8 | slot:24 | generation:32; 0 is none. A stale handle answers GH_GONE,
 *           never undefined behaviour. Every host function takes one, so that two hosts can live in
 *           one process.
 * Tokens:   an index of the plugin's, never an owning pointer: what is not delivered must not leak.
 * Growth:   a table never changes once its id is released: a change is a new id (".../1"). Argument
 *           structs begin with their size and grow at the end. Plugin-to-host constants may grow;
 *           host-to-plugin ones are born with "unknown means other". Ids ending in "/0" may still
 *           change. */

#define GH_EXPORT __attribute__((visibility("default")))

/* Bytes; not NUL-terminated, not necessarily UTF-8. ptr may be NULL where len is 0, and is NULL
 * where a value is absent. */
typedef struct gh_str {
  const char *ptr;
  size_t len;
} gh_str;

/* What a function answers. Every value but GH_OK is negative; an unknown one means GH_INTERNAL. */
typedef int32_t gh_status;
enum {
  GH_OK = 0,
  GH_INVALID = -1,       /* an argument is wrong; a diagnostic or the log says which */
  GH_UNSUPPORTED = -2,   /* this side does not know it: the caller's default applies */
  GH_GONE = -3,          /* the exchange, instance or operation has ended */
  GH_WRONG_THREAD = -4,  /* called on a thread that the function does not allow */
  GH_LIMIT = -5,         /* a bound was reached */
  GH_NOT_FOUND = -6,     /* there is nothing of that name */
  GH_BUSY = -7,          /* nothing was taken; the documented wake-up follows */
  GH_TIMEOUT = -8,       /* a deadline passed */
  GH_DENIED = -9,        /* refused by the operator's rules, or by those of the protocol */
  GH_IO = -10,           /* the network or a file failed */
  GH_INCOMPATIBLE = -11, /* host and plugin speak different revisions */
  GH_INTERNAL = -12      /* a defect */
};

/* What a callback of a policy answers. The host takes an unknown value for GH_FAIL. */
typedef uint32_t gh_action;
enum {
  GH_CONTINUE = 0,  /* on to the next policy */
  GH_PAUSE = 1,     /* hold this direction; at least one operation of this exchange must be live.
                       One pause per policy and exchange at a time, a second is a fault */
  GH_RESPONDED = 2, /* respond() or respond_start() was called in this callback */
  GH_DONE = 3,      /* continue, and leave this policy out of the rest of the exchange */
  GH_FAIL = 4,      /* the plugin could not decide: the route fails closed, the fault is counted */
  GH_FINISH = 5     /* from resumed() outside a pause only: the response ends here by intent, which
                       is no fault. Its end is sent where its framing has one (chunked, or the end
                       of the connection), else it is cut; 503 where its head has not left */
};

typedef uint64_t gh_exchange;
typedef uint64_t gh_instance;
typedef uint64_t gh_operation;
typedef uint64_t gh_provider;
typedef uint64_t gh_buffer;

/* The direction of a message. */
enum { GH_REQUEST = 0, GH_RESPONSE = 1 };

/* A field of a message (RFC 9110 section 5), or a name with a value. */
typedef struct gh_field {
  gh_str name;
  gh_str value;
} gh_field;

/* Where variable output goes. write() copies; it may be called more than once; it answers GH_OK, or
 * GH_LIMIT when more came than the receiver takes, which the caller hands on. Valid for the call.
 */
typedef struct gh_sink {
  void *ctx;
  gh_status (*write)(void *ctx, gh_str bytes);
} gh_sink;

enum { GH_SEVERITY_ERROR = 1, GH_SEVERITY_WARNING = 2 };

/* Diagnostics of a configuration or a hook's input. json_pointer (RFC 6901) points into the
 * document that was passed; the host turns it into file:line:column. An empty suggestion: none. */
typedef struct gh_diagnostics {
  void *ctx;
  void (*report)(void *ctx, uint32_t severity, gh_str json_pointer, gh_str message,
                 gh_str suggestion);
} gh_diagnostics;

/* Levels of the log, in their order. */
enum { GH_LOG_DEBUG = 0, GH_LOG_INFO = 1, GH_LOG_WARNING = 2, GH_LOG_ERROR = 3 };

#ifdef __cplusplus
}
#endif
#endif
