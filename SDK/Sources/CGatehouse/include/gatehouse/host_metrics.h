/* host_metrics.h: counters, gauges and histograms. */
#ifndef GATEHOUSE_HOST_METRICS_H
#define GATEHOUSE_HOST_METRICS_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GH_METRIC_COUNTER = 0, GH_METRIC_GAUGE = 1, GH_METRIC_HISTOGRAM = 2 };

#define GH_IFACE_HOST_METRICS "gatehouse.host.metrics/0"
typedef struct gh_host_metrics {
  gh_status (*define)(gh_instance self_handle, uint32_t kind, gh_str name, gh_str help,
                      const gh_str *labels, uint32_t count, uint64_t *out);
  gh_status (*series)(gh_instance self_handle, uint64_t metric, const gh_str *label_values,
                      uint64_t *out); /* [control], loop_started */
  void (*add)(gh_instance self_handle, uint64_t series,
              double value); /* [loop]: that loop's shard, no atomics */
} gh_host_metrics;

#ifdef __cplusplus
}
#endif
#endif
