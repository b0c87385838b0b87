/* host_route.h: what an instance may ask of its route while it is created. */
#ifndef GATEHOUSE_HOST_ROUTE_H
#define GATEHOUSE_HOST_ROUTE_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GH_MATCH_EXACT = 0, GH_MATCH_PREFIX = 1 };

/* claim_path flags: none is defined yet. declare_note flags: */
enum { GH_NOTE_LOGGED = 1 };

#define GH_IFACE_HOST_ROUTE "gatehouse.host.route/0"
typedef struct gh_host_route { /* [control], inside create() only */
  gh_status (*want_field)(gh_instance self_handle, uint32_t direction /* 0 request 1 response */,
                          gh_str name, uint32_t *out_slot);
  /* A further path of this route, on its hosts. Beats every configured match on the same host.
   * There the policies outside the claimer and the claimer run, those inside do not, and the
   * upstream is never reached: CONTINUE from the claimer is a 404. Two instances that claim one
   * host and path are a configuration error that names both routes; an explicit match of the same
   * route is the same thing. */
  gh_status (*claim_path)(gh_instance self_handle, uint32_t match /* 0 exact 1 prefix */,
                          gh_str path, uint32_t flags, uint32_t *out_claim);
  gh_status (*declare_note)(gh_instance self_handle, gh_str name,
                            uint32_t flags /* 1: a field of the access log */, uint32_t *out_note);
  gh_status (*describe)(gh_instance self_handle,
                        const gh_sink *json); /* this route's matches, hosts, public URL, upstreams,
and siblings: how many routes on the same hosts have a policy of this name, policies: [{name,
orderClass}] in the chain's order */
} gh_host_route;

#ifdef __cplusplus
}
#endif
#endif
