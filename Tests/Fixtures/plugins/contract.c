/* A policy that asks its host everything that the contract decides, and answers with what it got:
 * one line "question status" for each. Run on every host there is, the lines must be the same. */
#define FIXTURE_OWN_TABLES
#define FIXTURE_OWN_ENTRY
#define FIXTURE_NAME "contract"
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static const gh_host_base *base;
static const gh_host_route *route;
static const gh_host_exchange *exchange;
static const gh_host_async *async;
static const gh_host_cache *cache;
static const gh_host_secrets *secrets;

typedef struct instance {
  gh_instance handle;
  uint32_t slot, absent, claim, note;
  char lines[8192];
  size_t length;
} instance;

static void say(instance *self, const char *question, long answer) {
  int count = snprintf(self->lines + self->length, sizeof self->lines - self->length, "%s %ld\n",
                       question, answer);
  if (count > 0 && (size_t)count < sizeof self->lines - self->length)
    self->length += (size_t)count;
}

static int is(gh_str bytes, const char *text) {
  return bytes.len == strlen(text) && memcmp(bytes.ptr, text, bytes.len) == 0;
}

static gh_status sink(void *ctx, gh_str bytes) {
  *(size_t *)ctx += bytes.len;
  return GH_OK;
}

/* ---- [control] -------------------------------------------------------------------------------- */

static gh_str schema(void *library, uint32_t index) {
  (void)library, (void)index;
  return TEXT("{\"type\":\"object\"}");
}

static void ask_route(instance *self) {
  uint32_t again = 99, unused = 0;
  say(self, "want a field", route->want_field(self->handle, 0, TEXT("X-Slot"), &self->slot));
  say(self, "want it again", route->want_field(self->handle, 0, TEXT("x-slot"), &again));
  say(self, "the slot is the same", again == self->slot);
  say(self, "want an absent one", route->want_field(self->handle, 0, TEXT("x-no"), &self->absent));
  say(self, "want of no direction", route->want_field(self->handle, 2, TEXT("x-a"), &unused));
  say(self, "want no name", route->want_field(self->handle, 0, TEXT(""), &unused));
  say(self, "claim a path", route->claim_path(self->handle, 0, TEXT("/claimed"), 0, &self->claim));
  say(self, "the claim has an id", self->claim != 0);
  say(self, "claim what is no path", route->claim_path(self->handle, 0, TEXT("x"), 0, &unused));
  say(self, "claim by no match", route->claim_path(self->handle, 7, TEXT("/x"), 0, &unused));
  say(self, "declare a note", route->declare_note(self->handle, TEXT("n"), 1, &self->note));
  size_t length = 0;
  gh_sink out = {&length, sink};
  say(self, "describe", route->describe(self->handle, &out));
  say(self, "the description is not empty", length > 2);
  say(self, "want for a stale instance", route->want_field(0x123456789, 0, TEXT("a"), &unused));
}

static gh_status create(void *library, uint32_t index, gh_instance self_handle, gh_str config_json,
                        uint32_t dry_run, const gh_diagnostics *diagnostics, void **out_instance) {
  (void)library, (void)index, (void)config_json, (void)dry_run, (void)diagnostics;
  instance *self = calloc(1, sizeof *self);
  if (self == NULL) return GH_LIMIT;
  self->handle = self_handle;
  ask_route(self);
  *out_instance = self;
  return GH_OK;
}

/* ---- [loop] ----------------------------------------------------------------------------------- */

static void ask_fields(instance *self, gh_exchange x) {
  gh_str value = {NULL, 0};
  gh_field all[16];
  uint32_t count = 0;
  say(self, "field", exchange->field(x, 0, TEXT("x-multi"), 0, &value));
  say(self, "its value", is(value, "one"));
  say(self, "second field", exchange->field(x, 0, TEXT("X-MULTI"), 1, &value));
  say(self, "its value", is(value, "two"));
  say(self, "third field", exchange->field(x, 0, TEXT("x-multi"), 2, &value));
  say(self, "absent field", exchange->field(x, 0, TEXT("x-none"), 0, &value));
  say(self, "field of no direction", exchange->field(x, 2, TEXT("x-multi"), 0, &value));
  say(self, "fields", exchange->fields(x, 0, all, 16, &count));
  say(self, "their count", count);
  say(self, "fields into too little", exchange->fields(x, 0, all, 1, &count));
  say(self, "the count even so", count);
  say(self, "fields of no direction", exchange->fields(x, 5, all, 16, &count));
}

static void ask_attributes(instance *self, gh_exchange x) {
  gh_str value = {NULL, 0};
  say(self, "method", exchange->attribute(x, GH_ATTR_METHOD, &value));
  say(self, "its value", is(value, "GET"));
  say(self, "target", exchange->attribute(x, GH_ATTR_TARGET, &value));
  say(self, "its value", is(value, "/contract?x=1"));
  say(self, "path", exchange->attribute(x, GH_ATTR_PATH, &value));
  say(self, "its value", is(value, "/contract"));
  say(self, "query", exchange->attribute(x, GH_ATTR_QUERY, &value));
  say(self, "its value", is(value, "x=1"));
  say(self, "authority", exchange->attribute(x, GH_ATTR_AUTHORITY, &value));
  say(self, "its value", is(value, "gateway.test"));
  say(self, "external base", exchange->attribute(x, GH_ATTR_EXTERNAL_BASE, &value));
  say(self, "no attribute", exchange->attribute(x, 0, &value));
  say(self, "unknown attribute", exchange->attribute(x, 999, &value));
}

static gh_status edit(gh_exchange x, uint32_t op, const char *name, const char *value) {
  gh_edit edit = {op, 0, {name, strlen(name)}, {value, strlen(value)}};
  uint32_t bad = 0;
  return exchange->edit(x, 0, &edit, 1, &bad);
}

static void ask_edits(instance *self, gh_exchange x) {
  gh_str value = {NULL, 0};
  uint32_t bad = 99;
  const gh_edit two[] = {{GH_EDIT_SET, 0, TEXT("x-first"), TEXT("1")},
                         {GH_EDIT_SET, 0, TEXT("bad name"), TEXT("2")}};
  say(self, "edit", edit(x, GH_EDIT_SET, "x-new", "new"));
  say(self, "add", edit(x, GH_EDIT_ADD, "x-new", "newer"));
  say(self, "remove", edit(x, GH_EDIT_REMOVE, "x-multi", ""));
  say(self, "edit by no operation", edit(x, 9, "x-new", ""));
  say(self, "edit of no name", edit(x, GH_EDIT_SET, "", "v"));
  say(self, "edit of a name in two words", edit(x, GH_EDIT_SET, "a b", "v"));
  say(self, "edit of a name with a colon", edit(x, GH_EDIT_SET, "a:b", "v"));
  say(self, "edit that splits", edit(x, GH_EDIT_SET, "x-new", "v\r\nx-evil: 1"));
  say(self, "edit of the length", edit(x, GH_EDIT_SET, "Content-Length", "1"));
  say(self, "edit of the coding", edit(x, GH_EDIT_SET, "transfer-encoding", "chunked"));
  say(self, "edit of the connection", edit(x, GH_EDIT_SET, "connection", "close"));
  say(self, "edit of the host", edit(x, GH_EDIT_SET, "Host", "other.test"));
  say(self, "edit of the query", edit(x, GH_EDIT_QUERY, "", "y=2"));
  say(self, "edit of the query to a fragment", edit(x, GH_EDIT_QUERY, "", "y#2"));
  say(self, "two edits, one bad", exchange->edit(x, 0, two, 2, &bad));
  say(self, "which", bad);
  say(self, "none was done", exchange->field(x, 0, TEXT("x-first"), 0, &value));
  say(self, "no edits", exchange->edit(x, 0, NULL, 0, &bad));
  say(self, "edit of no direction", exchange->edit(x, 2, two, 1, &bad));
  say(self, "edit of a response that is not there", exchange->edit(x, 1, two, 1, &bad));
}

static void ask_services(instance *self, gh_exchange x) {
  unsigned char random[16];
  gh_operation operation = 0;
  size_t length = 0;
  uint64_t left = 0;
  gh_sink out = {&length, sink};
  say(self, "random", base->random(self->handle, random, sizeof random));
  say(self, "the clock runs", base->monotonic_ns(self->handle) > 0);
  say(self, "it is past 2020", base->unix_ns(self->handle) > 1577836800000000000LL);
  say(self, "ready", base->ready(self->handle, 1, TEXT("")));
  say(self, "cache: absent", cache->get(self->handle, TEXT("k"), &out, &left));
  say(self, "cache: put", cache->put(self->handle, TEXT("k"), TEXT("value"), 60000));
  say(self, "cache: get", cache->get(self->handle, TEXT("k"), &out, &left));
  say(self, "its length", (long)length);
  say(self, "put if absent, present", cache->put_if_absent(self->handle, TEXT("k"), TEXT("v"), 9));
  say(self, "put if absent", cache->put_if_absent(self->handle, TEXT("m"), TEXT("v"), 60000));
  say(self, "unknown secret", secrets->read(self->handle, TEXT("nobody"), &out));
  say(self, "begin", async->begin(self->handle, x, 1, 1000, &operation));
  say(self, "cancel", async->cancel(operation));
  say(self, "cancel again", async->cancel(operation));
  say(self, "complete what is cancelled", async->complete(operation, GH_OK, TEXT("")));
  say(self, "complete nothing", async->complete(0, GH_OK, TEXT("")));
  say(self, "begin for a stale instance", async->begin(0x123456789, x, 1, 1000, &operation));
}

static void ask_the_rest(instance *self, gh_exchange x) {
  gh_str value = {NULL, 0};
  gh_field bad = {TEXT("bad name"), TEXT("v")};
  uint32_t unused = 0;
  say(self, "note", exchange->set_note(x, self->note, TEXT("text")));
  say(self, "note that is not declared", exchange->set_note(x, self->note + 7, TEXT("text")));
  say(self, "read a note", exchange->note(x, TEXT("contract/n"), &value));
  say(self, "its value", is(value, "text"));
  say(self, "read no note", exchange->note(x, TEXT("contract/m"), &value));
  say(self, "status of a request", exchange->set_status(x, 204));
  say(self, "read the body in no way", exchange->read_body(x, 0, 9, 0));
  say(self, "write without a start", exchange->respond_write(x, TEXT("x")));
  say(self, "finish without a start", exchange->respond_finish(x));
  say(self, "respond 99", exchange->respond(x, 99, NULL, 0, TEXT(""), TEXT("")));
  say(self, "respond 101", exchange->respond(x, 101, NULL, 0, TEXT(""), TEXT("")));
  say(self, "respond with a bad field", exchange->respond(x, 200, &bad, 1, TEXT(""), TEXT("")));
  say(self, "no exchange", exchange->attribute(0, GH_ATTR_METHOD, &value));
  say(self, "an invented one", exchange->attribute(0x7fffffff00000001, GH_ATTR_METHOD, &value));
  say(self, "a path claimed too late", route->claim_path(self->handle, 0, TEXT("/l"), 0, &unused));
}

static gh_action request_head(void *opaque, void *loop_state, gh_exchange x, const gh_head *head,
                              void **state) {
  (void)loop_state, (void)state;
  instance *self = opaque;
  say(self, "slots", head->slot_count);
  say(self, "the wanted field", is(head->slots[self->slot], "slot"));
  say(self, "it is repeated", head->repeated >> self->slot & 1);
  say(self, "the absent one", head->slots[self->absent].ptr == NULL);
  say(self, "no claim", head->claim);
  say(self, "no body", head->flags & 1);
  ask_fields(self, x);
  ask_attributes(self, x);
  ask_edits(self, x);
  ask_services(self, x);
  ask_the_rest(self, x);
  gh_str body = {self->lines, self->length};
  gh_status status = exchange->respond(x, 200, NULL, 0, body, TEXT("asked"));
  return status == GH_OK ? GH_RESPONDED : GH_FAIL;
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
  base = host->get_interface(host->ctx, GH_IFACE_HOST_BASE);
  route = host->get_interface(host->ctx, GH_IFACE_HOST_ROUTE);
  exchange = host->get_interface(host->ctx, GH_IFACE_HOST_EXCHANGE);
  async = host->get_interface(host->ctx, GH_IFACE_HOST_ASYNC);
  cache = host->get_interface(host->ctx, GH_IFACE_HOST_CACHE);
  secrets = host->get_interface(host->ctx, GH_IFACE_HOST_SECRETS);
  if (!base || !route || !exchange || !async || !cache || !secrets) return GH_INCOMPATIBLE;
  if (host->get_interface(host->ctx, "gatehouse.host.telepathy/0") != NULL) return GH_INTERNAL;
  library->plugin_count = 1;
  library->manifest = fixture_manifest;
  library->get_interface = fixture_interface;
  return GH_OK;
}
