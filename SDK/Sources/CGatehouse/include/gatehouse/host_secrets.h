/* host_secrets.h: secrets by reference. */
#ifndef GATEHOUSE_HOST_SECRETS_H
#define GATEHOUSE_HOST_SECRETS_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Secrets never stand in the configuration that a plugin receives: a property of format
 * "gatehouse-secret" holds a reference. Policies and backends may read what their own configuration
 * refers to; the table is denied to providers. */
#define GH_IFACE_HOST_SECRETS "gatehouse.host.secrets/0"
typedef struct gh_host_secrets {
  /* [any], since 0. Writes the secret to out; the plugin copies it, and does not log it. The value
   * may have changed since the last read (a file that was replaced). GH_DENIED: a reference that is
   * not of this instance's configuration, or a provider asks. GH_IO: the file cannot be read. */
  gh_status (*read)(gh_instance self_handle, gh_str reference, const gh_sink *out);
} gh_host_secrets;

#ifdef __cplusplus
}
#endif
#endif
