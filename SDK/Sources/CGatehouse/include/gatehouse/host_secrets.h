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
  gh_status (*read)(gh_instance self_handle, gh_str reference, const gh_sink *out); /* [any] */
} gh_host_secrets;

#ifdef __cplusplus
}
#endif
#endif
