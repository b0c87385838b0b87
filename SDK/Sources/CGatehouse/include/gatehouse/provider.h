/* provider.h: identity-provider adapters: pure functions from JSON to JSON. */
#ifndef GATEHOUSE_PROVIDER_H
#define GATEHOUSE_PROVIDER_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A provider: pure functions, JSON in, JSON out. [any], concurrently. GH_UNSUPPORTED: the policy's
 * default for that hook applies. */
#define GH_IFACE_PROVIDER "gatehouse.provider/0"
typedef struct gh_provider_hooks {
  /* [any], concurrently, since 0. hook is "name/revision"; input_json is borrowed for the call;
   * output_json takes at most 256 KiB. GH_INVALID: the input is wrong, as was reported to
   * diagnostics, which may be NULL. Reads no clock, no file and no network; keeps nothing. */
  gh_status (*call)(void *instance, gh_str hook, gh_str input_json, const gh_sink *output_json,
                    const gh_diagnostics *diagnostics);
} gh_provider_hooks;

#ifdef __cplusplus
}
#endif
#endif
