/* hostile.c: a policy that does with its host what the field x-hostile says. Everything must be
 * refused with a status, or end this one exchange; never the gateway. What the host answered is in
 * the body of the response, unless the exchange ends before. */
#define FIXTURE_OWN_TABLES
#define FIXTURE_OWN_ENTRY
#define FIXTURE_NAME "hostile"
#include "fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const gh_host_route *route;
static const gh_host_exchange *exchange;
static const gh_host_async *async;

typedef struct {
  gh_instance handle;
  uint32_t slot;
} instance;

/* What was kept from an earlier exchange. */
static gh_exchange kept_exchange;
static gh_operation kept_operation;

static gh_str schema(void *library, uint32_t index) {
  (void)library, (void)index;
  return TEXT("{\"type\":\"object\"}");
}

static gh_status create(void *library, uint32_t index, gh_instance self_handle, gh_str config_json,
                        uint32_t dry_run, const gh_diagnostics *diagnostics, void **out_instance) {
  (void)library, (void)index, (void)config_json, (void)dry_run, (void)diagnostics;
  instance *made = calloc(1, sizeof *made);
  if (made == NULL) return GH_LIMIT;
  made->handle = self_handle;
  *out_instance = made;
  return route->want_field(self_handle, 0, TEXT("x-hostile"), &made->slot);
}

static int is(gh_str value, const char *text) {
  return value.len == strlen(text) && memcmp(value.ptr, text, value.len) == 0;
}

static gh_action answer(gh_exchange x, const char *name, int first, int second) {
  char text[200];
  int count = snprintf(text, sizeof text, "%s %d %d\n", name, first, second);
  gh_str body = {text, (size_t)count};
  return exchange->respond(x, 200, NULL, 0, body, TEXT("")) == GH_OK ? GH_RESPONDED : GH_FAIL;
}

static gh_status edit(gh_exchange x, gh_str name, gh_str value) {
  gh_edit edit = {GH_EDIT_SET, 0, name, value};
  return exchange->edit(x, 0, &edit, 1, NULL);
}

static gh_status respond_with(gh_exchange x, gh_str name, gh_str value, gh_str body) {
  gh_field field = {name, value};
  return exchange->respond(x, 200, &field, 1, body, TEXT(""));
}

typedef struct {
  gh_exchange x;
  gh_operation operation;
  int first, second;
} elsewhere;

static void *on_another_thread(void *opaque) {
  elsewhere *self = opaque;
  gh_str value = {NULL, 0};
  self->first = exchange->attribute(self->x, GH_ATTR_METHOD, &value);
  self->second = edit(self->x, TEXT("x-from"), TEXT("elsewhere"));
  return NULL;
}

static gh_action lengths(gh_exchange x) {
  gh_str huge = {"a", (size_t)1 << 30};
  gh_str none = {NULL, 5};
  return answer(x, "lengths", edit(x, TEXT("x-huge"), huge), edit(x, TEXT("x-none"), none));
}

static gh_action splitting(gh_exchange x) {
  return answer(x, "splitting", edit(x, TEXT("x-a"), TEXT("1\r\nX-Evil: 1")),
                respond_with(x, TEXT("x-a"), TEXT("1\r\n\r\nHTTP/1.1 200 OK\r\n"), TEXT("")));
}

static gh_action framing(gh_exchange x) {
  return answer(x, "framing", edit(x, TEXT("Content-Length"), TEXT("0")),
                respond_with(x, TEXT("Transfer-Encoding"), TEXT("chunked"), TEXT("")));
}

static gh_action stale(gh_exchange x) {
  gh_str value = {NULL, 0};
  gh_exchange old = kept_exchange;
  gh_operation operation = kept_operation;
  kept_exchange = x;
  return answer(x, "stale", exchange->attribute(old, GH_ATTR_METHOD, &value),
                async->complete(operation, GH_OK, TEXT("late")));
}

static gh_action threaded(gh_exchange x) {
  elsewhere other = {.x = x};
  pthread_t thread;
  if (pthread_create(&thread, NULL, on_another_thread, &other) != 0) return GH_FAIL;
  pthread_join(thread, NULL);
  return answer(x, "threaded", other.first, other.second);
}

static gh_action request_head(void *opaque, void *loop_state, gh_exchange x, const gh_head *head,
                              void **state) {
  (void)loop_state;
  instance *self = opaque;
  gh_str what = head->slots[self->slot];
  if (what.ptr == NULL) return GH_CONTINUE;
  if (is(what, "unknown action")) return (gh_action)77;
  if (is(what, "responded without")) return GH_RESPONDED;
  if (is(what, "pause without")) return GH_PAUSE;
  if (is(what, "fail")) return GH_FAIL;
  if (is(what, "wild state")) *state = (void *)0x1;
  if (is(what, "respond twice")) {
    gh_status first = exchange->respond(x, 201, NULL, 0, TEXT("one"), TEXT(""));
    gh_status second = exchange->respond(x, 202, NULL, 0, TEXT("two"), TEXT(""));
    return first == GH_OK && second != GH_OK ? GH_RESPONDED : GH_FAIL;
  }
  if (is(what, "huge body")) {
    gh_str body = {"a", (size_t)1 << 40};
    return answer(x, "huge body", exchange->respond(x, 200, NULL, 0, body, TEXT("")), 0);
  }
  if (is(what, "lengths")) return lengths(x);
  if (is(what, "splitting")) return splitting(x);
  if (is(what, "framing")) return framing(x);
  if (is(what, "stale")) return stale(x);
  if (is(what, "threaded")) return threaded(x);
  if (is(what, "keep and pause"))
    return async->begin(self->handle, x, 1, 300, &kept_operation) == GH_OK ? GH_PAUSE : GH_FAIL;
  return GH_CONTINUE;
}

static const gh_plugin plugin_table = {.config_schema = schema, .create = create, .destroy = free};
static const gh_policy policy_table = {.request_head = request_head};

static const void *fixture_interface(void *ctx, uint32_t index, const char *id) {
  (void)ctx, (void)index;
  if (strcmp(id, GH_IFACE_PLUGIN) == 0) return &plugin_table;
  if (strcmp(id, GH_IFACE_POLICY) == 0) return &policy_table;
  return NULL;
}

GH_EXPORT gh_status gatehouse_plugin_entry_v1(const gh_host *host, gh_library *library) {
  route = host->get_interface(host->ctx, GH_IFACE_HOST_ROUTE);
  exchange = host->get_interface(host->ctx, GH_IFACE_HOST_EXCHANGE);
  async = host->get_interface(host->ctx, GH_IFACE_HOST_ASYNC);
  if (route == NULL || exchange == NULL || async == NULL) return GH_INCOMPATIBLE;
  library->plugin_count = 1;
  library->manifest = fixture_manifest;
  library->get_interface = fixture_interface;
  return GH_OK;
}
