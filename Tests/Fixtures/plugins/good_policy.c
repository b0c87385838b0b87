/* A policy that works. A request with "x-fixture: refuse" is answered with 403 and "refused";
 * every response gets "x-fixture-seen: yes". */
#define FIXTURE_OWN_TABLES
#define FIXTURE_OWN_ENTRY
#define FIXTURE_NAME "fixture-policy"
#include "fixture.h"

#include <stdlib.h>

static const gh_host_route *route;
static const gh_host_exchange *exchange;

typedef struct instance {
  uint32_t slot;
} instance;

static gh_str schema(void *library, uint32_t index) {
  (void)library, (void)index;
  return TEXT("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"note\":{\"type\":\"string\"}}}");
}

static gh_status create(void *library, uint32_t index, gh_instance self_handle, gh_str config_json,
                        uint32_t dry_run, const gh_diagnostics *diagnostics, void **out_instance) {
  (void)library, (void)index, (void)config_json, (void)dry_run, (void)diagnostics;
  instance *made = calloc(1, sizeof *made);
  if (made == NULL) return GH_LIMIT;
  gh_status status = route->want_field(self_handle, 0, TEXT("x-fixture"), &made->slot);
  if (status != GH_OK) {
    free(made);
    return status;
  }
  *out_instance = made;
  return GH_OK;
}

static gh_action request_head(void *opaque, void *loop_state, gh_exchange x, const gh_head *head,
                              void **state) {
  (void)loop_state, (void)state;
  const instance *self = opaque;
  if (self->slot >= head->slot_count) return GH_FAIL;
  gh_str value = head->slots[self->slot];
  if (value.ptr == NULL || value.len != 6 || memcmp(value.ptr, "refuse", 6) != 0)
    return GH_CONTINUE;
  gh_field type = {TEXT("content-type"), TEXT("text/plain")};
  gh_status status =
      exchange->respond(x, 403, &type, 1, TEXT("refused"), TEXT("x-fixture says refuse"));
  return status == GH_OK ? GH_RESPONDED : GH_FAIL;
}

static gh_action response_head(void *opaque, void *loop_state, gh_exchange x, const gh_head *head,
                               void **state) {
  (void)opaque, (void)loop_state, (void)head, (void)state;
  gh_edit seen = {0, 0, TEXT("x-fixture-seen"), TEXT("yes")};
  uint32_t bad = 0;
  return exchange->edit(x, 1, &seen, 1, &bad) == GH_OK ? GH_CONTINUE : GH_FAIL;
}

static const gh_plugin plugin_table = {.config_schema = schema, .create = create, .destroy = free};
static const gh_policy policy_table = {.request_head = request_head,
                                       .response_head = response_head};

static const void *fixture_interface(void *ctx, uint32_t index, const char *id) {
  (void)ctx, (void)index;
  if (strcmp(id, GH_IFACE_PLUGIN) == 0) return &plugin_table;
  if (strcmp(id, GH_IFACE_POLICY) == 0) return &policy_table;
  return NULL;
}

GH_EXPORT gh_status gatehouse_plugin_entry_v1(const gh_host *host, gh_library *library) {
  route = host->get_interface(host->ctx, GH_IFACE_HOST_ROUTE);
  exchange = host->get_interface(host->ctx, GH_IFACE_HOST_EXCHANGE);
  if (route == NULL || exchange == NULL) return GH_INCOMPATIBLE;
  library->plugin_count = 1;
  library->manifest = fixture_manifest;
  library->get_interface = fixture_interface;
  return GH_OK;
}
