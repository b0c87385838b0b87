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
/* Every member: [control], inside create() only (else GH_INVALID), also with dry_run; since 0. */
typedef struct gh_host_route {
  /* Asks for a field of the heads of a direction (GH_REQUEST, GH_RESPONSE), by its name in any
   * case: gh_head.slots[*out_slot] is its first value. The same name twice is the same slot.
   * GH_LIMIT: more than 32 in a direction. */
  gh_status (*want_field)(gh_instance self_handle, uint32_t direction,
                          gh_str name, uint32_t *out_slot);
  /* A further path of this route, on its hosts. Beats every configured match on the same host.
   * There the policies outside the claimer and the claimer run, those inside do not, and the
   * upstream is never reached: CONTINUE from the claimer is a 404. Two instances that claim one
   * host and path are a configuration error that names both routes; an explicit match of the same
   * route is the same thing. match is GH_MATCH_EXACT or GH_MATCH_PREFIX (whole segments). In
   * gh_head.claim the claimer sees *out_claim, from 1, the policies outside it UINT32_MAX.
   * GH_LIMIT: more than 128. */
  gh_status (*claim_path)(gh_instance self_handle, uint32_t match, gh_str path, uint32_t flags,
                          uint32_t *out_claim);
  /* Declares a note that set_note will set; later policies read it as "plugin/name". With
   * GH_NOTE_LOGGED it is a field of the access log. GH_LIMIT: more than 16. */
  gh_status (*declare_note)(gh_instance self_handle, gh_str name, uint32_t flags,
                            uint32_t *out_note);
  /* Writes the route as JSON: matches [{path: {exact | pathPrefix | regex}}], hosts, publicUrl
   * (absent where not configured), upstreams, siblings (how many other routes on the same hosts
   * have a policy of this name), policies [{name, orderClass}] in the chain's order. A route is
   * protected where one of them has the order class "authentication". Members may be added. */
  gh_status (*describe)(gh_instance self_handle, const gh_sink *json);
} gh_host_route;

#ifdef __cplusplus
}
#endif
#endif
