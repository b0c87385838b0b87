/* A provider adapter in C: one file, nothing but the headers of the contract.
 *
 * The provider that it adapts publishes its metadata at a path of its own and takes no
 * registrations. The adapter says where the document is and what to tell clients that want to
 * register; for every other hook the policy's default applies.
 *
 *     cc -std=c11 -O2 -shared -fPIC -fvisibility=hidden -I SDK/Sources/CGatehouse/include \
 *        -o custom.so examples/custom-adapter-c/custom_adapter.c
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gatehouse/gatehouse.h"

/* ---- text --------------------------------------------------------------------------------- */

#define TEXT(literal) ((gh_str){(literal), sizeof(literal) - 1})

static bool equal(gh_str a, gh_str b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The end of the string whose opening quote is at `at`: the index behind its closing quote, or 0
 * when it has none. */
static size_t string_end(gh_str json, size_t at) {
  for (at += 1; at < json.len; at++) {
    if (json.ptr[at] == '\\') {
      at += 1;
    } else if (json.ptr[at] == '"') {
      return at + 1;
    }
  }
  return 0;
}

static size_t skip_space(gh_str json, size_t at) {
  while (at < json.len && strchr(" \t\r\n", json.ptr[at]) != NULL && json.ptr[at] != '\0') at++;
  return at;
}

/* The text of a string member of the outermost object, as it is written between its quotes; ptr is
 * NULL where there is none. The host hands over valid JSON; even so nothing is read beyond it. */
static gh_str string_member(gh_str json, gh_str name) {
  int depth = 0;
  for (size_t at = 0; at < json.len;) {
    char c = json.ptr[at];
    if (c == '{' || c == '[') depth++;
    if (c == '}' || c == ']') depth--;
    if (c != '"') {
      at++;
      continue;
    }
    size_t end = string_end(json, at);
    if (end == 0) break;
    gh_str key = {json.ptr + at + 1, end - at - 2};
    size_t colon = skip_space(json, end);
    at = end;
    if (depth != 1 || colon >= json.len || json.ptr[colon] != ':' || !equal(key, name)) continue;
    size_t value = skip_space(json, colon + 1);
    if (value >= json.len || json.ptr[value] != '"') break;
    end = string_end(json, value);
    if (end == 0) break;
    return (gh_str){json.ptr + value + 1, end - value - 2};
  }
  return (gh_str){NULL, 0};
}

/* Writes some texts one after the other; the first failure ends it. */
static gh_status write_all(const gh_sink *sink, const gh_str *parts, size_t count) {
  for (size_t at = 0; at < count; at++) {
    gh_status status = sink->write(sink->ctx, parts[at]);
    if (status != GH_OK) return status;
  }
  return GH_OK;
}

static gh_status refuse(const gh_diagnostics *diagnostics, gh_str pointer, gh_str message) {
  if (diagnostics != NULL && diagnostics->report != NULL) {
    diagnostics->report(diagnostics->ctx, GH_SEVERITY_ERROR, pointer, message, TEXT(""));
  }
  return GH_INVALID;
}

/* ---- the plugin --------------------------------------------------------------------------- */

/* An instance: the path of the metadata document below the issuer. */
typedef struct adapter {
  size_t length;
  char path[];
} adapter;

static gh_str config_schema(void *library, uint32_t index) {
  (void)library;
  (void)index;
  return TEXT(
      "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"type\":\"object\","
      "\"additionalProperties\":false,\"description\":\"An adapter in C.\",\"properties\":{"
      "\"documentPath\":{\"type\":\"string\",\"maxLength\":256,\"default\":\"/metadata.json\","
      "\"description\":\"Where the metadata document is, below the issuer.\"}}}");
}

static gh_status create(void *library, uint32_t index, gh_instance self_handle, gh_str config_json,
                        uint32_t dry_run, const gh_diagnostics *diagnostics, void **out_instance) {
  (void)library;
  (void)index;
  (void)self_handle;
  (void)dry_run;
  gh_str path = string_member(config_json, TEXT("documentPath"));
  if (path.ptr == NULL) path = TEXT("/metadata.json");
  if (path.len == 0 || path.ptr[0] != '/' || memchr(path.ptr, '\\', path.len) != NULL) {
    return refuse(diagnostics, TEXT("/documentPath"), TEXT("the path begins with a slash"));
  }
  adapter *made = malloc(sizeof *made + path.len);
  if (made == NULL) return GH_LIMIT;
  made->length = path.len;
  memcpy(made->path, path.ptr, path.len);
  *out_instance = made;
  return GH_OK;
}

static void destroy(void *instance) { free(instance); }

static const gh_plugin plugin_table = {
    .config_schema = config_schema,
    .create = create,
    .destroy = destroy,
};

/* ---- the hooks ---------------------------------------------------------------------------- */

static gh_status describe(const gh_sink *output) {
  gh_str parts[] = {
      TEXT("{\"delivery\":\"mediated\",\"emits_iss\":\"never\",\"registration\":\"none\"}")};
  return write_all(output, parts, 1);
}

static gh_status discover(const adapter *self, gh_str input, const gh_sink *output,
                          const gh_diagnostics *diagnostics) {
  gh_str issuer = string_member(input, TEXT("issuer"));
  if (issuer.ptr == NULL || memchr(issuer.ptr, '\\', issuer.len) != NULL) {
    return refuse(diagnostics, TEXT("/issuer"), TEXT("the issuer is no plain URL"));
  }
  while (issuer.len > 0 && issuer.ptr[issuer.len - 1] == '/') issuer.len--;
  gh_str parts[] = {TEXT("{\"merge\":\"first\",\"requests\":[{\"url\":\""), issuer,
                    {self->path, self->length}, TEXT("\"}]}")};
  return write_all(output, parts, sizeof parts / sizeof parts[0]);
}

static gh_status register_request(const gh_sink *output) {
  gh_str parts[] = {TEXT(
      "{\"error\":{\"error\":\"invalid_client_metadata\",\"error_description\":"
      "\"this provider registers no clients by itself; ask its operator for a client id\"}}")};
  return write_all(output, parts, 1);
}

/* [any] thread, concurrently: nothing here is ever changed after create(). */
static gh_status call(void *instance, gh_str hook, gh_str input_json, const gh_sink *output_json,
                      const gh_diagnostics *diagnostics) {
  if (equal(hook, TEXT("describe/0"))) return describe(output_json);
  if (equal(hook, TEXT("discover/0"))) {
    return discover(instance, input_json, output_json, diagnostics);
  }
  if (equal(hook, TEXT("register_request/0"))) return register_request(output_json);
  return GH_UNSUPPORTED;
}

static const gh_provider_hooks provider_table = {.call = call};

/* ---- the library -------------------------------------------------------------------------- */

/* Read from the file before any code of it runs. */
__attribute__((used, section(GH_DESCRIPTOR_SECTION))) static const gh_descriptor descriptor = {
    .magic = GH_DESCRIPTOR_MAGIC,
    .struct_size = sizeof(gh_descriptor),
    .abi_major = GH_ABI_MAJOR,
    .abi_minor_required = 0,
};

static gh_str manifest(void *ctx, uint32_t index) {
  (void)ctx;
  if (index != 0) return (gh_str){NULL, 0};
  return TEXT(
      "{\"id\":\"example.custom-adapter\",\"version\":\"0.1.0\",\"kind\":\"provider\","
      "\"name\":\"custom\",\"license\":\"Apache-2.0\",\"description\":\"An adapter in C.\","
      "\"hooks\":[\"describe/0\",\"discover/0\",\"register_request/0\"]}");
}

static const void *get_interface(void *ctx, uint32_t index, const char *id) {
  (void)ctx;
  if (index != 0) return NULL;
  if (strcmp(id, GH_IFACE_PLUGIN) == 0) return &plugin_table;
  if (strcmp(id, GH_IFACE_PROVIDER) == 0) return &provider_table;
  return NULL;
}

gh_status gatehouse_plugin_entry_v1(const gh_host *host, gh_library *library) {
  if (host == NULL || library == NULL) return GH_INVALID;
  if (library->struct_size < sizeof *library) return GH_INCOMPATIBLE;
  library->plugin_count = 1;
  library->manifest = manifest;
  library->get_interface = get_interface;
  return GH_OK;
}
