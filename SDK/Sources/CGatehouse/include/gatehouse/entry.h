/* entry.h: the handshake: the one exported symbol, the library, the descriptor section. */
#ifndef GATEHOUSE_ENTRY_H
#define GATEHOUSE_ENTRY_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gh_host {
  uint32_t struct_size;
  uint32_t abi_minor; /* the highest that this host speaks */
  gh_str product;
  gh_str version;
  void *ctx;
  const void *(*get_interface)(void *ctx, const char *id); /* NULL when unknown */
} gh_host;

typedef struct gh_library {
  uint32_t struct_size; /* set by the host; everything behind it is zero */
  uint32_t abi_minor_required;
  uint32_t plugin_count; /* one library may offer several plugins */
  uint32_t reserved;
  void *ctx;
  gh_str (*manifest)(void *ctx, uint32_t index); /* JSON: id, version, kind, policy or provider
                                                    name, order class, requires[], license */
  const void *(*get_interface)(void *ctx, uint32_t index, const char *id);
  void (*shutdown)(void *ctx);
} gh_library;

/* A library that carries GH_DESCRIPTOR_SHARED_SWIFT uses the Swift runtime shipped with the gateway
 * (first-party plugins only). */
enum { GH_DESCRIPTOR_SHARED_SWIFT = 1 };
#define GH_DESCRIPTOR_SECTION ".gatehouse"
#define GH_DESCRIPTOR_MAGIC "GATEHSE"
#define GH_ABI_MAJOR 1
#define GH_ABI_MINOR 0

/* Read from the file without loading it, from the section ".gatehouse": scalars only, because that
 * is what every language can place there. Refuses by ABI and runtime before any code runs.
 * manifest() and config_schema() are asked in a spawned child first; what the copy in the gateway
 * answers must equal what the child's did. */
typedef struct gh_descriptor {
  char magic[8]; /* "GATEHSE" and a zero byte */
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor_required;
  uint32_t flags; /* 1: uses the shared Swift runtime shipped with the gateway (first-party) */
  uint8_t build_stamp[16];
} gh_descriptor;

/* The one exported symbol. [control], once for each copy loaded. No threads, no files, no network
 * in here. */
GH_EXPORT gh_status gatehouse_plugin_entry_v1(const gh_host *host, gh_library *library);

#ifdef __cplusplus
}
#endif
#endif
